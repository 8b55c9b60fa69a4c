//! Revalidations that not all instances know of yet.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::cache::tags::Tag;

/// Revalidations that Redis has not been told of yet. When there are too many, all is meant.
#[derive(Default)]
pub(super) struct Untold(Mutex<State>);

#[derive(Default)]
struct State {
    /// What is to be told, and which revalidation was the last to ask for it.
    tags: HashMap<Tag, u64>,
    all: Option<u64>,
    count: u64,
}

/// What is to be told at one time.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Batch {
    /// None: all.
    pub(super) tags: Vec<Tag>,
    upto: u64,
}

/// So many are told one by one.
const ROOM: usize = 4096;

impl Untold {
    /// These are to be told.
    pub(super) fn add(&self, tags: &[Tag]) -> Batch {
        let mut state = self.state();
        state.count += 1;
        let upto = state.count;
        if state.all.is_some() || state.tags.len() + tags.len() > ROOM {
            state.tags.clear();
            state.all = Some(upto);
            return Batch { tags: Vec::new(), upto };
        }
        state.tags.extend(tags.iter().map(|tag| (*tag, upto)));
        Batch { tags: tags.to_vec(), upto }
    }

    /// All is to be told.
    pub(super) fn add_all(&self) {
        let mut state = self.state();
        state.count += 1;
        state.tags.clear();
        state.all = Some(state.count);
    }

    /// What is still to be told, if there is anything.
    pub(super) fn left(&self) -> Option<Batch> {
        let state = self.state();
        let tags: Vec<Tag> = state.tags.keys().copied().collect();
        let is_empty = tags.is_empty() && state.all.is_none();
        (!is_empty).then_some(Batch { tags, upto: state.count })
    }

    /// They were told. What was to be told again meanwhile still is.
    pub(super) fn told(&self, batch: &Batch) {
        let mut state = self.state();
        if batch.tags.is_empty() {
            state.all = state.all.filter(|number| *number > batch.upto);
        }
        for tag in &batch.tags {
            if state.tags.get(tag).is_some_and(|number| *number <= batch.upto) {
                state.tags.remove(tag);
            }
        }
    }

    /// Whether one of these is to be told.
    pub(super) fn has(&self, tags: &[Tag]) -> bool {
        let state = self.state();
        state.all.is_some() || tags.iter().any(|tag| state.tags.contains_key(tag))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
