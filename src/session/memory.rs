//! Sessions in this process: they end with it.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;

use super::leases::Leases;
use super::row::{Entry, Hash, Inserted, Listed, MARK, Row, Standing, Swapped};
use super::shard::{Gone, Shard};
use super::timed::Timed;
use crate::fault::{Code, Fault};

/// Sessions in this process, up to a number of bytes. Where there are more, nobody else gets a session before others
/// have ended: whoever has one keeps it, so that nobody can log others out by logging in often.
pub struct Memory {
    max_bytes: usize,
    bytes: AtomicUsize,
    /// By the first byte of the entry, so that checks do not wait for each other. Nobody who holds one asks for `book`.
    shards: Box<[Mutex<Shard>]>,
    /// Which of them is swept next.
    next: AtomicUsize,
    /// What logins and logouts alone ask for.
    book: Box<Mutex<Book>>,
    leases: Leases,
    /// Whether the log says that it is full.
    told: AtomicBool,
}

#[derive(Default)]
struct Book {
    entries: HashMap<Hash, HashSet<Entry>>,
    /// Indexes whose sessions have all ended, also those that are only about to begin.
    ended: Timed<Hash, ()>,
    once: Timed<Hash, ()>,
    /// Apart: whoever fills it must not get in the way of those.
    lately: Timed<Hash, ()>,
}

impl Memory {
    /// Empty.
    pub fn new(max_bytes: usize) -> Self {
        Self {
            max_bytes,
            bytes: AtomicUsize::default(),
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            next: AtomicUsize::default(),
            book: Box::default(),
            leases: Leases::default(),
            told: AtomicBool::default(),
        }
    }

    pub(super) fn insert(&self, entry: Entry, row: Row, now: Duration) -> Result<Inserted, Fault> {
        self.make_room(row.size(), now)?;
        let mut book = self.book();
        if row.sid.is_some_and(|sid| book.ended.get(&sid, now).is_some()) {
            return Ok(Inserted::Ended);
        }
        let (subject, sid, size) = (row.subject(), row.sid, row.size());
        if !self.shard(&entry).insert(entry, row) {
            return Ok(Inserted::Ended);
        }
        for index in [Some(subject), sid].into_iter().flatten() {
            book.entries.entry(index).or_default().insert(entry);
        }
        self.bytes.fetch_add(size, Ordering::Relaxed);
        Ok(Inserted::Done)
    }

    pub(super) fn standing(&self, entry: Entry, now: Duration) -> Option<Standing> {
        self.shard(&entry).get(&entry, now).map(Row::standing)
    }

    pub(super) fn get(&self, entry: Entry, now: Duration) -> Option<Row> {
        self.shard(&entry).get(&entry, now).cloned()
    }

    pub(super) fn swap(&self, entry: Entry, version: u64, sealed: Bytes, now: Duration) -> Swapped {
        let mut shard = self.shard(&entry);
        let Some(row) = shard.get_mut(&entry, now) else { return Swapped::Ended };
        if row.version + 1 != version {
            return Swapped::Changed;
        }
        self.bytes.fetch_add(sealed.len(), Ordering::Relaxed);
        self.bytes.fetch_sub(row.sealed.len(), Ordering::Relaxed);
        (row.version, row.sealed) = (version, sealed);
        Swapped::Done
    }

    pub(super) fn touch(&self, entry: Entry, from: Duration, to: Duration, now: Duration) {
        self.shard(&entry).touch(&entry, from, to, now);
        self.sweep_next(now);
    }

    pub(super) fn end(&self, entry: Entry, now: Duration) -> bool {
        let ended = self.shard(&entry).end(&entry, now);
        self.sweep_next(now);
        let Some(gone) = ended else { return false };
        self.bytes.fetch_add(Gone::MARK, Ordering::Relaxed);
        self.forget(vec![gone]);
        true
    }

    pub(super) fn end_all(&self, index: Hash, mark: bool, now: Duration) -> usize {
        let mut book = self.book();
        if mark {
            book.ended.put(index, (), now + MARK, now);
        }
        let entries = book.of(&index);
        drop(book);
        entries.into_iter().filter(|entry| self.end(*entry, now)).count()
    }

