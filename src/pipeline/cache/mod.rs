//! What is kept of calls' answers and of whole replies, and how it is made once for all who ask.

mod held;
mod mark;
mod parts;
mod reply;
mod scope;
mod serve;
mod variants;

use std::sync::Arc;

pub(super) use held::{Held, Whole};
pub(super) use mark::Mark;
pub(super) use parts::Parts;
pub(super) use reply::{Found, reply};
pub(super) use scope::scope;
pub(super) use serve::{How, Served};
pub(super) use variants::Variants;

use crate::cache::{Entries, Key, Shared, Tick};
use crate::clock::Clock;
use crate::flight::{Flights, Rests};
use crate::plan::{Place, Plan};

/// What is kept, and what is being fetched. One serves all workers.
pub struct Kept {
    pub(super) entries: Entries<Held>,
    /// What Redis is for, where the plan says so.
    pub shared: Option<Arc<Shared>>,
    flights: Arc<Flights<(Key, Tick), Served>>,
    /// Entries that could not be refreshed.
    rests: Rests<Key>,
}

impl Kept {
    /// Nothing yet.
    pub(super) fn new(plan: &Plan, clock: &Arc<dyn Clock>) -> Self {
        let target = plan.stores.redis.clone().filter(|_| plan.stores.cache == Place::Redis);
        Self {
            entries: Entries::new(plan.cache.max_size, Arc::clone(clock)),
            shared: target.map(|target| Arc::new(Shared::new(target, plan.cache.away_ttl))),
            flights: Arc::default(),
            rests: Rests::default(),
        }
    }
}
