//! What is kept of calls' answers and of whole replies, and how it is made once for all who ask.

pub(super) mod freshness;
mod held;
mod making;
mod mark;
mod parts;
mod record;
mod reply;
mod scope;
mod serve;
pub(super) mod validators;
mod variants;

use std::sync::Arc;

pub(super) use held::{Held, Whole};
pub(super) use mark::Mark;
pub(super) use parts::Parts;
pub(super) use reply::{Found, reply};
pub(super) use scope::scope;
pub(super) use serve::{Ask, How, Made, Served, excused, serve};
pub(super) use variants::Variants;

use crate::cache::{Announced, Entries, Key, Shared, Tag, Tick};
use crate::clock::Clock;
use crate::flight::{Flights, Rests};
use crate::plan::{Place, Plan};
use crate::store::Redis;

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
        let entries = Entries::new(plan.cache.max_size, Arc::clone(clock));
        if target.is_some() {
            // Until it is heard what others revalidate.
            entries.cap(plan.cache.away_ttl);
        }
        Self {
            entries,
            shared: target.map(|target| {
                Arc::new(Shared::new(target, plan.cache.away_ttl, plan.cache.max_shared))
            }),
            flights: Arc::default(),
            rests: Rests::default(),
        }
    }

    /// Makes all that has one of these tags be gone, here and on all instances that can be reached.
    pub async fn revalidate(&self, redis: Option<&Redis>, tags: &[Tag]) -> Announced {
        match (&self.shared, redis) {
            (Some(shared), Some(redis)) => shared.announce(redis, &self.entries.tags, tags).await,
            _ => {
                self.entries.tags.revalidate(tags);
                Announced { instances: 1, is_pending: false }
            }
        }
    }

    /// Hears what other instances revalidate, for as long as it is polled; ends where there are none.
    pub async fn follow(&self) {
        if let Some(shared) = &self.shared {
            shared.run(&self.entries).await;
        }
    }

    /// Whether what other instances revalidate should be heard, and is not.
    pub fn is_away(&self) -> bool {
        self.shared.as_ref().is_some_and(|shared| !shared.is_here())
    }
}
