//! What is kept, and until when it is good for what.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use bytes::Bytes;

use super::tags::{Tag, Tick};

/// What can be kept.
pub trait Payload: Send + Sync + Sized + 'static {
    /// Bytes that it holds in memory, all in all.
    fn weight(&self) -> usize;

    /// As other instances read it; nothing where it is for this process only.
    fn encode(&self) -> Option<Vec<u8>>;

    /// What [`Self::encode`] has written; nothing where it has not.
    fn decode(bytes: Bytes) -> Option<Self>;
}

/// How long an entry is good for what, from when it was made on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lives {
    /// To be served as it is.
    pub fresh: Duration,
    /// Beyond that: to be served while another one is fetched.
    pub stale: Duration,
    /// Beyond `fresh`: to be served where another one cannot be had.
    pub if_error: Duration,
    /// Beyond `fresh`: to ask its upstream whether it is still good.
    pub reuse: Duration,
}

/// What is kept.
#[derive(Debug)]
pub struct Entry<T> {
    /// What it is.
    pub payload: T,
    /// What it is revalidated by.
    pub tags: Box<[Tag]>,
    /// The moment before it was fetched.
    pub began: Tick,
    /// When it was made, on the clock that nobody sets back.
    pub made_at: Duration,
    /// How long it is good.
    pub lives: Lives,
    /// The last moment at which it was known that none of its tags was revalidated after it began.
    seen: AtomicU64,
}

impl<T> Entry<T> {
    /// An entry.
    pub fn new(payload: T, tags: Box<[Tag]>, began: Tick, made_at: Duration, lives: Lives) -> Self {
        Self { payload, tags, began, made_at, lives, seen: AtomicU64::new(began) }
    }

    /// How old it is.
    pub fn age(&self, now: Duration) -> Duration {
        now.saturating_sub(self.made_at)
    }

    /// How much longer it is served as it is.
    pub fn rest(&self, now: Duration) -> Duration {
        self.lives.fresh.saturating_sub(self.age(now))
    }
}

impl Lives {
    /// How long it is good for anything.
    pub fn all(&self) -> Duration {
        self.fresh.saturating_add(self.stale.max(self.if_error).max(self.reuse))
    }
}
