//! A part of the sessions in memory.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use super::row::{Entry, Hash, Listed, MARK, Row};

/// A part of the sessions in memory, and the marks of those that have ended.
#[derive(Default)]
pub(super) struct Shard {
    kept: HashMap<Entry, Kept>,
    ends: BTreeSet<(Duration, Entry)>,
}

enum Kept {
    Live(Row),
    /// It has ended; nobody writes it back before this.
    Ended(Duration),
}

/// What is there no more.
pub(super) struct Gone {
    pub(super) entry: Entry,
    /// The indexes that had it.
    pub(super) indexes: [Option<Hash>; 2],
    /// Bytes.
    pub(super) size: usize,
}

impl Shard {
    /// Whether there was nothing before.
    pub(super) fn insert(&mut self, entry: Entry, row: Row) -> bool {
        let new = !self.kept.contains_key(&entry);
        if new {
            self.put(entry, Kept::Live(row));
        }
        new
    }

    /// The row of a session that has not ended.
    pub(super) fn get(&self, entry: &Entry, now: Duration) -> Option<&Row> {
        match self.kept.get(entry)? {
            Kept::Live(row) if now < row.until() => Some(row),
            _ => None,
        }
    }

    /// The same, to change anything but its end.
    pub(super) fn get_mut(&mut self, entry: &Entry, now: Duration) -> Option<&mut Row> {
        match self.kept.get_mut(entry)? {
            Kept::Live(row) if now < row.until() => Some(row),
            _ => None,
        }
    }

    pub(super) fn touch(&mut self, entry: &Entry, from: Duration, to: Duration, now: Duration) {
        let Some(row) = self.get_mut(entry, now) else { return };
        let before = row.until();
        if row.touch(from, to) {
            let after = row.until();
            self.ends.remove(&(before, *entry));
            self.ends.insert((after, *entry));
        }
    }

    /// Leaves a mark where there was a session that had not ended.
    pub(super) fn end(&mut self, entry: &Entry, now: Duration) -> Option<Gone> {
        let gone = Gone::new(*entry, self.get(entry, now)?);
        self.put(*entry, Kept::Ended(now + MARK));
        Some(gone)
    }

    pub(super) fn listed(&self, now: Duration) -> Vec<Listed> {
        let live = self.kept.keys().filter_map(|entry| Some((entry, self.get(entry, now)?)));
        live.map(|(entry, row)| row.listed(*entry)).collect()
    }

    /// Throws away what has ended, up to a number of it.
    pub(super) fn sweep(&mut self, now: Duration, most: usize) -> Vec<Gone> {
        let mut gone = Vec::new();
        while gone.len() < most
            && let Some((end, entry)) = self.ends.first().copied()
            && end <= now
        {
            self.ends.pop_first();
            gone.push(match self.kept.remove(&entry) {
                Some(Kept::Live(row)) => Gone::new(entry, &row),
                _ => Gone { entry, indexes: [None, None], size: Gone::MARK },
            });
        }
        gone
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.kept.is_empty() && self.ends.is_empty()
    }

    fn put(&mut self, entry: Entry, kept: Kept) {
        let until = kept.until();
        if let Some(before) = self.kept.insert(entry, kept) {
            self.ends.remove(&(before.until(), entry));
        }
        self.ends.insert((until, entry));
    }
}

impl Kept {
    fn until(&self) -> Duration {
        match self {
            Self::Live(row) => row.until(),
            Self::Ended(until) => *until,
        }
    }
}

impl Gone {
    /// What a mark takes in memory, about.
    pub(super) const MARK: usize = 160;

    fn new(entry: Entry, row: &Row) -> Self {
        Self { entry, indexes: [Some(row.subject()), row.sid], size: row.size() }
    }
}

impl Row {
    /// What it takes in memory, about, with its place in the indexes.
    pub(super) fn size(&self) -> usize {
        const WITHOUT_TEXT: usize = 640;
        let about = &self.about;
        let texts = [&about.frontend, &about.login, &about.issuer, &about.subject];
        WITHOUT_TEXT + self.sealed.len() + texts.map(String::len).iter().sum::<usize>()
    }
}
