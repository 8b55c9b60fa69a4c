//! What counts until some time, in this process.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::time::Duration;

/// Values by key, each with an end. Those that have ended are thrown away when others come.
pub(super) struct Timed<K, V> {
    values: HashMap<K, (V, Duration)>,
    ends: BTreeSet<(Duration, K)>,
}

impl<K: Copy + Hash + Ord, V> Timed<K, V> {
    /// The value of a key, unless it has ended.
    pub(super) fn get(&self, key: &K, now: Duration) -> Option<&V> {
        self.values.get(key).filter(|(_, until)| now < *until).map(|(value, _)| value)
    }

    /// Sets the value of a key.
    pub(super) fn put(&mut self, key: K, value: V, until: Duration, now: Duration) {
        while let Some((_, ended)) = self.ends.first().copied().filter(|(end, _)| *end <= now) {
            self.remove(&ended);
        }
        self.remove(&key);
        self.values.insert(key, (value, until));
        self.ends.insert((until, key));
    }

    /// Takes a key away.
    pub(super) fn remove(&mut self, key: &K) {
        if let Some((_, until)) = self.values.remove(key) {
            self.ends.remove(&(until, *key));
        }
    }

    /// Takes away the one that ends first.
    pub(super) fn remove_first(&mut self) {
        if let Some((_, first)) = self.ends.first().copied() {
            self.remove(&first);
        }
    }

    /// How many there are, with those that have ended and were not yet thrown away.
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }
}

impl<K, V> Default for Timed<K, V> {
    fn default() -> Self {
        Self { values: HashMap::new(), ends: BTreeSet::new() }
    }
}
