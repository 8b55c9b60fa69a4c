//! Records in a file: they outlive the process.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use redb::{ReadableTable, Table, TableDefinition, WriteTransaction};

use super::claim::{Begun, Claim, Hash};
use super::ledger::{Ledger, Row, Rows};
use crate::clock::Clock;
use crate::fault::Fault;
use crate::store;

/// Records in a file. Who holds a key is known in this process only: it alone has the file, and what it held is free when
/// it dies.
pub struct File {
    clock: Arc<dyn Clock>,
    /// Locked by the thread of the file only, for a moment.
    ledger: Arc<Mutex<Ledger>>,
    file: Arc<store::File>,
}

/// Fingerprint, end in milliseconds since 1970, owner, and the record of what is done.
type Columns = (Hash, u64, &'static str, Option<&'static [u8]>);

const RECORDS: TableDefinition<Hash, Columns> = TableDefinition::new("idempotency");
/// Which ends when.
const ENDS: TableDefinition<(u64, Hash), ()> = TableDefinition::new("idempotency_ends");

/// The tables of records.
struct Records(Arc<dyn Clock>);

impl store::Tables for Records {
    fn prepare(&self, transaction: &WriteTransaction) -> Result<(), redb::Error> {
        InFile::open(transaction).map(drop)
    }

    fn sweep(&self, transaction: &WriteTransaction) -> Result<bool, redb::Error> {
        InFile::open(transaction)?.sweep(millis(self.0.now()))
    }
}

impl File {
    /// Records in a file that was opened with [`File::tables`].
    pub fn new(file: Arc<store::File>, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ledger: Arc::default(), file }
    }

    /// What to open the file with.
    pub fn tables(clock: Arc<dyn Clock>) -> Box<dyn store::Tables> {
        Box::new(Records(clock))
    }

    pub(super) async fn begin(&self, claim: &Claim, lease: Duration) -> Result<Begun, Fault> {
        let (claim, now) = (claim.clone(), self.clock.now());
        self.run(move |ledger, rows| ledger.begin(rows, &claim, lease, now)).await
    }

    pub(super) async fn sent(&self, claim: &Claim, keep: Duration) -> Result<bool, Fault> {
        let (claim, now) = (claim.clone(), self.clock.now());
        self.run(move |ledger, rows| ledger.sent(rows, &claim, keep, now)).await
    }

    pub(super) async fn finish(
        &self,
        claim: &Claim,
        record: Bytes,
        keep: Duration,
    ) -> Result<bool, Fault> {
        let (claim, now) = (claim.clone(), self.clock.now());
        self.run(move |ledger, rows| ledger.finish(rows, &claim, record, keep, now)).await
    }

    pub(super) async fn release(&self, claim: &Claim) -> Result<(), Fault> {
        let claim = claim.clone();
        self.run(move |ledger, rows| ledger.release(rows, &claim)).await
    }

    async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Ledger, &mut InFile<'_>) -> Result<T, redb::Error> + Send + 'static,
    ) -> Result<T, Fault> {
        let ledger = Arc::clone(&self.ledger);
        let ran = self.file.run(move |transaction| {
            let mut rows = InFile::open(transaction)?;
            let mut ledger = ledger.lock().unwrap_or_else(PoisonError::into_inner);
            Ok((job(&mut ledger, &mut rows)?, rows.wrote))
        });
        Ok(ran.await?)
    }
}

struct InFile<'t> {
    records: Table<'t, Hash, Columns>,
    ends: Table<'t, (u64, Hash), ()>,
    wrote: bool,
}

impl<'t> InFile<'t> {
    fn open(transaction: &'t WriteTransaction) -> Result<Self, redb::Error> {
        let records = transaction.open_table(RECORDS)?;
        Ok(Self { records, ends: transaction.open_table(ENDS)?, wrote: false })
    }

    /// Throws away what has ended, a bounded number of it.
    fn sweep(&mut self, now: u64) -> Result<bool, redb::Error> {
        let mut ended = Vec::new();
        for end in self.ends.range(..=(now, Hash::default()))?.take(AT_ONCE) {
            ended.push(end?.0.value());
        }
        for (end, key) in &ended {
            self.ends.remove((*end, *key))?;
            self.records.remove(key)?;
        }
        Ok(!ended.is_empty())
    }
}

impl Rows for InFile<'_> {
    type Error = redb::Error;

    fn get(&self, key: &Hash) -> Result<Option<Row>, redb::Error> {
        let Some(found) = self.records.get(key)? else { return Ok(None) };
        let (fingerprint, end, owner, record) = found.value();
        Ok(Some(Row {
            fingerprint,
            owner: owner.to_owned(),
            until: Duration::from_millis(end),
            record: record.map(Bytes::copy_from_slice),
        }))
    }

    fn put(&mut self, key: &Hash, row: Row) -> Result<(), redb::Error> {
        self.remove(key)?;
        self.wrote = true;
        let end = millis(row.until);
        self.records.insert(key, (row.fingerprint, end, &*row.owner, row.record.as_deref()))?;
        self.ends.insert((end, *key), ())?;
        Ok(())
    }

    fn remove(&mut self, key: &Hash) -> Result<(), redb::Error> {
        let removed = self.records.remove(key)?;
        let end = removed.map(|removed| removed.value().1);
        if let Some(end) = end {
            self.wrote = true;
            self.ends.remove((end, *key))?;
        }
        Ok(())
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// How many are swept in one transaction.
const AT_ONCE: usize = 256;

/// How many records a file has, and how many ends.
#[cfg(test)]
pub(super) fn count(path: &std::path::Path) -> Result<(u64, u64), redb::Error> {
    use redb::{ReadableDatabase, ReadableTableMetadata};
    let database = redb::Database::create(path)?;
    let transaction = database.begin_read()?;
    Ok((transaction.open_table(RECORDS)?.len()?, transaction.open_table(ENDS)?.len()?))
}
