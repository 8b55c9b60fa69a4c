//! What is asked once, however many need it, on whatever worker: the first to ask does, the others wait for what comes of
//! it. And how long something that has failed is left alone.

mod rests;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

pub use rests::Rests;

/// Questions under way, by what is asked. One serves all workers.
pub struct Flights<K, V>(Mutex<HashMap<K, watch::Receiver<Option<V>>>>);

/// A question under way.
pub struct Flight<V>(watch::Receiver<Option<V>>);

/// To whom it falls to ask. Dropped without an answer, it lets those who wait know that there will be none.
pub struct Takeoff<K: Hash + Eq, V> {
    flights: Arc<Flights<K, V>>,
    key: K,
    sender: watch::Sender<Option<V>>,
}

impl<K: Hash + Eq + Clone, V: Clone> Flights<K, V> {
    /// The question under way for a key; and, where there was none, the task of asking it.
    pub fn join(self: &Arc<Self>, key: &K) -> (Flight<V>, Option<Takeoff<K, V>>) {
        let mut all = self.all();
        if let Some(flight) = all.get(key) {
            return (Flight(flight.clone()), None);
        }
        let (sender, flight) = watch::channel(None);
        all.insert(key.clone(), flight.clone());
        (Flight(flight), Some(Takeoff { flights: Arc::clone(self), key: key.clone(), sender }))
    }
}

impl<K, V> Flights<K, V> {
    fn all(&self) -> MutexGuard<'_, HashMap<K, watch::Receiver<Option<V>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K, V> Default for Flights<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<V: Clone> Flight<V> {
    /// The answer; nothing where whoever asked has gone without one, as a worker that ends does.
    pub async fn landed(mut self) -> Option<V> {
        let landed = self.0.wait_for(Option::is_some).await;
        landed.ok().and_then(|answer| answer.clone())
    }
}

impl<K: Hash + Eq, V> Takeoff<K, V> {
    /// Gives the answer to all who wait. Who asks from now on asks anew.
    pub fn land(self, answer: V) {
        self.sender.send_replace(Some(answer));
    }
}

impl<K: Hash + Eq, V> Drop for Takeoff<K, V> {
    fn drop(&mut self) {
        self.flights.all().remove(&self.key);
    }
}
