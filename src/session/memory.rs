//! Sessions in this process: they end with it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::row::{Entry, Hash, Listed, Row, Swapped};

/// Sessions in this process.
#[derive(Default)]
pub struct Memory {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// None: it has ended.
    rows: HashMap<Entry, Option<Row>>,
    once: HashMap<Hash, Duration>,
    leases: HashMap<Entry, (Hash, Duration)>,
}

impl Memory {
    pub(super) fn insert(&self, entry: Entry, row: Row) {
        self.state().rows.insert(entry, Some(row));
    }

    pub(super) fn get(&self, entry: Entry, now: Duration) -> Option<Row> {
        let row = self.state().rows.get(&entry)?.clone()?;
        (now < row.until()).then_some(row)
    }

    pub(super) fn swap(&self, entry: Entry, row: Row) -> Swapped {
        let mut state = self.state();
        let Some(Some(own)) = state.rows.get_mut(&entry) else { return Swapped::Ended };
        if own.version + 1 != row.version {
            return Swapped::Changed;
        }
        *own = row;
        Swapped::Done
    }

    pub(super) fn touch(&self, entry: Entry, idle_until: Duration) {
        if let Some(Some(row)) = self.state().rows.get_mut(&entry) {
            row.idle_until = row.idle_until.max(idle_until);
        }
    }

    pub(super) fn end(&self, entry: Entry) -> bool {
        self.state().rows.insert(entry, None).flatten().is_some()
    }

    pub(super) fn list(&self, index: Option<Hash>) -> Vec<Listed> {
        let state = self.state();
        let rows = state.rows.iter().filter_map(|(entry, row)| Some((*entry, row.as_ref()?)));
        let meant =
            |row: &Row| index.is_none_or(|index| row.subject() == index || row.sid == Some(index));
        rows.filter(|(_, row)| meant(row)).map(|(entry, row)| row.listed(entry)).collect()
    }

    pub(super) fn once(&self, what: Hash, until: Duration, now: Duration) -> bool {
        let mut state = self.state();
        let seen = state.once.get(&what).is_some_and(|until| now < *until);
        state.once.insert(what, until);
        !seen
    }

    pub(super) fn lease(&self, entry: Entry, owner: Hash, until: Duration, now: Duration) -> bool {
        let mut state = self.state();
        let held = state.leases.get(&entry).is_some_and(|(_, until)| now < *until);
        if !held {
            state.leases.insert(entry, (owner, until));
        }
        !held
    }

    pub(super) fn release(&self, entry: Entry, owner: Hash) {
        let mut state = self.state();
        if state.leases.get(&entry).is_some_and(|(own, _)| *own == owner) {
            state.leases.remove(&entry);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Row {
    pub(super) fn listed(&self, entry: Entry) -> Listed {
        let Self { about, idle_until, absolute_until, .. } = self.clone();
        Listed { entry, about, idle_until, absolute_until }
    }
}
