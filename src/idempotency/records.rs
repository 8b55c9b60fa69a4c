//! One way to all stores.

use std::time::Duration;

use bytes::Bytes;

use super::claim::{Begun, Claim};
use super::file::File;
use super::memory::Memory;
use super::redis;
use crate::fault::Fault;
use crate::store::Redis;

/// Where records are, as all workers share it.
pub enum Store {
    /// In this process.
    Memory(Memory),
    /// In a file on this machine.
    File(File),
    /// In Redis: each worker has its own connection.
    Redis,
}

/// Records, as a worker reaches them.
#[derive(Clone, Copy)]
pub enum Records<'a> {
    /// In this process.
    Memory(&'a Memory),
    /// In a file on this machine.
    File(&'a File),
    /// In Redis.
    Redis(&'a Redis),
}

impl Records<'_> {
    /// What is known of a claim's key. A new one is held for `lease`.
    ///
    /// # Errors
    /// 503 `STORE_UNAVAILABLE`: it may be held, or not; release it.
    pub async fn begin(&self, claim: &Claim, lease: Duration) -> Result<Begun, Fault> {
        match self {
            Self::Memory(memory) => Ok(memory.begin(claim, lease)),
            Self::File(file) => file.begin(claim, lease).await,
            Self::Redis(at) => redis::begin(at, claim, lease).await,
        }
    }

    /// To be said right before something is changed: from now on the key is not free again before `keep` and the lease
    /// are over, also when this process dies. `false` where this claim does not hold it any more: its lease was over.
    ///
    /// # Errors
    /// 503 `STORE_UNAVAILABLE`: nothing may be changed.
    pub async fn sent(&self, claim: &Claim, keep: Duration) -> Result<bool, Fault> {
        match self {
            Self::Memory(memory) => Ok(memory.sent(claim, keep)),
            Self::File(file) => file.sent(claim, keep).await,
            Self::Redis(at) => redis::sent(at, claim, keep).await,
        }
    }

    /// Keeps a record, which later ones get for as long as `keep`. `false` where the key is somebody else's by now.
    ///
    /// # Errors
    /// 503 `STORE_UNAVAILABLE`.
    pub async fn finish(
        &self,
        claim: &Claim,
        record: Bytes,
        keep: Duration,
    ) -> Result<bool, Fault> {
        match self {
            Self::Memory(memory) => Ok(memory.finish(claim, record, keep)),
            Self::File(file) => file.finish(claim, record, keep).await,
            Self::Redis(at) => redis::finish(at, claim, record, keep).await,
        }
    }

    /// Makes the key free, if it is this claim's: nothing was changed.
    ///
    /// # Errors
    /// 503 `STORE_UNAVAILABLE`.
    pub async fn release(&self, claim: &Claim) -> Result<(), Fault> {
        match self {
            Self::Memory(memory) => {
                memory.release(claim);
                Ok(())
            }
            Self::File(file) => file.release(claim).await,
            Self::Redis(at) => redis::release(at, claim).await,
        }
    }
}
