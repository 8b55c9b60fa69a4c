//! What is kept, and until when it is good for what.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;

use super::tags::{Tag, Tags, Tick};

/// What can be kept.
pub trait Payload: Send + Sync + Sized + 'static {
    /// Bytes that it holds on the heap, all in all. Asked when it is kept, and when it has grown.
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
    /// Bytes that it held when it was weighed last.
    pub(super) weight: AtomicU32,
}

impl<T> Entry<T> {
    /// An entry.
    pub fn new(payload: T, tags: Box<[Tag]>, began: Tick, made_at: Duration, lives: Lives) -> Self {
        let (seen, weight) = (AtomicU64::new(began), AtomicU32::new(0));
        Self { payload, tags, began, made_at, lives, seen, weight }
    }

    /// Whether one of its tags was revalidated after it began. Nothing is asked under a lock where no tag at all was
    /// revalidated since the last look.
    pub fn is_gone(&self, tags: &Tags) -> bool {
        // Before what is noted is looked at: see `Tags`. Whoever stores an older moment than another makes a look more only.
        let now = tags.now();
        if self.seen.load(Ordering::Relaxed) == now {
            return false;
        }
        if tags.last_of(&self.tags) > self.began {
            return true;
        }
        self.seen.store(now, Ordering::Relaxed);
        false
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
