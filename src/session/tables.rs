//! Sessions in the tables of a file.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use redb::{ReadableTable, Table, TableDefinition, WriteTransaction};

use super::row::{About, Entry, Hash, Listed, MARK, Row, millis};

/// Version (0: it has ended, and this is its mark), end without a request, end in any case (both in milliseconds since
/// 1970), index of its user, index of its provider session, and whose it is, as JSON.
type Columns = (u64, u64, u64, Hash, Option<Hash>, &'static [u8]);

const SESSIONS: TableDefinition<Hash, Columns> = TableDefinition::new("sessions");
/// The sealed records, apart: they are big, and are not written anew when only an end is moved.
const RECORDS: TableDefinition<Hash, &[u8]> = TableDefinition::new("session_records");
/// Index, entry.
const INDEXES: TableDefinition<(Hash, Hash), ()> = TableDefinition::new("session_indexes");
/// Which session, or mark of one, ends when.
const ENDS: TableDefinition<(u64, Hash), ()> = TableDefinition::new("session_ends");
/// What takes place once, and until when.
const ONCE: TableDefinition<Hash, u64> = TableDefinition::new("session_once");
const ONCE_ENDS: TableDefinition<(u64, Hash), ()> = TableDefinition::new("session_once_ends");

/// Sessions in the tables of a file, within a transaction.
pub(super) struct Tables<'t> {
    sessions: Table<'t, Hash, Columns>,
    records: Table<'t, Hash, &'static [u8]>,
    indexes: Table<'t, (Hash, Hash), ()>,
    ends: Table<'t, (u64, Hash), ()>,
}

/// A row but for its record.
struct Kept {
    version: u64,
    idle_until: u64,
    absolute_until: u64,
    subject: Hash,
    sid: Option<Hash>,
    about: Arc<About>,
}

impl<'t> Tables<'t> {
    pub(super) fn open(transaction: &'t WriteTransaction) -> Result<Self, redb::Error> {
        Ok(Self {
            sessions: transaction.open_table(SESSIONS)?,
            records: transaction.open_table(RECORDS)?,
            indexes: transaction.open_table(INDEXES)?,
            ends: transaction.open_table(ENDS)?,
        })
    }

    /// Whether there was nothing before.
    pub(super) fn insert(&mut self, entry: &Entry, row: &Row) -> Result<bool, redb::Error> {
        if self.sessions.get(entry.0)?.is_some() {
            return Ok(false);
        }
        let kept = Kept {
            version: row.version,
            idle_until: millis(row.idle_until),
            absolute_until: millis(row.absolute_until),
            subject: row.subject(),
            sid: row.sid,
            about: Arc::clone(&row.about),
        };
        for index in kept.indexes() {
            self.indexes.insert((index, entry.0), ())?;
        }
        self.records.insert(entry.0, &row.sealed[..])?;
        self.put(entry, &kept)?;
        Ok(true)
    }

    /// The row of a session that has not ended.
    pub(super) fn get(&self, entry: &Entry, now: Duration) -> Result<Option<Row>, redb::Error> {
        let Some(kept) = self.live(entry, now)? else { return Ok(None) };
        let Some(record) = self.records.get(entry.0)? else { return Ok(None) };
        let sealed = Bytes::copy_from_slice(record.value());
        Ok(Some(Row { sealed, ..kept.row() }))
    }

    /// Writes another record, of this version.
    pub(super) fn set_record(
        &mut self,
        entry: &Entry,
        version: u64,
        sealed: &[u8],
        now: Duration,
    ) -> Result<(), redb::Error> {
        if let Some(mut kept) = self.live(entry, now)? {
            kept.version = version;
            self.records.insert(entry.0, sealed)?;
            self.put(entry, &kept)?;
        }
        Ok(())
    }

    /// Moves an end; whether that was done.
    pub(super) fn touch(
        &mut self,
        entry: &Entry,
        (from, to): (Duration, Duration),
        now: Duration,
    ) -> Result<bool, redb::Error> {
        let Some(mut kept) = self.live(entry, now)? else { return Ok(false) };
        let mut row = kept.row();
        let moves = row.touch(from, to);
        if moves {
            self.ends.remove((kept.until(), entry.0))?;
            kept.idle_until = millis(row.idle_until);
            self.put(entry, &kept)?;
        }
        Ok(moves)
    }

    /// Ends a session, and leaves a mark; whether there was one.
    pub(super) fn end(&mut self, entry: &Entry, now: Duration) -> Result<bool, redb::Error> {
        let Some(kept) = self.live(entry, now)? else { return Ok(false) };
        self.remove(entry, &kept)?;
        let end = millis(now + MARK);
        let mark = Kept { version: ENDED, idle_until: end, absolute_until: end, sid: None, ..kept };
        self.put(entry, &mark)?;
        Ok(true)
    }

    /// The entries of an index.
    pub(super) fn of(&self, index: &Hash) -> Result<Vec<Entry>, redb::Error> {
        let all = self.indexes.range((*index, Hash::default())..=(*index, [u8::MAX; 32]))?;
        all.map(|found| Ok(Entry(found?.0.value().1))).collect()
    }

    /// As operators see it.
    pub(super) fn listed(
        &self,
        entry: Entry,
        now: Duration,
    ) -> Result<Option<Listed>, redb::Error> {
        Ok(self.live(&entry, now)?.map(|kept| kept.row().listed(entry)))
    }

