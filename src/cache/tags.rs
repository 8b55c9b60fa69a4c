//! When which tag was revalidated.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use aws_lc_rs::digest::{SHA256, digest};
use foldhash::fast::RandomState;

/// A tag: the first half of the SHA-256 of its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(pub [u8; 16]);

/// A moment between two revalidations in this process.
pub type Tick = u64;

/// When which tag was revalidated last.
///
/// A revalidation is noted first, and `now` moves on after that, both under the lock. So whoever reads `now` and then what is
/// noted, in this order, misses nothing up to that `now`; and as long as `now` stays the same, nothing has been revalidated,
/// and no lock is needed to know it.
pub struct Tags {
    /// The last revalidation of all.
    now: AtomicU64,
    /// What began before this is gone, whatever its tags.
    all: AtomicU64,
    /// What began before this, and has any tag, is gone: when its tag was revalidated may not be known any more.
    forgotten: AtomicU64,
    last: RwLock<HashMap<Tag, Tick, RandomState>>,
    /// So many are remembered.
    room: usize,
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
    /// Nothing was revalidated yet. Of so many tags it is known for sure when they were revalidated, some 50 bytes each; of
    /// more than that, what is older is taken for gone.
    pub fn new(room: usize) -> Self {
        Self {
            now: AtomicU64::default(),
            all: AtomicU64::default(),
            forgotten: AtomicU64::default(),
            last: RwLock::default(),
            room,
        }
    }

    /// The moment that it is now: to be asked before anything is fetched.
    pub fn now(&self) -> Tick {
        self.now.load(Ordering::Acquire)
    }

    /// When one of these was revalidated last; 0 for never. Never earlier than it was, later where it is not known.
    pub fn last_of(&self, tags: &[Tag]) -> Tick {
        let all = || self.all.load(Ordering::Acquire);
        if tags.is_empty() {
            return all();
        }
        let last = self.last.read().unwrap_or_else(PoisonError::into_inner);
        let ticks = tags.iter().filter_map(|tag| last.get(tag).copied());
        // Under the lock, too: what is forgotten moves on before anything is taken out.
        ticks.max().unwrap_or(0).max(self.forgotten.load(Ordering::Acquire)).max(all())
    }

    /// Makes all that began before, and has one of these tags, be gone for every look from when this returns on. The moment
    /// that it is then.
    pub fn revalidate(&self, tags: &[Tag]) -> Tick {
        let mut last = self.last.write().unwrap_or_else(PoisonError::into_inner);
        let now = self.now.load(Ordering::Acquire) + 1;
        last.extend(tags.iter().map(|tag| (*tag, now)));
        if last.len() > self.room {
            self.forget(&mut last);
        }
        self.now.store(now, Ordering::Release);
        now
    }

    /// Makes all that began before be gone.
    pub fn revalidate_all(&self) -> Tick {
        let mut last = self.last.write().unwrap_or_else(PoisonError::into_inner);
        let now = self.now.load(Ordering::Acquire) + 1;
        self.all.store(now, Ordering::Release);
        last.clear();
        self.now.store(now, Ordering::Release);
        now
    }

    /// Forgets the older half, so that each revalidation pays for a few only.
    fn forget(&self, last: &mut HashMap<Tag, Tick, RandomState>) {
        let mut ticks: Vec<Tick> = last.values().copied().collect();
        let middle = ticks.len() / 2;
        let (_, median, _) = ticks.select_nth_unstable(middle);
        self.forgotten.store(*median, Ordering::Release);
        last.retain(|_, tick| *tick > *median);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.last.read().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl Default for Tags {
    fn default() -> Self {
        Self::new(ROOM)
    }
}

/// 3 to 5 MB.
const ROOM: usize = 100_000;
