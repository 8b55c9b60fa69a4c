//! The budgets that are not full, in bounded memory.
//!
//! What is kept of a key is governor's *theoretical arrival time*: when its budget is full again. From then on the key is
//! as good as never seen, and is dropped: piece by piece while others are counted, so that nobody waits for all of it.
//! When there are too many all the same, the fullest budgets are dropped, which loses least: not those of the keys that
//! are at their limit.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use foldhash::fast::RandomState;
use governor::nanos::Nanos;
use governor::state::StateStore;

/// Which budget, how, and when (in nanoseconds).
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Ask {
    pub(super) key: u128,
    /// Otherwise it is only looked at.
    pub(super) spend: bool,
    pub(super) now: u64,
}

/// The budgets of one policy, in parts with a lock each.
pub(super) struct Budgets {
    parts: Vec<Mutex<Part>>,
    hasher: RandomState,
    /// Counts the sweeps: the part that is next.
    sweeps: AtomicU64,
    /// When the next sweep is due.
    due: AtomicU64,
    most: usize,
}

type Part = HashMap<u128, Nanos, RandomState>;

const PARTS: usize = 64;
/// Keys of one part: 2^20 of a policy, which take 64 MiB at most.
const MOST: usize = (1 << 20) / PARTS;
/// Nanoseconds between two sweeps: each part has its turn once in 6.4 s.
const PAUSE: u64 = 100_000_000;

impl Budgets {
    pub(super) fn new() -> Self {
        Self::with_most(MOST)
    }

    pub(super) fn with_most(most: usize) -> Self {
        Self {
            parts: (0..PARTS).map(|_| Mutex::default()).collect(),
            hasher: RandomState::default(),
            sweeps: AtomicU64::new(0),
            due: AtomicU64::new(PAUSE),
            most,
        }
    }

    /// The part of a key; which one, nobody outside can foresee.
    fn part(&self, key: u128) -> MutexGuard<'_, Part> {
        self.lock(self.hasher.hash_one(key))
    }

    fn lock(&self, number: u64) -> MutexGuard<'_, Part> {
        let index = number as usize % self.parts.len();
        self.parts[index].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sweeps one part, if it is time. Only one thread does.
    fn sweep(&self, now: u64) {
        let due = self.due.load(Ordering::Relaxed);
        if now < due {
            return;
        }
        let next = now + PAUSE;
        let mine =
            self.due.compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if mine {
            drop_full(&mut self.lock(self.sweeps.fetch_add(1, Ordering::Relaxed)), now);
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        (0..PARTS as u64).map(|part| self.lock(part).len()).sum()
    }

    #[cfg(test)]
    pub(super) fn room(&self) -> usize {
        (0..PARTS as u64).map(|part| self.lock(part).capacity()).sum()
    }
}

impl StateStore for Budgets {
    type Key = Ask;

    fn measure_and_replace<T, F, E>(&self, ask: &Ask, f: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        self.sweep(ask.now);
        let mut part = self.part(ask.key);
        let (answer, full_at) = f(part.get(&ask.key).copied())?;
        if ask.spend && part.insert(ask.key, full_at).is_none() && part.len() > self.most {
            drop_full(&mut part, ask.now);
            drop_fullest(&mut part, self.most);
        }
        Ok(answer)
    }
}

fn drop_full(part: &mut Part, now: u64) {
    part.retain(|_, full_at| full_at.as_u64() > now);
    part.shrink_to(2 * part.len());
}

/// Makes room for a half, so that it need not be done again soon.
fn drop_fullest(part: &mut Part, most: usize) {
    if part.len() <= most / 2 {
        return;
    }
    let mut times: Vec<Nanos> = part.values().copied().collect();
    let middle = times.len() / 2;
    let (_, &mut middle, _) = times.select_nth_unstable(middle);
    let mut same = part.len() / 2;
    part.retain(|_, full_at| {
        // Of those that are equally full, as many go as must.
        let goes = *full_at <= middle && same > 0;
        same -= usize::from(goes);
        !goes
    });
}