    /// Up to so many entries, from this one on, in order.
    pub(super) fn from(&self, first: &Entry, most: usize) -> Result<Vec<Entry>, redb::Error> {
        let all = self.sessions.range(first.0..)?.take(most);
        all.map(|found| Ok(Entry(found?.0.value()))).collect()
    }

    /// Throws away some of what has ended; whether there was something.
    pub(super) fn sweep(&mut self, now: Duration) -> Result<bool, redb::Error> {
        let mut ended = Vec::new();
        for end in self.ends.range(..=(millis(now), [u8::MAX; 32]))?.take(AT_ONCE) {
            ended.push(end?.0.value());
        }
        for (end, entry) in &ended {
            let entry = Entry(*entry);
            match self.kept(&entry)? {
                Some(kept) => self.remove(&entry, &kept)?,
                None => drop(self.ends.remove((*end, entry.0))?),
            }
        }
        Ok(!ended.is_empty())
    }

    fn live(&self, entry: &Entry, now: Duration) -> Result<Option<Kept>, redb::Error> {
        let live = |kept: &Kept| kept.version != ENDED && millis(now) < kept.until();
        Ok(self.kept(entry)?.filter(live))
    }

    fn kept(&self, entry: &Entry) -> Result<Option<Kept>, redb::Error> {
        let Some(found) = self.sessions.get(entry.0)? else { return Ok(None) };
        let (version, idle_until, absolute_until, subject, sid, about) = found.value();
        let Ok(about) = serde_json::from_slice(about) else { return Ok(None) };
        let about = Arc::new(about);
        Ok(Some(Kept { version, idle_until, absolute_until, subject, sid, about }))
    }

    fn put(&mut self, entry: &Entry, kept: &Kept) -> Result<(), redb::Error> {
        let about = serde_json::to_vec(&*kept.about).unwrap_or_default();
        let Kept { version, idle_until, absolute_until, subject, sid, .. } = *kept;
        let columns = (version, idle_until, absolute_until, subject, sid, &about[..]);
        self.sessions.insert(entry.0, columns)?;
        self.ends.insert((kept.until(), entry.0), ())?;
        Ok(())
    }

    fn remove(&mut self, entry: &Entry, kept: &Kept) -> Result<(), redb::Error> {
        for index in kept.indexes() {
            self.indexes.remove((index, entry.0))?;
        }
        self.records.remove(entry.0)?;
        self.sessions.remove(entry.0)?;
        self.ends.remove((kept.until(), entry.0))?;
        Ok(())
    }
}

impl Kept {
    fn until(&self) -> u64 {
        self.idle_until.min(self.absolute_until)
    }

    fn indexes(&self) -> impl Iterator<Item = Hash> + use<> {
        [Some(self.subject), self.sid].into_iter().flatten()
    }

    /// Without its record.
    fn row(&self) -> Row {
        Row {
            version: self.version,
            idle_until: Duration::from_millis(self.idle_until),
            absolute_until: Duration::from_millis(self.absolute_until),
            about: Arc::clone(&self.about),
            sid: self.sid,
            sealed: Bytes::new(),
        }
    }
}

/// True the first time before `until`.
pub(super) fn once(
    transaction: &WriteTransaction,
    what: &Hash,
    until: Duration,
    now: Duration,
) -> Result<bool, redb::Error> {
    let mut once = transaction.open_table(ONCE)?;
    let before = once.get(what)?.map(|until| until.value());
    if before.is_some_and(|until| millis(now) < until) {
        return Ok(false);
    }
    let mut ends = transaction.open_table(ONCE_ENDS)?;
    if let Some(before) = before {
        ends.remove((before, *what))?;
    }
    once.insert(what, millis(until))?;
    ends.insert((millis(until), *what), ())?;
    Ok(true)
}

/// Whether [`once`] has been asked this.
pub(super) fn seen(
    transaction: &WriteTransaction,
    what: &Hash,
    now: Duration,
) -> Result<bool, redb::Error> {
    let until = transaction.open_table(ONCE)?.get(what)?.map(|until| until.value());
    Ok(until.is_some_and(|until| millis(now) < until))
}

/// Throws away some of what may take place again; whether there was something. Makes the tables.
pub(super) fn sweep_once(
    transaction: &WriteTransaction,
    now: Duration,
) -> Result<bool, redb::Error> {
    let mut once = transaction.open_table(ONCE)?;
    let mut ends = transaction.open_table(ONCE_ENDS)?;
    let mut ended = Vec::new();
    for end in ends.range(..=(millis(now), [u8::MAX; 32]))?.take(AT_ONCE) {
        ended.push(end?.0.value());
    }
    for (end, what) in &ended {
        ends.remove((*end, *what))?;
        once.remove(what)?;
    }
    Ok(!ended.is_empty())
}

/// The version of what has ended.
const ENDED: u64 = 0;
/// How many are swept in one transaction.
const AT_ONCE: usize = 256;

/// How many rows each table of a file has.
#[cfg(test)]
pub(super) fn count(path: &std::path::Path) -> Result<[u64; 6], redb::Error> {
    use redb::{ReadableDatabase, ReadableTableMetadata};
    let database = redb::Database::create(path)?;
    let transaction = database.begin_read()?;
    Ok([
        transaction.open_table(SESSIONS)?.len()?,
        transaction.open_table(RECORDS)?.len()?,
        transaction.open_table(INDEXES)?.len()?,
        transaction.open_table(ENDS)?.len()?,
        transaction.open_table(ONCE)?.len()?,
        transaction.open_table(ONCE_ENDS)?.len()?,
    ])
}
