//! How what is asked of the cache is made: by one instance for all, where they share what is kept.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::spawn_local;
use tokio::time::{Instant, sleep};
use tracing::Instrument as _;

use super::Held;
use super::serve::{Ask, How, Made, Served};
use crate::cache::{Begun, Entry, Key, Lease, Look, Shared, Tick};
use crate::flight::Takeoff;
use crate::pipeline::gateway::Gateway;
use crate::store::Redis;

/// Something that is to be made, by nobody else in this process.
pub(super) struct Making {
    pub(super) gateway: Rc<Gateway>,
    pub(super) ask: Ask,
    /// None: whoever waited for it has something.
    pub(super) takeoff: Option<Takeoff<(Key, Tick), Served>>,
    /// The moment before it is made.
    pub(super) began: Tick,
    /// When one of its tags was revalidated last.
    pub(super) since: Tick,
    /// What there was.
    pub(super) old: Option<Arc<Entry<Held>>>,
}

/// What Redis has said of a key.
enum Others {
    /// An entry that is good.
    Kept(Arc<Entry<Held>>),
    /// It falls to this instance to make it: for all, with a lease, or for itself.
    Ours(Option<Lease>),
}

impl Making {
    /// Makes it, in a task of its own: whoever asked first may leave.
    pub(super) fn start<M, F>(mut self, make: M)
    where
        M: FnOnce(Option<Arc<Entry<Held>>>) -> F + 'static,
        F: Future<Output = Made> + 'static,
    {
        let keeps = Rc::clone(&self.ask.keeps);
        let making = async move {
            // It may have come while this one was about to begin.
            if let Look::Fresh(entry) = self.gateway.cache.entries.look(&self.ask.key) {
                return self.land(Served::kept(entry, How::Hit));
            }
            let lease = match self.others().await {
                Others::Kept(entry) => return self.land(Served::kept(entry, How::Hit)),
                Others::Ours(lease) => lease,
            };
            let making = make(self.old.clone());
            let made = match shared(&self.gateway).zip(lease.as_ref()) {
                Some(((shared, redis), lease)) => {
                    shared.hold(redis, &self.ask.key, lease, making).await
                }
                None => making.await,
            };
            let served = self.settle(made);
            self.land(served.clone());
            share(&self.gateway, &self.ask.key, &served, lease).await;
            drop(keeps);
        };
        spawn_local(making.in_current_span());
    }

    fn land(&mut self, served: Served) {
        if let Some(takeoff) = self.takeoff.take() {
            takeoff.land(served);
        }
    }

    /// Asks the other instances, and waits for one that is at it.
    async fn others(&mut self) -> Others {
        let gateway = Rc::clone(&self.gateway);
        let Some((shared, redis)) = shared(&gateway) else { return Others::Ours(None) };
        let (entries, key) = (&gateway.cache.entries, self.ask.key);
        let (until, mut pause) = (Instant::now() + self.ask.patience, FIRST_LOOK);
        loop {
            let (moments, wants_old) = ((self.began, self.since), self.old.is_none());
            match shared.begin(redis, entries, &key, moments, wants_old).await {
                Begun::Found(entry) => return Others::Kept(entry),
                Begun::Ours(lease, old) => {
                    self.had(old);
                    return Others::Ours(Some(lease));
                }
                Begun::Theirs(old) if Instant::now() < until => self.had(old),
                Begun::Theirs(_) => return Others::Ours(None),
                Begun::Away(lease) => return Others::Ours(lease),
            }
            sleep(pause).await;
            pause = LOOK.min(pause * 2);
            // Another request of this process may have had it made, and this one found itself at it.
            if let Look::Fresh(entry) = entries.look(&key) {
                return Others::Kept(entry);
            }
        }
    }

    /// What other instances have had; where it may still be served, nobody waits for another one.
    fn had(&mut self, old: Option<Arc<Entry<Held>>>) {
        let Some(old) = old.filter(|_| self.old.is_none()) else { return };
        self.old = Some(old);
        if let Look::Stale(entry) = self.gateway.cache.entries.look(&self.ask.key) {
            self.land(Served::kept(entry, How::Stale));
        }
    }

    /// What comes of what was made.
    fn settle(&self, made: Made) -> Served {
        let (cache, key) = (&self.gateway.cache, &self.ask.key);
        let Made { outcome, keep, is_error } = made;
        if is_error {
            // What has nothing to be excused by is asked for each time, and nobody reads when it has failed.
            if self.old.is_some() {
                cache.rests.fail(*key, self.gateway.clock.steady());
            }
            return match &self.old {
                Some(old) if cache.entries.excuses(old) => {
                    Served::kept(Arc::clone(old), How::Stale)
                }
                _ => Served { outcome, how: How::Bypass, entry: None },
            };
        }
        cache.rests.clear(key);
        let (Ok(payload), Some((lives, tags))) = (&outcome, keep) else {
            cache.entries.forget(key);
            return Served { outcome, how: How::Bypass, entry: None };
        };
        let now = self.gateway.clock.steady();
        let entry = Arc::new(Entry::new(payload.clone(), tags.into(), self.began, now, lives));
        let entry = cache.entries.keep(*key, &entry).then_some(entry);
        Served { outcome, how: How::Miss, entry }
    }
}

/// Tells the other instances; nobody waits for it.
async fn share(gateway: &Gateway, key: &Key, served: &Served, lease: Option<Lease>) {
    let (Some((shared, redis)), Some(lease)) = (shared(gateway), lease) else { return };
    match &served.entry {
        Some(entry) if served.how == How::Miss => {
            shared.keep(redis, &gateway.cache.entries, key, entry, lease).await;
        }
        _ => shared.release(redis, key, lease).await,
    }
}

fn shared(gateway: &Gateway) -> Option<(&Shared, &Redis)> {
    gateway.cache.shared.as_deref().zip(gateway.cache_redis.as_ref())
}

/// Until the first look at what another instance makes; between two twice as long each time, up to `LOOK`.
const FIRST_LOOK: Duration = Duration::from_millis(2);
const LOOK: Duration = Duration::from_millis(20);
