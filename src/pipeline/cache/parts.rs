//! What a reply is made of, as far as keeping it goes.

use std::time::Duration;

use super::Mark;
use crate::cache::Tag;

/// What the calls of one request say of the whole reply. Each call that was sent, or served from what is kept, adds to it.
#[derive(Debug)]
pub(in crate::pipeline) struct Parts {
    /// Of the calls that have a cache; none where no such call was needed.
    pub(in crate::pipeline) mark: Option<Mark>,
    /// The tags of these.
    pub(in crate::pipeline) tags: Vec<Tag>,
    /// The shortest time for which an answer is good: of calls with a cache the rest of their entry, of others what their
    /// upstream's `Cache-Control` says. For `ttl = "upstream"` of the reply.
    pub(in crate::pipeline) rest: Duration,
    /// An answer is only for whoever has asked for it, and so is the reply.
    pub(in crate::pipeline) is_for_one: bool,
}

impl Parts {
    /// Adds a call that has a cache.
    pub(in crate::pipeline) fn add(&mut self, mark: Mark, tags: &[Tag]) {
        self.mark = Some(self.mark.map_or(mark, |own| own.and(mark)));
        self.tags.extend_from_slice(tags);
        self.rest = self.rest.min(mark.rest);
    }
}

impl Default for Parts {
    fn default() -> Self {
        Self { mark: None, tags: Vec::new(), rest: Duration::MAX, is_for_one: false }
    }
}
