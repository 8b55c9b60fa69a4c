//! What a reply says of where it comes from.

use std::time::Duration;

use super::{Held, How, Served};
use crate::cache::Entry;

/// Where a reply comes from: `frontdesk-cache` and `age`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pipeline) struct Mark {
    /// The worst of all that it is made of: what was made now counts more than what is over, and that more than what is
    /// good.
    pub(in crate::pipeline) how: How,
    /// How old the oldest of it is.
    pub(in crate::pipeline) age: Duration,
    /// How much longer all of it is good.
    pub(in crate::pipeline) rest: Duration,
}

impl Mark {
    /// Of something that is served.
    pub(super) fn of(served: &Served, now: Duration) -> Self {
        let entry = served.entry.as_ref();
        Self {
            how: served.how,
            age: entry.map_or(Duration::ZERO, |entry| entry.age(now).saturating_add(before(entry))),
            rest: entry.map_or(Duration::ZERO, |entry| entry.rest(now)),
        }
    }

    /// Of two parts of one reply.
    pub(in crate::pipeline) fn and(self, other: Self) -> Self {
        Self {
            how: self.how.max(other.how),
            age: self.age.max(other.age),
            rest: self.rest.min(other.rest),
        }
    }
}

/// How old it was already when it was made.
fn before(entry: &Entry<Held>) -> Duration {
    match &entry.payload {
        Held::Reply(whole) => whole.age,
        _ => Duration::ZERO,
    }
}
