//! How long something that has failed is left alone.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_lc_rs::rand;

/// What has failed, and until when it is left alone: a second, and twice as long each further time, half a minute at
/// most. A part of that is left to chance, so that not all who failed at once come back at once. One serves all workers.
pub struct Rests<K>(Mutex<State<K>>);

struct State<K> {
    failed: HashMap<K, Failed>,
    /// So many are kept before the old ones are looked for.
    room: usize,
}

struct Failed {
    times: u32,
    again_at: Duration,
}

/// After the first failure.
const FIRST: Duration = Duration::from_secs(1);
/// However often it has failed.
const LONGEST: Duration = Duration::from_secs(30);
/// What was left alone and then not asked for this long has not failed any more.
const FORGOTTEN: Duration = Duration::from_secs(60);
const ROOM: usize = 1024;

impl<K: Hash + Eq> Rests<K> {
    /// How much longer something is left alone; nothing where it may be tried. `now` is of a clock that nobody sets back.
    pub fn left(&self, key: &K, now: Duration) -> Option<Duration> {
        let again_at = self.state().failed.get(key)?.again_at;
        again_at.checked_sub(now).filter(|left| !left.is_zero())
    }

    /// It has failed: how long it is left alone.
    pub fn fail(&self, key: K, now: Duration) -> Duration {
        let mut state = self.state();
        state.sweep(now);
        let failed = state.failed.entry(key).or_insert(Failed { times: 0, again_at: now });
        let rest = FIRST.saturating_mul(1 << failed.times.min(5)).min(LONGEST);
        let rest = rest.mul_f64(0.75 + 0.25 * chance());
        failed.times += 1;
        failed.again_at = now + rest;
        rest
    }

    /// It has not failed this time.
    pub fn clear(&self, key: &K) {
        self.state().failed.remove(key);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.state().failed.len()
    }

    fn state(&self) -> MutexGuard<'_, State<K>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq> State<K> {
    /// Rare enough that each failure pays for a few looks only.
    fn sweep(&mut self, now: Duration) {
        if self.failed.len() >= self.room {
            self.failed.retain(|_, failed| now < failed.again_at + FORGOTTEN);
            self.room = ROOM.max(self.failed.len() * 2);
        }
    }
}

impl<K> Default for Rests<K> {
    fn default() -> Self {
        Self(Mutex::new(State { failed: HashMap::new(), room: ROOM }))
    }
}

/// From 0 to 1; 1 where the system has no randomness.
fn chance() -> f64 {
    let mut byte = [u8::MAX];
    let _ = rand::fill(&mut byte);
    f64::from(byte[0]) / f64::from(u8::MAX)
}
