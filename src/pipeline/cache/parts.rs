//! What a reply is made of, as far as keeping it goes.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Mark;
use crate::cache::Tag;

/// What the calls of one request say of the whole reply. Each call that was sent, or served from what is kept, adds to it.
#[derive(Debug)]
pub(in crate::pipeline) struct Parts {
    /// Of the calls that have a cache; none where no such call was needed.
    pub(in crate::pipeline) mark: Option<Mark>,
    /// The tags of these.
    pub(in crate::pipeline) tags: BTreeSet<Tag>,
    /// The shortest time for which an answer is good: of calls with a cache the rest of their entry, of others what their
    /// upstream's `Cache-Control` says. For `ttl = "upstream"` of the reply.
    pub(in crate::pipeline) rest: Duration,
    /// How old the oldest answer was when it was taken, as far as their upstreams are asked. For `ttl = "upstream"`, too.
    pub(in crate::pipeline) age: Duration,
    /// An answer is only for whoever has asked for it, and so is the reply.
    pub(in crate::pipeline) is_for_one: bool,
}

impl Parts {
    /// Adds a call that has a cache.
    pub(in crate::pipeline) fn add(&mut self, mark: Mark, tags: &[Tag]) {
        self.mark = Some(self.mark.map_or(mark, |own| own.and(mark)));
        self.tags.extend(tags);
        self.rest = self.rest.min(mark.rest);
        self.age = self.age.max(mark.age);
    }

    /// The tags of the calls, and the reply's own.
    pub(in crate::pipeline) fn tagged_with(&self, own: Vec<Tag>) -> Vec<Tag> {
        own.into_iter().chain(self.tags.iter().copied()).collect()
    }
}

impl Default for Parts {
    fn default() -> Self {
        Self {
            mark: None,
            tags: BTreeSet::new(),
            rest: Duration::MAX,
            age: Duration::ZERO,
            is_for_one: false,
        }
    }
}
