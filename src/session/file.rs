//! Sessions in a file: they outlive the process. One process has it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use moka::sync::Cache;
use redb::WriteTransaction;

use super::leases::Leases;
use super::row::{Entry, Hash, Inserted, Listed, MARK, Row, Standing, Swapped};
use super::tables::{Tables, once, seen, sweep_once};
use super::timed::Timed;
use crate::clock::Clock;
use crate::store::{self, Unwritten};

/// Sessions in a file. What was read or written lately is at hand, so that a check does not wait for the disk.
pub struct File {
    file: Arc<store::File>,
    /// Rows as they are on the disk. The thread of the file alone writes to it, in the order in which it writes there.
    rows: Cache<Entry, Row>,
    /// Indexes whose sessions have all ended, also those that are only about to begin. Who has begun none when the
    /// process dies gets none.
    ended: Arc<Mutex<Timed<Hash, ()>>>,
    leases: Leases,
}

/// The tables of sessions.
struct Kept(Arc<dyn Clock>);

impl store::Tables for Kept {
    fn prepare(&self, transaction: &WriteTransaction) -> Result<(), redb::Error> {
        sweep_once(transaction, self.0.now())?;
        Tables::open(transaction).map(drop)
    }

    fn sweep(&self, transaction: &WriteTransaction) -> Result<bool, redb::Error> {
        let now = self.0.now();
        let once = sweep_once(transaction, now)?;
        Ok(Tables::open(transaction)?.sweep(now)? || once)
    }
}

impl File {
    /// Sessions in a file that was opened with [`File::tables`]. Up to `at_hand` bytes of them are in memory too.
    pub fn new(file: Arc<store::File>, at_hand: usize) -> Self {
        let rows = Cache::builder().max_capacity(at_hand as u64).weigher(|_, row: &Row| {
            // What the cache itself needs for one is of the same order as what `size` counts for indexes.
            u32::try_from(row.size()).unwrap_or(u32::MAX)
        });
        Self { file, rows: rows.build(), ended: Arc::default(), leases: Leases::default() }
    }

    /// What to open the file with.
    pub fn tables(clock: Arc<dyn Clock>) -> Box<dyn store::Tables> {
        Box::new(Kept(clock))
    }

    pub(super) async fn insert(
        &self,
        entry: Entry,
        row: Row,
        now: Duration,
    ) -> Result<Inserted, Unwritten> {
        let (ended, unsure, kept) = (Arc::clone(&self.ended), self.unsure(entry), row.clone());
        let job = move |transaction: &WriteTransaction| {
            let logged_out = row.sid.is_some_and(|sid| lock(&ended).get(&sid, now).is_some());
            let done = !logged_out && Tables::open(transaction)?.insert(&entry, &row)?;
            Ok((if done { Inserted::Done } else { Inserted::Ended }, done))
        };
        let then = move |inserted: &Inserted| match inserted {
            Inserted::Done => unsure.now(Some(kept)),
            Inserted::Ended => unsure.unchanged(),
        };
        self.file.run_then(job, then).await
    }

    pub(super) async fn standing(
        &self,
        entry: Entry,
        now: Duration,
    ) -> Result<Option<Standing>, Unwritten> {
        if let Some(row) = self.rows.get(&entry) {
            return Ok((now < row.until()).then(|| row.standing()));
        }
        Ok(self.read(entry, now).await?.map(|row| row.standing()))
    }

    pub(super) async fn get(&self, entry: Entry, now: Duration) -> Result<Option<Row>, Unwritten> {
        match self.rows.get(&entry) {
            Some(row) => Ok((now < row.until()).then_some(row)),
            None => self.read(entry, now).await,
        }
    }

    async fn read(&self, entry: Entry, now: Duration) -> Result<Option<Row>, Unwritten> {
        let rows = self.rows.clone();
        let job = move |transaction: &WriteTransaction| {
            Ok((Tables::open(transaction)?.get(&entry, now)?, false))
        };
        let then = move |row: &Option<Row>| {
            if let Some(row) = row {
                rows.insert(entry, row.clone());
            }
        };
        self.file.run_then(job, then).await
    }

    pub(super) async fn swap(
        &self,
        entry: Entry,
        version: u64,
        sealed: Bytes,
        now: Duration,
    ) -> Result<Swapped, Unwritten> {
        let unsure = self.unsure(entry);
        let job = move |transaction: &WriteTransaction| {
            let mut tables = Tables::open(transaction)?;
            let Some(row) = tables.get(&entry, now)? else {
                return Ok(((Swapped::Ended, None), false));
            };
            if row.version + 1 != version {
                return Ok(((Swapped::Changed, None), false));
            }
            tables.set_record(&entry, version, &sealed, now)?;
            Ok(((Swapped::Done, Some(Row { version, sealed, ..row })), true))
        };
        let then = move |(_, row): &(Swapped, Option<Row>)| match row {
            Some(row) => unsure.now(Some(row.clone())),
            None => unsure.unchanged(),
        };
        Ok(self.file.run_then(job, then).await?.0)
    }

