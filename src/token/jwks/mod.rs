//! The published keys of one issuer: fetched when first needed, kept, fetched again.
//!
//! - Nothing is fetched at start: a provider that is down does not hold it up.
//! - One fetch at a time; who needs its result waits for it, others go on with the old keys.
//! - A `kid` that is not in the set is worth one fetch per cool-down, however many tokens name one.
//! - A fetch that fails leaves the old keys, for as long as the provider is down.
//! - Keys older than two refreshes were not asked for in that time; then it is waited for the new ones first, so that a
//!   key that was withdrawn meanwhile does not count once more.

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tokio::sync::watch;

use super::fetch::Fetch;
use super::issuer::Algorithm;
use super::keys::{Found, KeySet};
use super::rejection::Rejection;
use crate::clock::Clock;

pub(super) struct Jwks {
    pub(super) tokens: Arc<str>,
    pub(super) url: String,
    pub(super) accepted: Vec<Algorithm>,
    pub(super) refresh: Duration,
    pub(super) cooldown: Duration,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) fetch: Arc<dyn Fetch>,
    pub(super) current: ArcSwapOption<Published>,
    pub(super) tries: Mutex<Tries>,
}

/// A key set as it was fetched.
pub(super) struct Published {
    pub(super) keys: KeySet,
    /// Counts the sets of this issuer, so that what one has verified ends with it.
    pub(super) generation: u64,
    fetched_at: Duration,
}

#[derive(Default)]
pub(super) struct Tries {
    /// Open while a fetch is on its way.
    flight: Option<watch::Receiver<()>>,
    failed: Option<(Duration, String)>,
    /// When it was last fetched for a `kid` that was not there.
    missed_at: Option<Duration>,
}

enum Age {
    Fresh,
    Due,
    Overdue,
}

impl Jwks {
    /// The set to look for `id` in: the present one, or a newer one if it does not have it.
    pub(super) async fn set_for(
        self: &Arc<Self>,
        id: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<Arc<Published>, Rejection> {
        let before = self.generation();
        let set = self.set().await?;
        if !matches!(set.keys.find(id, algorithm), Found::Unknown) {
            return Ok(set);
        }
        match self.refetch(set.generation, before != Some(set.generation)) {
            None => Ok(set),
            Some(flight) => {
                landed(flight).await;
                Ok(self.current.load_full().unwrap_or(set))
            }
        }
    }

    /// Whether what this generation of keys has verified still counts.
    pub(super) fn still(self: &Arc<Self>, generation: u64) -> bool {
        match &*self.current.load() {
            Some(set) if set.generation == generation => match self.age(set) {
                Age::Fresh => true,
                Age::Due => {
                    self.launch(Some(generation));
                    true
                }
                Age::Overdue => self.launch(Some(generation)).is_none(),
            },
            _ => false,
        }
    }

    async fn set(self: &Arc<Self>) -> Result<Arc<Published>, Rejection> {
        let set = self.current.load_full();
        let generation = set.as_ref().map(|set| set.generation);
        let wait = match set.as_ref().map(|set| self.age(set)) {
            Some(Age::Fresh) => false,
            Some(Age::Due) => {
                self.launch(generation);
                false
            }
            Some(Age::Overdue) | None => true,
        };
        if wait && let Some(flight) = self.launch(generation) {
            landed(flight).await;
        }
        self.current.load_full().ok_or_else(|| self.no_keys())
    }

    fn age(&self, set: &Published) -> Age {
        match since(set.fetched_at, self.clock.now()) {
            age if age < self.refresh => Age::Fresh,
            age if age < self.refresh.saturating_mul(2) => Age::Due,
            _ => Age::Overdue,
        }
    }

    /// Fetches because the keys are old or not there; `None` if that was done meanwhile, or has just failed.
    fn launch(self: &Arc<Self>, seen: Option<u64>) -> Option<watch::Receiver<()>> {
        let mut tries = self.tries();
        if let Some(flight) = tries.under_way() {
            return Some(flight);
        }
        let now = self.clock.now();
        let pause = self.pause();
        let resting = tries.failed.as_ref().is_some_and(|(at, _)| since(*at, now) < pause);
        (self.generation() == seen && !resting).then(|| self.take_off(&mut tries))
    }

    /// Fetches because a `kid` is not there; `None` if that is not allowed yet, or was done (`just_fetched`).
    fn refetch(self: &Arc<Self>, seen: u64, just_fetched: bool) -> Option<watch::Receiver<()>> {
        let mut tries = self.tries();
        if let Some(flight) = tries.under_way() {
            return Some(flight);
        }
        let now = self.clock.now();
        let resting = tries.missed_at.is_some_and(|at| since(at, now) < self.cooldown);
        if resting || self.generation() != Some(seen) {
            return None;
        }
        tries.missed_at = Some(now);
        (!just_fetched).then(|| self.take_off(&mut tries))
    }

    /// In a task of its own, so that a request that is given up does not take the fetch with it.
    fn take_off(self: &Arc<Self>, tries: &mut Tries) -> watch::Receiver<()> {
        let (done, flight) = watch::channel(());
        tries.flight = Some(flight.clone());
        let jwks = Arc::clone(self);
        tokio::spawn(async move {
            jwks.fly().await;
            drop(done);
        });
        flight
    }

    async fn fly(&self) {
        let started_at = self.clock.now();
        let body = self.fetch.fetch(&self.url).await;
        let keys = body.and_then(|body| KeySet::from_jwks(&body, &self.accepted).map_err(refused));
        let mut tries = self.tries();
        match keys {
            Ok(keys) => {
                let generation = self.generation().map_or(0, |generation| generation + 1);
                let set = Published { keys, generation, fetched_at: started_at };
                self.current.store(Some(Arc::new(set)));
                tries.failed = None;
            }
            Err(cause) => {
                tracing::warn!(tokens = &*self.tokens, cause, "keys could not be fetched");
                tries.failed = Some((self.clock.now(), cause));
            }
        }
    }

    fn no_keys(&self) -> Rejection {
        let failed = self.tries().failed.clone();
        let cause = failed.map_or_else(|| "the fetch was given up".into(), |(_, cause)| cause);
        Rejection::NoKeys { tokens: self.tokens.clone(), cause, retry_after: self.pause() }
    }

    /// Between two tries while the provider is down: short while there is nothing to go on with.
    fn pause(&self) -> Duration {
        match self.generation() {
            Some(_) => self.cooldown,
            None => self.cooldown.min(Duration::from_secs(5)),
        }
    }

    fn generation(&self) -> Option<u64> {
        self.current.load().as_ref().map(|set| set.generation)
    }

    fn tries(&self) -> MutexGuard<'_, Tries> {
        self.tries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tries {
    fn under_way(&self) -> Option<watch::Receiver<()>> {
        self.flight.clone().filter(|flight| flight.has_changed().is_ok())
    }
}

/// Waits until a fetch has ended, or has been given up with the worker that it ran on.
async fn landed(mut flight: watch::Receiver<()>) {
    while flight.changed().await.is_ok() {}
}

/// A clock that was set back has waited long enough.
fn since(then: Duration, now: Duration) -> Duration {
    now.checked_sub(then).unwrap_or(Duration::MAX)
}

fn refused(cause: &'static str) -> String {
    format!("not a key set: {cause}")
}
