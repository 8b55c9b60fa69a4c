//! When by the clock of Redis a moment was that this process counts.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use crate::cache::tags::Tick;

/// The last moments, by the count of this process, with their times by the clock of Redis.
#[derive(Default)]
pub(super) struct Heard(Mutex<VecDeque<(Tick, u64)>>);

/// A lease is over long before so many.
const ROOM: usize = 1024;

impl Heard {
    pub(super) fn note(&self, tick: Tick, time: u64) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match all.back_mut() {
            Some(last) if last.0 == tick => last.1 = time,
            _ => all.push_back((tick, time)),
        }
        if all.len() > ROOM {
            all.pop_front();
        }
    }

    /// When that was: the last time up to then that is known; 0 where it is not known, as it is not after a long time.
    pub(super) fn at(&self, tick: Tick) -> u64 {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = all.iter().rev().find(|(other, _)| *other <= tick);
        found.map_or(0, |(_, time)| *time)
    }
}
