//! What is kept in this process.

mod keys;
mod model;
mod room;
mod tags;
mod threads;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;

use super::{Entries, Entry, Key, Lives, Look, Payload, Tag, Tick};
use crate::clock::Clock;

/// A clock that stands still until it is moved.
#[derive(Default)]
pub(super) struct Seconds(AtomicU64);

impl Seconds {
    pub(super) fn advance(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for Seconds {
    fn now(&self) -> Duration {
        Duration::from_secs(1_700_000_000 + self.0.load(Ordering::SeqCst))
    }
}

/// A number, and how many bytes it says that it holds.
#[derive(Debug)]
pub(super) struct Number(pub(super) u64, pub(super) AtomicU64);

impl Payload for Number {
    fn weight(&self) -> usize {
        usize::try_from(self.1.load(Ordering::SeqCst)).expect("a size")
    }

    fn encode(&self) -> Option<Vec<u8>> {
        Some(self.0.to_be_bytes().to_vec())
    }

    fn decode(bytes: Bytes) -> Option<Self> {
        let number = u64::from_be_bytes(bytes.as_ref().try_into().ok()?);
        Some(Self(number, AtomicU64::new(8)))
    }
}

pub(super) fn key(number: u64) -> Key {
    Key::of("test").part(&number.to_be_bytes()).end()
}

pub(super) fn tag(number: u64) -> Tag {
    Tag::of(&format!("tag {number}"))
}

pub(super) fn seconds(fresh: u64, stale: u64, if_error: u64, reuse: u64) -> Lives {
    let [fresh, stale, if_error, reuse] = [fresh, stale, if_error, reuse].map(Duration::from_secs);
    Lives { fresh, stale, if_error, reuse }
}

/// An entry of so many bytes that was made now.
pub(super) fn entry(
    number: u64,
    size: u64,
    tags: &[Tag],
    began: Tick,
    clock: &Seconds,
) -> Arc<Entry<Number>> {
    let payload = Number(number, AtomicU64::new(size));
    Arc::new(Entry::new(payload, tags.into(), began, clock.steady(), seconds(60, 60, 60, 60)))
}

pub(super) fn entries(max_size: usize) -> (Entries<Number>, Arc<Seconds>) {
    let clock = Arc::new(Seconds::default());
    (Entries::new(max_size, Arc::clone(&clock) as Arc<dyn Clock>), clock)
}

/// The number of an entry that may be served as it is.
pub(super) fn fresh(entries: &Entries<Number>, number: u64) -> Option<u64> {
    match entries.look(&key(number)) {
        Look::Fresh(entry) => Some(entry.payload.0),
        _ => None,
    }
}
