//! The entries of this process.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use moka::Expiry;
use moka::sync::Cache;

use super::entry::{Entry, Payload};
use super::key::Key;
use super::tags::{Tag, Tags};
use crate::clock::Clock;

/// The entries of this process. One serves all workers.
pub struct Entries<T: Payload> {
    entries: Cache<Key, Arc<Entry<T>>>,
    /// When which tag was revalidated.
    pub tags: Tags,
    /// Nanoseconds that what is served may be old, however long it lives.
    cap: AtomicU64,
    clock: Arc<dyn Clock>,
}

/// What there is for a key.
pub enum Look<T> {
    /// To be served as it is.
    Fresh(Arc<Entry<T>>),
    /// To be served, and another one is to be fetched.
    Stale(Arc<Entry<T>>),
    /// To be served only where another one cannot be had ([`Entries::excuses`]), and to ask whether it is still good.
    Old(Arc<Entry<T>>),
    /// Nothing.
    Nothing,
}

impl<T: Payload> Entries<T> {
    /// None, and at most `max_size` bytes of them.
    pub fn new(max_size: usize, clock: Arc<dyn Clock>) -> Self {
        let entries = Cache::builder()
            .max_capacity(max_size as u64)
            .weigher(|_, entry: &Arc<Entry<T>>| {
                u32::try_from(entry.payload.weight() + OVERHEAD).unwrap_or(u32::MAX)
            })
            .expire_after(Ends)
            .build();
        Self { entries, tags: Tags::default(), cap: AtomicU64::new(u64::MAX), clock }
    }

    /// What there is for a key.
    pub fn look(&self, key: &Key) -> Look<T> {
        let Some(entry) = self.entries.get(key) else { return Look::Nothing };
        if self.is_gone(&entry.tags, entry.began) {
            self.entries.invalidate(key);
            return Look::Nothing;
        }
        let (age, lives) = (entry.age(self.clock.steady()), &entry.lives);
        let is_served = self.is_served(age);
        if is_served && age < lives.fresh {
            Look::Fresh(entry)
        } else if is_served && age < lives.fresh.saturating_add(lives.stale) {
            Look::Stale(entry)
        } else if age < lives.all() {
            Look::Old(entry)
        } else {
            Look::Nothing
        }
    }

    /// Whether an entry is served where another one cannot be had.
    pub fn excuses(&self, entry: &Entry<T>) -> bool {
        let Entry { lives, tags, began, .. } = entry;
        let until = lives.fresh.saturating_add(lives.stale.max(lives.if_error));
        let age = entry.age(self.clock.steady());
        age < until && self.is_served(age) && !self.is_gone(tags, *began)
    }

    /// Keeps an entry, unless one of its tags was revalidated after it began: whether it does.
    pub fn keep(&self, key: Key, entry: &Arc<Entry<T>>) -> bool {
        if self.is_gone(&entry.tags, entry.began) {
            return false;
        }
        self.entries.insert(key, Arc::clone(entry));
        true
    }

    /// Weighs an entry anew, which has grown.
    pub fn weigh(&self, key: &Key, entry: &Arc<Entry<T>>) {
        if self.entries.contains_key(key) {
            self.entries.insert(*key, Arc::clone(entry));
        }
    }

    /// Makes the entry of a key be gone.
    pub fn forget(&self, key: &Key) {
        self.entries.invalidate(key);
    }

    /// Serves nothing that is older, until it is told otherwise; `Duration::MAX` for no such bound.
    pub fn cap(&self, age: Duration) {
        self.cap.store(u64::try_from(age.as_nanos()).unwrap_or(u64::MAX), Ordering::Release);
    }

    /// What time it is for entries.
    pub(super) fn now(&self) -> Duration {
        self.clock.steady()
    }

    fn is_served(&self, age: Duration) -> bool {
        let cap = self.cap.load(Ordering::Acquire);
        cap == u64::MAX || age < Duration::from_nanos(cap)
    }

    /// Whether something that began then, and has these tags, is gone.
    pub fn is_gone(&self, tags: &[Tag], began: u64) -> bool {
        self.tags.now() != began && self.tags.last_of(tags) > began
    }
}

/// What an entry takes besides its payload.
const OVERHEAD: usize = 400;

/// When the memory of an entry is free again; whether it is good for anything is asked at each look.
struct Ends;

impl<T: Payload> Expiry<Key, Arc<Entry<T>>> for Ends {
    fn expire_after_create(&self, _: &Key, entry: &Arc<Entry<T>>, _: Instant) -> Option<Duration> {
        Some(entry.lives.all())
    }

    fn expire_after_update(
        &self,
        _: &Key,
        entry: &Arc<Entry<T>>,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(entry.lives.all())
    }
}
