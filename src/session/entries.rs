//! One way to all stores.

use std::time::Duration;

use super::memory::Memory;
use super::row::{Entry, Hash, Listed, Row, Swapped};
use crate::fault::Fault;
use crate::store::Redis;

/// Where sessions are, as all workers share it.
pub enum Store {
    /// In this process.
    Memory(Memory),
    /// In Redis: each worker has its own connection.
    Redis,
}

/// Sessions, as a worker reaches them. Every question may fail with 503 `STORE_UNAVAILABLE`.
#[derive(Clone, Copy)]
pub enum Entries<'a> {
    /// In this process.
    Memory(&'a Memory),
    /// In Redis.
    Redis(&'a Redis),
}

impl Entries<'_> {
    /// Writes a new session.
    pub(super) async fn insert(&self, entry: Entry, row: Row) -> Result<(), Fault> {
        match self {
            Self::Memory(memory) => memory.insert(entry, row),
            Self::Redis(_) => return Err(missing()),
        }
        Ok(())
    }

    /// A session that has not ended.
    pub(super) async fn get(&self, entry: Entry, now: Duration) -> Result<Option<Row>, Fault> {
        match self {
            Self::Memory(memory) => Ok(memory.get(entry, now)),
            Self::Redis(_) => Err(missing()),
        }
    }

    /// Writes a row in the place of that of the version before.
    pub(super) async fn swap(&self, entry: Entry, row: Row) -> Result<Swapped, Fault> {
        match self {
            Self::Memory(memory) => Ok(memory.swap(entry, row)),
            Self::Redis(_) => Err(missing()),
        }
    }

    /// Moves the end of a session that has not ended.
    pub(super) async fn touch(&self, entry: Entry, idle_until: Duration) -> Result<(), Fault> {
        match self {
            Self::Memory(memory) => memory.touch(entry, idle_until),
            Self::Redis(_) => return Err(missing()),
        }
        Ok(())
    }

    /// Ends a session, and leaves a mark; whether there was one.
    pub(super) async fn end(&self, entry: Entry) -> Result<bool, Fault> {
        match self {
            Self::Memory(memory) => Ok(memory.end(entry)),
            Self::Redis(_) => Err(missing()),
        }
    }

    /// The sessions of an index, or all.
    pub(super) async fn list(&self, index: Option<Hash>) -> Result<Vec<Listed>, Fault> {
        match self {
            Self::Memory(memory) => Ok(memory.list(index)),
            Self::Redis(_) => Err(missing()),
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
            Self::Memory(memory) => Ok(memory.once(what, until, now)),
            Self::Redis(_) => Err(missing()),
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
            Self::Memory(memory) => Ok(memory.lease(entry, owner, until, now)),
            Self::Redis(_) => Err(missing()),
        }
    }

    /// Gives a lease back.
    pub(super) async fn release(&self, entry: Entry, owner: Hash) -> Result<(), Fault> {
        match self {
            Self::Memory(memory) => memory.release(entry, owner),
            Self::Redis(_) => return Err(missing()),
        }
        Ok(())
    }
}

fn missing() -> Fault {
    Fault::internal("not there yet")
}
