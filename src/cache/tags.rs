//! When which tag was revalidated.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use aws_lc_rs::digest::{SHA256, digest};
use foldhash::fast::RandomState;

/// A tag: the first half of the SHA-256 of its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tag(pub [u8; 16]);

/// A moment between two revalidations in this process.
pub type Tick = u64;

/// When which tag was revalidated last.
#[derive(Default)]
pub struct Tags {
    /// The last revalidation of all.
    now: AtomicU64,
    /// What began before this is gone, whatever its tags.
    floor: AtomicU64,
    last: RwLock<HashMap<Tag, Tick, RandomState>>,
}

impl Tag {
    /// The tag of a text.
    pub fn of(text: &str) -> Self {
        let mut half = [0; 16];
        half.copy_from_slice(&digest(&SHA256, text.as_bytes()).as_ref()[..16]);
        Self(half)
    }
}

impl Tags {
    /// The moment that it is now: to be asked before anything is fetched.
    pub fn now(&self) -> Tick {
        self.now.load(Ordering::Acquire)
    }

    /// When one of these was revalidated last; 0 for never.
    pub fn last_of(&self, tags: &[Tag]) -> Tick {
        let last = self.last.read().unwrap_or_else(PoisonError::into_inner);
        let ticks = tags.iter().filter_map(|tag| last.get(tag).copied());
        ticks.max().unwrap_or(0).max(self.floor.load(Ordering::Acquire))
    }

    /// Makes all that began before, and has one of these tags, be gone.
    pub fn revalidate(&self, tags: &[Tag]) {
        let mut last = self.last.write().unwrap_or_else(PoisonError::into_inner);
        let now = self.now.load(Ordering::Acquire) + 1;
        last.extend(tags.iter().map(|tag| (*tag, now)));
        self.now.store(now, Ordering::Release);
    }

    /// Makes all that began before be gone.
    pub fn revalidate_all(&self) {
        let mut last = self.last.write().unwrap_or_else(PoisonError::into_inner);
        let now = self.now.load(Ordering::Acquire) + 1;
        last.clear();
        self.floor.store(now, Ordering::Release);
        self.now.store(now, Ordering::Release);
    }
}
