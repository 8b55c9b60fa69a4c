//! A key that a request holds.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::OnceCell;
use tokio::task::spawn_local;
use tokio::time::sleep;

use super::gateway::Gateway;
use crate::fault::{Code, Fault};
use crate::idempotency::{Begun, Claim};
use crate::plan::Endpoint;

/// A key that a request holds. Dropped before its end, where nothing was changed, it makes the key free again.
pub(super) struct Hold {
    gateway: Rc<Gateway>,
    claim: Claim,
    keep: Keep,
    /// Whether it stands in the store that something may have been changed.
    sent: OnceCell<()>,
    /// Whether it is known that nothing was.
    unchanged: Cell<bool>,
    ended: Cell<bool>,
}

/// What is kept under a key, and for how long.
#[derive(Clone, Copy)]
pub(super) enum Keep {
    /// The reply, once something may have been changed.
    Reply(Duration),
    /// That a delivery was answered with 2xx. There is no mark that a change was sent: a sender tries again until it gets
    /// a 2xx, and a delivery that a dying process has left half-way must be served then.
    Delivery(Duration),
}

impl Hold {
    /// Asks for a key. What is new is held by this request for as long as it may take; the endpoint's calls all start
    /// before its deadline.
    ///
    /// # Errors
    /// 503 where the store is away.
    pub(super) async fn begin(
        gateway: &Rc<Gateway>,
        endpoint: &Endpoint,
        claim: Claim,
        keep: Keep,
    ) -> Result<(Begun, Self), Fault> {
        // Made first: what was asked and not answered is let go, too.
        let hold = Self {
            gateway: Rc::clone(gateway),
            claim,
            keep,
            sent: OnceCell::new(),
            unchanged: Cell::new(false),
            ended: Cell::new(false),
        };
        let begun = gateway.records()?.begin(&hold.claim, endpoint.deadline + MARGIN).await?;
        // Somebody else's is not ours to let go.
        hold.ended.set(begun != Begun::New);
        Ok((begun, hold))
    }

    /// To be awaited right before the first change is sent.
    ///
    /// # Errors
    /// 503 where the store is away, 409 where it took so long that the key is no longer held: nothing may be sent.
    pub(super) async fn before_change(&self) -> Result<(), Fault> {
        let Keep::Reply(keep) = self.keep else { return Ok(()) };
        let mark = || async {
            let ours = self.gateway.records()?.sent(&self.claim, keep).await?;
            if ours { Ok(()) } else { Err(overtaken()) }
        };
        self.sent.get_or_try_init(mark).await.copied()
    }

    /// What the reply makes of the key: a record for whoever asks for it again, or it is free again. `changed` is `false`
    /// where nothing was sent that changes something, also where that was about to be.
    pub(super) async fn end(&self, changed: bool, status: u16, record: impl FnOnce() -> Bytes) {
        match self.keep {
            Keep::Reply(keep) if changed => self.finish(record(), keep).await,
            Keep::Delivery(keep) if (200..300).contains(&status) => {
                self.finish(Bytes::new(), keep).await;
            }
            _ => {
                self.unchanged.set(!changed);
                self.ended.set(released(&self.gateway, &self.claim).await);
            }
        }
    }

    /// Keeps a record. The reply does not wait for a store that is away: that a change
    /// was sent is known to it, so that none is sent twice.
    async fn finish(&self, record: Bytes, keep: Duration) {
        self.ended.set(true);
        let (gateway, claim) = (Rc::clone(&self.gateway), self.claim.clone());
        if !finished(&gateway, &claim, &record, keep).await {
            spawn_local(async move {
                for pause in PAUSES {
                    sleep(*pause).await;
                    if finished(&gateway, &claim, &record, keep).await {
                        break;
                    }
                }
            });
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        // After a change, as when a task panics, how it has ended is not known: the key is not free.
        let unknown = self.sent.initialized() && !self.unchanged.get();
        if self.ended.get() || unknown {
            return;
        }
        let (gateway, claim) = (Rc::clone(&self.gateway), self.claim.clone());
        spawn_local(async move {
            for pause in [Duration::ZERO].iter().chain(PAUSES) {
                sleep(*pause).await;
                if released(&gateway, &claim).await {
                    break;
                }
            }
        });
    }
}

async fn finished(gateway: &Gateway, claim: &Claim, record: &Bytes, keep: Duration) -> bool {
    let finish = async { gateway.records()?.finish(claim, record.clone(), keep).await };
    let finished = finish.await;
    match &finished {
        Ok(true) => {}
        Ok(false) => tracing::warn!("a reply is not kept: another request holds its key"),
        Err(fault) => tracing::warn!(?fault, "a reply could not be kept"),
    }
    finished.is_ok()
}

async fn released(gateway: &Gateway, claim: &Claim) -> bool {
    let release = async { gateway.records()?.release(claim).await };
    let released = release.await;
    if let Err(fault) = &released {
        tracing::warn!(?fault, "a key could not be made free; it is when its lease ends");
    }
    released.is_ok()
}

fn overtaken() -> Fault {
    Fault::new(Code::Conflict)
        .message("The request took too long under its key. It has changed nothing.")
        .retry_after(Duration::from_secs(1))
        .cause("the lease of the key was over before something was changed")
}

/// What a request may take beyond its deadline: its last answer from the store.
const MARGIN: Duration = Duration::from_secs(10);

/// Before each further try: the store may be away for a moment only.
const PAUSES: &[Duration] = &[Duration::from_secs(1), Duration::from_secs(4)];