    /// Nobody waits for it. Where somebody has moved it before, that is at hand from now on.
    pub(super) fn touch(&self, entry: Entry, from: Duration, to: Duration, now: Duration) {
        let rows = self.rows.clone();
        let job = move |transaction: &WriteTransaction| {
            let mut tables = Tables::open(transaction)?;
            let touched = tables.touch(&entry, (from, to), now)?;
            Ok((tables.get(&entry, now)?, touched))
        };
        let then = move |row: &Option<Row>| match row {
            Some(row) => rows.insert(entry, row.clone()),
            None => rows.invalidate(&entry),
        };
        self.file.post(job, then);
    }

    pub(super) async fn end(&self, entry: Entry, now: Duration) -> Result<bool, Unwritten> {
        let unsure = self.unsure(entry);
        let job = move |transaction: &WriteTransaction| {
            let ended = Tables::open(transaction)?.end(&entry, now)?;
            Ok((ended, ended))
        };
        self.file.run_then(job, move |_| unsure.now(None)).await
    }

    pub(super) async fn end_all(
        &self,
        index: Hash,
        mark: bool,
        now: Duration,
    ) -> Result<usize, Unwritten> {
        let (ended, rows) = (Arc::clone(&self.ended), self.rows.clone());
        let unsure = move |entry: &Entry| Unsure { rows: rows.clone(), entry: Some(*entry) };
        let job = move |transaction: &WriteTransaction| {
            if mark {
                lock(&ended).put(index, (), now + MARK, now);
            }
            let mut tables = Tables::open(transaction)?;
            let mut gone = Vec::new();
            for entry in tables.of(&index)? {
                if tables.end(&entry, now)? {
                    gone.push(unsure(&entry));
                }
            }
            let any = !gone.is_empty();
            Ok((gone, any))
        };
        let then = |gone: &Vec<Unsure>| gone.iter().for_each(Unsure::forget);
        Ok(self.file.run_then(job, then).await?.len())
    }

    pub(super) async fn list(
        &self,
        index: Option<Hash>,
        now: Duration,
    ) -> Result<Vec<Listed>, Unwritten> {
        let (mut all, mut next) = (Vec::new(), Some(Entry(Hash::default())));
        while let Some(first) = next {
            // Others get their turn in between.
            let job = move |transaction: &WriteTransaction| {
                let tables = Tables::open(transaction)?;
                let entries = match &index {
                    Some(index) => tables.of(index)?,
                    None => tables.from(&first, AT_ONCE)?,
                };
                let more = index.is_none() && entries.len() == AT_ONCE;
                let next = entries.last().copied().filter(|_| more);
                let mut listed = Vec::with_capacity(entries.len());
                for entry in entries.into_iter().filter(|entry| Some(*entry) != next) {
                    listed.extend(tables.listed(entry, now)?);
                }
                Ok(((listed, next), false))
            };
            let (listed, after) = self.file.run(job).await?;
            all.extend(listed);
            next = after;
        }
        Ok(all)
    }

    pub(super) async fn once(
        &self,
        what: Hash,
        until: Duration,
        now: Duration,
    ) -> Result<bool, Unwritten> {
        let job = move |transaction: &WriteTransaction| {
            let first = once(transaction, &what, until, now)?;
            Ok((first, first))
        };
        self.file.run(job).await
    }

    pub(super) async fn seen(&self, what: Hash, now: Duration) -> Result<bool, Unwritten> {
        let job = move |transaction: &WriteTransaction| Ok((seen(transaction, &what, now)?, false));
        self.file.run(job).await
    }

    pub(super) fn leases(&self) -> &Leases {
        &self.leases
    }

    fn unsure(&self, entry: Entry) -> Unsure {
        Unsure { rows: self.rows.clone(), entry: Some(entry) }
    }
}

/// A row is forgotten where nobody knows what has become of it: the disk did not say.
struct Unsure {
    rows: Cache<Entry, Row>,
    entry: Option<Entry>,
}

impl Unsure {
    /// It is so now.
    fn now(mut self, row: Option<Row>) {
        match (self.entry.take(), row) {
            (Some(entry), Some(row)) => self.rows.insert(entry, row),
            (Some(entry), None) => self.rows.invalidate(&entry),
            (None, _) => {}
        }
    }

    /// Nothing was done.
    fn unchanged(mut self) {
        self.entry = None;
    }

    fn forget(&self) {
        if let Some(entry) = &self.entry {
            self.rows.invalidate(entry);
        }
    }
}

impl Drop for Unsure {
    fn drop(&mut self) {
        self.forget();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How many are listed in one transaction.
const AT_ONCE: usize = 1024;
