//! A key that a request holds.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::OnceCell;
use tokio::time::sleep;

use super::gateway::Gateway;
use crate::fault::{Code, Fault};
use crate::idempotency::{Begun, Claim, Hash};
use crate::plan::Endpoint;

/// A key that a request holds. Dropped before its end, where nothing was changed, it makes the key free again.
pub(super) struct Hold {
    gateway: Rc<Gateway>,
    claim: Claim,
    keep: Duration,
    /// Whether it stands in the store that something may have been changed.
    sent: OnceCell<()>,
    ended: Cell<bool>,
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
        keep: Duration,
    ) -> Result<(Begun, Self), Fault> {
        // Made first: what was asked and not answered is let go, too.
        let hold = Self {
            gateway: Rc::clone(gateway),
            claim,
            keep,
            sent: OnceCell::new(),
            ended: Cell::new(false),
        };
        let begun = gateway.records().begin(&hold.claim, endpoint.deadline + MARGIN).await?;
        // Somebody else's is not ours to let go.
        hold.ended.set(begun != Begun::New);
        Ok((begun, hold))
    }

    /// The key.
    pub(super) fn key(&self) -> Hash {
        self.claim.key
    }

    /// To be awaited right before the first change is sent.
    ///
    /// # Errors
    /// 503 where the store is away, 409 where it took so long that somebody else holds the key: nothing may be sent.
    pub(super) async fn before_change(&self) -> Result<(), Fault> {
        let mark = || async {
            let ours = self.gateway.records().sent(&self.claim, self.keep).await?;
            if ours { Ok(()) } else { Err(overtaken()) }
        };
        self.sent.get_or_try_init(mark).await.copied()
    }

    /// Keeps a record for whoever asks for the key again. A store that is away is told in the log: that a change was sent
    /// is known to it, so that none is sent twice.
    pub(super) async fn finish(&self, record: Bytes) {
        self.ended.set(true);
        match self.gateway.records().finish(&self.claim, record, self.keep).await {
            Ok(true) => {}
            Ok(false) => tracing::warn!("a reply is not kept: its key is held by another request"),
            Err(fault) => tracing::warn!(?fault, "a reply could not be kept"),
        }
    }

    /// Makes the key free: nothing was changed.
    pub(super) async fn release(&self) {
        let released = self.gateway.records().release(&self.claim).await;
        self.ended.set(released.is_ok());
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if self.ended.get() {
            return;
        }
        let (gateway, claim) = (Rc::clone(&self.gateway), self.claim.clone());
        tokio::task::spawn_local(async move { let_go(&gateway, &claim).await });
    }
}

/// Tries a few times: the store may be away for a moment only.
async fn let_go(gateway: &Gateway, claim: &Claim) {
    for pause in PAUSES {
        sleep(*pause).await;
        match gateway.records().release(claim).await {
            Ok(()) => return,
            Err(fault) => tracing::warn!(?fault, "a key could not be made free"),
        }
    }
}

fn overtaken() -> Fault {
    Fault::new(Code::Conflict)
        .message("Another request with this key has begun meanwhile.")
        .cause("the lease of the key was over before something was changed")
}

/// What a request may take beyond its deadline: its last answer from the store.
const MARGIN: Duration = Duration::from_secs(10);

/// Before each try to make a key free.
const PAUSES: &[Duration] = &[Duration::ZERO, Duration::from_secs(1), Duration::from_secs(4)];
