//! Who alone may do something to a session, where one process has them all.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::row::{Entry, Hash};
use super::timed::Timed;

/// Leases by session.
#[derive(Default)]
pub(super) struct Leases(Mutex<Timed<Entry, Hash>>);

impl Leases {
    /// Whether this owner has it until then: nobody else does.
    pub(super) fn take(&self, entry: Entry, owner: Hash, until: Duration, now: Duration) -> bool {
        self.with(|leases| {
            let free = leases.get(&entry, now).is_none();
            if free {
                leases.put(entry, owner, until, now);
            }
            free
        })
    }

    /// Gives it back, if it is this owner's.
    pub(super) fn release(&self, entry: Entry, owner: Hash) {
        self.with(|leases| {
            if leases.get(&entry, Duration::ZERO) == Some(&owner) {
                leases.remove(&entry);
            }
        });
    }

    fn with<T>(&self, run: impl FnOnce(&mut Timed<Entry, Hash>) -> T) -> T {
        run(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
