//! When by the clock of Redis a revalidation was that this process counts.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use crate::cache::tags::Tick;

/// The last revalidations, by the count of this process, with their times by the clock of Redis.
#[derive(Default)]
pub(super) struct Heard(Mutex<VecDeque<(Tick, u64)>>);

/// A lease is over long before so many.
const ROOM: usize = 1024;

impl Heard {
    pub(super) fn note(&self, tick: Tick, time: u64) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() == ROOM {
            all.pop_front();
        }
        all.push_back((tick, time));
    }

    /// When that was: the time of the last one up to then; 0 where it is not known, as it is not after a long time.
    pub(super) fn at(&self, tick: Tick) -> u64 {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = all.iter().rev().find(|(other, _)| *other <= tick);
        found.map_or(0, |(_, time)| *time)
    }
}
