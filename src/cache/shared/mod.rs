//! The entries that all instances share, in Redis, and what they tell each other.
//!
//! - `frontdesk:cache:entry:{HEX}` is a record, HEX its key: a hash of `began` and `made` (microseconds since 1970), `fresh`
//!   (until when it is served as it is), `lives`, `tags` and `payload`.
//! - `frontdesk:cache:lease:{HEX}` says since when who makes it.
//! - `frontdesk:cache:tag:HEX` is when a tag was revalidated last, `frontdesk:cache:all` when all was. A record counts where
//!   it began after that.
//! - `frontdesk:cache:run` names the servers that have written this: what others took over may lack the last of it.
//! - The channel `frontdesk:cache:revalidated` tells what is revalidated, `frontdesk:cache:beacon:HEX` that an instance can
//!   still hear it.
//!
//! A reply may be made of what is older than the question for it, as an answer that was kept. It is good as far as whoever
//! made it had heard when it began, and that is when its record began. What is told comes in order, so a beacon says up to
//! when all was heard; and as long as nothing else is heard, that holds for what began before it came, too.
//!
//! All time is the time of Redis. Each ends by itself, a record before the times of its tags.

mod announce;
mod begin;
mod heard;
mod keep;
mod link;
mod record;
mod scripts;
#[cfg(test)]
mod tests;
mod untold;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

pub use announce::Announced;
use heard::Heard;
use untold::Untold;

use super::entry::Entry;
use super::key::Key;
use crate::store::Target;

/// What an instance knows of the others. One serves all workers.
pub struct Shared {
    target: Target,
    away_ttl: Duration,
    /// Bytes of a record's payload, at most.
    max_shared: usize,
    /// Who this is, for the others.
    name: [u8; 16],
    /// How many leases there were.
    leases: AtomicU64,
    /// It is heard what others revalidate.
    is_here: AtomicBool,
    /// When Redis was back after it was away, by its clock; 0 where it never was.
    back: AtomicU64,
    untold: Untold,
    /// When what this process counts was revalidated.
    heard: Heard,
    /// Up to when all that was revalidated had been heard: by whatever began at that count.
    upto: Heard,
}

/// What there is for a key in Redis.
pub enum Begun<T> {
    /// An entry that may be served as it is; this process keeps it now, too.
    Found(Arc<Entry<T>>),
    /// It falls to this instance to fetch it. An entry whose time is over may be there.
    Ours(Lease, Option<Arc<Entry<T>>>),
    /// Nothing yet: another instance fetches it. An entry whose time is over may be there.
    Theirs(Option<Arc<Entry<T>>>),
    /// Redis is away, or cannot be relied on: each instance fetches for itself. Where there was no answer in time, the lease
    /// may have been taken, and is to be given back all the same.
    Away(Option<Lease>),
}

/// That it falls to this instance to fetch what a key stands for.
pub struct Lease {
    owner: [u8; 24],
    /// When it began: microseconds by the clock of Redis; the end of time where it is not known.
    began: u64,
}

impl Shared {
    /// Knows nothing yet, and nobody. `max_shared` are the bytes from which on an entry is kept in this process only: while a
    /// large one is on its way, nothing else is.
    pub fn new(target: Target, away_ttl: Duration, max_shared: usize) -> Self {
        Self {
            target,
            away_ttl,
            max_shared,
            name: uuid::Uuid::new_v4().into_bytes(),
            leases: AtomicU64::new(0),
            is_here: AtomicBool::new(false),
            back: AtomicU64::new(0),
            untold: Untold::default(),
            heard: Heard::default(),
            upto: Heard::default(),
        }
    }

    /// Whether it is heard what others revalidate.
    pub fn is_here(&self) -> bool {
        self.is_here.load(Ordering::Acquire)
    }
}

fn recorded(key: &Key) -> String {
    format!("frontdesk:cache:entry:{{{}}}", hex(key.bytes()))
}

fn leased(key: &Key) -> String {
    format!("frontdesk:cache:lease:{{{}}}", hex(key.bytes()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What all instances listen to.
const CHANNEL: &str = "frontdesk:cache:revalidated";
/// When all was revalidated.
const ALL: &str = "frontdesk:cache:all";
