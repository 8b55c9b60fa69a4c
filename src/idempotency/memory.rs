//! Records in this process: gone when it ends.

use std::collections::{BTreeSet, HashMap};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;

use super::claim::{Begun, Claim, Hash};
use super::ledger::{Ledger, Row, Rows};
use crate::clock::Clock;

/// Records in this process, up to a number of bytes. Where there are more, those that would end first are forgotten;
/// what is in flight never is.
pub struct Memory {
    clock: Arc<dyn Clock>,
    inner: Mutex<Inner>,
}

struct Inner {
    ledger: Ledger,
    rows: InMemory,
}

impl Memory {
    /// Empty.
    pub fn new(max_bytes: usize, clock: Arc<dyn Clock>) -> Self {
        let rows = InMemory { max_bytes, ..InMemory::default() };
        Self { clock, inner: Mutex::new(Inner { ledger: Ledger::default(), rows }) }
    }

    pub(super) fn begin(&self, claim: &Claim, lease: Duration) -> Begun {
        let Inner { ledger, rows } = &mut *self.lock();
        let Ok(begun) = ledger.begin(rows, claim, lease, self.clock.now());
        begun
    }

    pub(super) fn sent(&self, claim: &Claim, keep: Duration) -> bool {
        let Inner { ledger, rows } = &mut *self.lock();
        let Ok(ours) = ledger.sent(rows, claim, keep, self.clock.now());
        ours
    }

    pub(super) fn finish(&self, claim: &Claim, record: Bytes, keep: Duration) -> bool {
        let now = self.clock.now();
        let Inner { ledger, rows } = &mut *self.lock();
        rows.sweep(now);
        let Ok(ours) = ledger.finish(rows, claim, record, keep, now);
        ours
    }

    pub(super) fn release(&self, claim: &Claim) {
        let Inner { ledger, rows } = &mut *self.lock();
        let Ok(()) = ledger.release(rows, claim);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Default)]
struct InMemory {
    rows: HashMap<Hash, Row>,
    by_end: BTreeSet<(Duration, Hash)>,
    bytes: usize,
    max_bytes: usize,
    /// Whether the log says that it is full.
    told: bool,
}

impl InMemory {
    fn sweep(&mut self, now: Duration) {
        while let Some((_, key)) = self.by_end.first().copied().filter(|(end, _)| *end <= now) {
            self.take(&key);
        }
    }

    fn take(&mut self, key: &Hash) {
        if let Some(row) = self.rows.remove(key) {
            self.by_end.remove(&(row.until, *key));
            self.bytes -= size(&row);
        }
    }
}

impl Rows for InMemory {
    type Error = Infallible;

    fn get(&self, key: &Hash) -> Result<Option<Row>, Infallible> {
        Ok(self.rows.get(key).cloned())
    }

    fn put(&mut self, key: &Hash, row: Row) -> Result<(), Infallible> {
        self.take(key);
        // That one was sent needs no row here: it is held for as long, and so it is never forgotten.
        if row.record.is_none() {
            return Ok(());
        }
        self.bytes += size(&row);
        while self.bytes > self.max_bytes
            && let Some((_, ends_first)) = self.by_end.first().copied()
        {
            if !std::mem::replace(&mut self.told, true) {
                tracing::warn!("`[stores] max_memory` is full: records are forgotten early");
            }
            self.take(&ends_first);
        }
        self.by_end.insert((row.until, *key));
        self.rows.insert(*key, row);
        Ok(())
    }

    fn remove(&mut self, key: &Hash) -> Result<(), Infallible> {
        self.take(key);
        Ok(())
    }
}

/// What a row takes in memory, about.
fn size(row: &Row) -> usize {
    const WITHOUT_RECORD: usize = 256;
    WITHOUT_RECORD + row.record.as_ref().map_or(0, Bytes::len)
}