    pub(super) fn list(&self, index: Option<Hash>, now: Duration) -> Vec<Listed> {
        let Some(index) = index else {
            let shards = self.shards.iter().map(lock);
            return shards.flat_map(|shard| shard.listed(now)).collect();
        };
        let entries = self.book().of(&index);
        let listed = |entry: Entry| Some(self.shard(&entry).get(&entry, now)?.listed(entry));
        entries.into_iter().filter_map(listed).collect()
    }

    pub(super) fn once(&self, what: Hash, until: Duration, now: Duration) -> Result<bool, Fault> {
        let mut book = self.book();
        let first = book.once.get(&what, now).is_none();
        if first {
            book.once.put(what, (), until, now);
            if book.once.len() * ONCE > self.max_bytes {
                book.once.remove(&what);
                return Err(full());
            }
        }
        Ok(first)
    }

    /// The same; where there are too many, those that end first give way.
    pub(super) fn once_lately(&self, what: Hash, until: Duration, now: Duration) -> bool {
        let mut book = self.book();
        let first = book.lately.get(&what, now).is_none();
        if first {
            while book.lately.len() > 0 && (book.lately.len() + 1) * ONCE > self.max_bytes / 8 {
                book.lately.remove_first();
            }
            book.lately.put(what, (), until, now);
        }
        first
    }

    /// Whether [`Self::once`] has been asked this.
    pub(super) fn seen(&self, what: Hash, now: Duration) -> bool {
        self.book().once.get(&what, now).is_some()
    }

    pub(super) fn leases(&self) -> &Leases {
        &self.leases
    }

    fn make_room(&self, size: usize, now: Duration) -> Result<(), Fault> {
        self.sweep_next(now);
        let fits = || self.bytes.load(Ordering::Relaxed) + size <= self.max_bytes;
        if !fits() {
            for shard in &self.shards {
                self.sweep(shard, now, usize::MAX);
            }
        }
        if fits() {
            return Ok(());
        }
        if !self.told.swap(true, Ordering::Relaxed) {
            tracing::warn!("`[stores] max_memory` is full: nobody else can log in for now");
        }
        Err(full())
    }

    fn sweep_next(&self, now: Duration) {
        let next = self.next.fetch_add(1, Ordering::Relaxed) % SHARDS;
        self.sweep(&self.shards[next], now, AT_ONCE);
    }

    fn sweep(&self, shard: &Mutex<Shard>, now: Duration, most: usize) {
        let gone = lock(shard).sweep(now, most);
        self.forget(gone);
    }

    fn forget(&self, gone: Vec<Gone>) {
        if gone.is_empty() {
            return;
        }
        let mut book = self.book();
        for Gone { entry, indexes, size } in gone {
            self.bytes.fetch_sub(size, Ordering::Relaxed);
            for index in indexes.into_iter().flatten() {
                book.remove(&index, &entry);
            }
        }
    }

    fn shard(&self, entry: &Entry) -> MutexGuard<'_, Shard> {
        lock(&self.shards[usize::from(entry.0[0]) % SHARDS])
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        lock(&self.book)
    }
}

impl Book {
    fn of(&self, index: &Hash) -> Vec<Entry> {
        self.entries.get(index).map(|entries| entries.iter().copied().collect()).unwrap_or_default()
    }

    fn remove(&mut self, index: &Hash, entry: &Entry) {
        let Some(entries) = self.entries.get_mut(index) else { return };
        entries.remove(entry);
        if entries.is_empty() {
            self.entries.remove(index);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn full() -> Fault {
    let fault = Fault::new(Code::StoreUnavailable).retry_after(Duration::from_secs(60));
    fault.cause("`[stores] max_memory` is full")
}

const SHARDS: usize = 64;
/// How many are swept by the way.
const AT_ONCE: usize = 16;
/// What takes place once takes so many bytes, about.
const ONCE: usize = 192;

#[cfg(test)]
impl Memory {
    /// Nothing is left of anything once its time is over.
    pub(super) fn assert_empties(&self, now: Duration) {
        for shard in &self.shards {
            self.sweep(shard, now, usize::MAX);
            assert!(lock(shard).is_empty());
        }
        assert_eq!(self.bytes.load(Ordering::Relaxed), 0);
        assert!(self.book().entries.is_empty());
    }
}
