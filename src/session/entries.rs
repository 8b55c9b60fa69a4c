//! One way to all stores.

use std::time::Duration;

use bytes::Bytes;

use super::file::File;
use super::memory::Memory;
use super::redis;
use super::row::{Entry, Hash, Inserted, Listed, Row, Standing, Swapped};
use crate::fault::Fault;
use crate::store::Redis;

/// Where sessions are, as all workers share it.
pub enum Store {
    /// In this process.
    Memory(Memory),
    /// In a file on this machine.
    File(File),
    /// In Redis: each worker has its own connection.
    Redis,
}

/// Sessions, as a worker reaches them. Every question may fail with 503 `STORE_UNAVAILABLE`. None counts whose time is
/// over.
#[derive(Clone, Copy)]
pub enum Entries<'a> {
    /// In this process.
    Memory(&'a Memory),
    /// In a file on this machine.
    File(&'a File),
    /// In Redis.
    Redis(&'a Redis),
}

impl Entries<'_> {
    /// Writes a new session.
    pub(super) async fn insert(
        &self,
        entry: Entry,
        row: Row,
        now: Duration,
    ) -> Result<Inserted, Fault> {
        match self {
            Self::Memory(memory) => memory.insert(entry, row, now),
            Self::File(file) => Ok(file.insert(entry, row, now).await?),
            Self::Redis(at) => redis::insert(at, entry, &row, now).await,
        }
    }

    /// How a session stands.
    pub(super) async fn standing(
        &self,
        entry: Entry,
        now: Duration,
    ) -> Result<Option<Standing>, Fault> {
        match self {
            Self::Memory(memory) => Ok(memory.standing(entry, now)),
            Self::File(file) => Ok(file.standing(entry, now).await?),
            Self::Redis(at) => redis::standing(at, entry, now).await,
        }
    }

    /// A session.
    pub(super) async fn get(&self, entry: Entry, now: Duration) -> Result<Option<Row>, Fault> {
        match self {
            Self::Memory(memory) => Ok(memory.get(entry, now)),
            Self::File(file) => Ok(file.get(entry, now).await?),
            Self::Redis(at) => redis::get(at, entry, now).await,
        }
    }

    /// Writes the record of this version in the place of that of the version before.
    pub(super) async fn swap(
        &self,
        entry: Entry,
        version: u64,
        sealed: Bytes,
        now: Duration,
    ) -> Result<Swapped, Fault> {
        match self {
            Self::Memory(memory) => Ok(memory.swap(entry, version, sealed, now)),
            Self::File(file) => Ok(file.swap(entry, version, sealed, now).await?),
            Self::Redis(at) => redis::swap(at, entry, version, &sealed, now).await,
        }
    }

    /// Moves the end of a session, unless somebody else has done so before: never back, and never beyond its end in any
    /// case. In a file it is done a moment later.
    pub(super) async fn touch(
        &self,
        entry: Entry,
        from: Duration,
        to: Duration,
        now: Duration,
    ) -> Result<(), Fault> {
        match self {
            Self::Memory(memory) => memory.touch(entry, from, to, now),
            Self::File(file) => file.touch(entry, from, to, now),
            Self::Redis(at) => redis::touch(at, entry, from, to, now).await?,
        }
        Ok(())
    }

    /// Ends a session, and leaves a mark; whether there was one.
    pub(super) async fn end(&self, entry: Entry, now: Duration) -> Result<bool, Fault> {
        match self {
            Self::Memory(memory) => Ok(memory.end(entry, now)),
            Self::File(file) => Ok(file.end(entry, now).await?),
            Self::Redis(at) => redis::end(at, entry, now).await,
        }
    }

    /// Ends the sessions of an index; how many there were. `mark`: also those that are about to begin.
    pub(super) async fn end_all(
        &self,
        index: Hash,
        mark: bool,
        now: Duration,
    ) -> Result<usize, Fault> {
        match self {
            Self::Memory(memory) => Ok(memory.end_all(index, mark, now)),
            Self::File(file) => Ok(file.end_all(index, mark, now).await?),
            Self::Redis(at) => redis::end_all(at, index, mark, now).await,
        }
    }

    /// The sessions of an index, or all.
    pub(super) async fn list(
        &self,
        index: Option<Hash>,
        now: Duration,
    ) -> Result<Vec<Listed>, Fault> {
        match self {
            Self::Memory(memory) => Ok(memory.list(index, now)),
            Self::File(file) => Ok(file.list(index, now).await?),
            Self::Redis(at) => redis::list(at, index, now).await,
        }
    }

    /// True the first time before `until`.
    pub(super) async fn once(
        &self,
        what: Hash,
        until: Duration,
        now: Duration,
    ) -> Result<bool, Fault> {
        match self {
            Self::Memory(memory) => memory.once(what, until, now),
            Self::File(file) => Ok(file.once(what, until, now).await?),
            Self::Redis(at) => redis::once(at, &what, until, now).await,
        }
    }

    /// The same where a mark may be forgotten early: in memory the oldest gives way to another.
    pub(super) async fn once_lately(
        &self,
        what: Hash,
        until: Duration,
        now: Duration,
    ) -> Result<bool, Fault> {
        match self {
            Self::Memory(memory) => Ok(memory.once_lately(what, until, now)),
            Self::File(_) | Self::Redis(_) => self.once(what, until, now).await,
        }
    }

    /// Whether [`Self::once`] has been asked this.
    pub(super) async fn seen(&self, what: Hash, now: Duration) -> Result<bool, Fault> {
        match self {
            Self::Memory(memory) => Ok(memory.seen(what, now)),
            Self::File(file) => Ok(file.seen(what, now).await?),
            Self::Redis(at) => redis::seen(at, &what).await,
        }
    }

    /// Whether this owner alone may do something to a session until then.
    pub(super) async fn lease(
        &self,
        entry: Entry,
        owner: Hash,
        until: Duration,
        now: Duration,
    ) -> Result<bool, Fault> {
        match self {
            Self::Memory(memory) => Ok(memory.leases().take(entry, owner, until, now)),
            Self::File(file) => Ok(file.leases().take(entry, owner, until, now)),
            Self::Redis(at) => redis::lease(at, entry, &owner, until, now).await,
        }
    }

    /// Gives a lease back.
    pub(super) async fn release(&self, entry: Entry, owner: Hash) -> Result<(), Fault> {
        match self {
            Self::Memory(memory) => memory.leases().release(entry, owner),
            Self::File(file) => file.leases().release(entry, owner),
            Self::Redis(at) => redis::release(at, entry, &owner).await?,
        }
        Ok(())
    }
}
