//! The entries of this process.

use std::mem::size_of;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use foldhash::fast::RandomState;
use moka::Expiry;
use moka::ops::compute::Op;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use super::entry::{Entry, Payload};
use super::key::Key;
use super::tags::{Tag, Tags};
use crate::clock::Clock;

/// The entries of this process. One serves all workers.
pub struct Entries<T: Payload> {
    entries: Cache<Key, Arc<Entry<T>>, RandomState>,
    /// When which tag was revalidated.
    pub tags: Tags,
    /// Nanoseconds that what is served may be old, however long it lives.
    cap: AtomicU64,
    /// The second in which room was made last.
    tidied: AtomicU64,
    clock: Arc<dyn Clock>,
    max_size: usize,
}

/// What there is for a key.
#[derive(Debug)]
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
    ///
    /// Where there is no more room, what was not asked for the longest goes. How often something was asked (as `TinyLFU` has
    /// it) would keep a new entry out until it was asked, and fetched, more often than what is there; and all end by their
    /// time anyway.
    pub fn new(max_size: usize, clock: Arc<dyn Clock>) -> Self {
        let entries = Cache::builder()
            .max_capacity(max_size as u64)
            .weigher(|_, entry: &Arc<Entry<T>>| entry.weight.load(Ordering::Relaxed))
            .eviction_policy(EvictionPolicy::lru())
            .expire_after(Ends(Arc::clone(&clock)))
            .build_with_hasher(RandomState::default());
        let cap = AtomicU64::new(u64::MAX);
        let tidied = AtomicU64::default();
        Self { entries, tags: Tags::default(), cap, tidied, clock, max_size }
    }

    /// What there is for a key.
    pub fn look(&self, key: &Key) -> Look<T> {
        let Some(entry) = self.entries.get(key) else { return Look::Nothing };
        if entry.is_gone(&self.tags) {
            self.change(key, |own| if is_same(own, &entry) { Op::Remove } else { Op::Nop });
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
        let lives = &entry.lives;
        let until = lives.fresh.saturating_add(lives.stale.max(lives.if_error));
        let age = entry.age(self.clock.steady());
        age < until && self.is_served(age) && !entry.is_gone(&self.tags)
    }

    /// Keeps an entry in place of the one that its key has: whether it does. It does not where one of its tags was
    /// revalidated after it began, where it alone is larger than all may be, and where the other one began later and is
    /// good.
    pub fn keep(&self, key: Key, entry: &Arc<Entry<T>>) -> bool {
        let weight = weigh(entry);
        if weight as usize > self.max_size || entry.is_gone(&self.tags) {
            return false;
        }
        // One that is revalidated from here on is found to be gone when it is looked at.
        let mut kept = false;
        self.change(&key, |own| {
            kept = own.is_none_or(|own| own.began <= entry.began || !self.is_fresh(own));
            if kept { Op::Put(Arc::clone(entry)) } else { Op::Nop }
        });
        self.make_room(weight);
        kept
    }

    /// Weighs an entry anew, which has grown.
    pub fn weigh(&self, key: &Key, entry: &Arc<Entry<T>>) {
        let fits = weigh(entry) as usize <= self.max_size;
        self.change(key, |own| match (is_same(own, entry), fits) {
            (true, true) => Op::Put(Arc::clone(entry)),
            (true, false) => Op::Remove,
            (false, _) => Op::Nop,
        });
        self.make_room(entry.weight.load(Ordering::Relaxed));
    }

    /// Makes the entry of a key be gone.
    pub fn forget(&self, key: &Key) {
        self.change(key, |own| own.map_or(Op::Nop, |_| Op::Remove));
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

    /// Makes all that began before be gone.
    pub fn clear(&self) {
        self.tags.revalidate_all();
        self.entries.invalidate_all();
    }

    /// How many there are, and what they weigh, as far as is known at the moment: `(count, bytes)`.
    pub fn size(&self) -> (u64, u64) {
        (self.entries.entry_count(), self.entries.weighted_size())
    }

    /// Does what was put off: makes room, and lets go of what has ended.
    pub fn tidy(&self) {
        self.entries.run_pending_tasks();
    }

    /// What has to go is put off until there is a lot of it, by number: a few large ones are not waited for, nor is anything for
    /// longer than a second in which something is kept.
    fn make_room(&self, weight: u32) {
        let second = self.clock.steady().as_secs();
        if weight > LARGE || self.tidied.swap(second, Ordering::Relaxed) != second {
            self.tidy();
        }
    }

    fn is_fresh(&self, entry: &Entry<T>) -> bool {
        entry.age(self.clock.steady()) < entry.lives.fresh && !entry.is_gone(&self.tags)
    }

    /// Changes what a key has, one after the other: two that come together do not undo each other.
    fn change(&self, key: &Key, to: impl FnOnce(Option<&Arc<Entry<T>>>) -> Op<Arc<Entry<T>>>) {
        self.entries
            .entry_by_ref(key)
            .and_compute_with(|own| to(own.as_ref().map(|own| own.value())));
    }
}

fn is_same<T>(own: Option<&Arc<Entry<T>>>, entry: &Arc<Entry<T>>) -> bool {
    own.is_some_and(|own| Arc::ptr_eq(own, entry))
}

fn weigh<T: Payload>(entry: &Entry<T>) -> u32 {
    let own = OVERHEAD + size_of::<Entry<T>>() + size_of_val::<[Tag]>(&entry.tags);
    let weight = u32::try_from(own + entry.payload.weight()).unwrap_or(u32::MAX);
    entry.weight.store(weight, Ordering::Relaxed);
    weight
}

/// Bytes from which on an entry has room made for it at once.
const LARGE: u32 = 256 << 10;

/// What an entry takes besides itself: its key, its place among the others, when it ends. As measured by `bench --cache`.
const OVERHEAD: usize = 400;

/// When the memory of an entry is free again; whether it is good for anything is asked at each look.
struct Ends(Arc<dyn Clock>);

impl Ends {
    fn of<T>(&self, entry: &Entry<T>) -> Option<Duration> {
        Some(entry.lives.all().saturating_sub(entry.age(self.0.steady())).min(LONGEST))
    }
}

impl<T: Payload> Expiry<Key, Arc<Entry<T>>> for Ends {
    fn expire_after_create(&self, _: &Key, entry: &Arc<Entry<T>>, _: Instant) -> Option<Duration> {
        self.of(entry)
    }

    fn expire_after_update(
        &self,
        _: &Key,
        entry: &Arc<Entry<T>>,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        self.of(entry)
    }
}

/// However long it is good.
const LONGEST: Duration = Duration::from_secs(400 * 24 * 3600);
