//! `[stores]`

use std::path::PathBuf;

use crate::store::Target;

/// Where state lives.
#[derive(Debug)]
pub struct Stores {
    /// Sessions of logins.
    pub sessions: Place,
    /// Counters of rate limits.
    pub rate_limits: Place,
    /// Replies kept for idempotency, and webhook deliveries.
    pub idempotency: Place,
    /// Answers and replies that are kept: in this process, and shared by all instances behind it.
    pub cache: Place,
    /// Bytes of records where `idempotency` is `Place::Memory`, and of sessions where `sessions` is; of those in a file
    /// so many bytes are at hand.
    pub max_memory: usize,
    /// What `Place::File` means.
    pub file: PathBuf,
    /// What `Place::Redis` means; there where a place is one.
    pub redis: Option<Target>,
}

/// Where something is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In this process.
    Memory,
    /// In a file on this machine.
    File,
    /// Shared by all instances.
    Redis,
}
