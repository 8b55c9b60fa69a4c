//! An entry as Redis has it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::cache::entries::Entries;
use crate::cache::entry::{Entry, Lives, Payload};
use crate::cache::tags::{Tag, Tick};

/// What [`super::scripts::BEGIN`] answers: the time, what it is, and the record.
pub(super) type Answer =
    (u64, String, Option<u64>, Option<u64>, Option<Vec<u8>>, Option<Vec<u8>>, Option<Vec<u8>>);

/// An entry as Redis has it.
pub(super) struct Record {
    /// The moment before it was fetched: microseconds by the clock of Redis.
    pub(super) began: u64,
    pub(super) tags: Vec<Tag>,
    age: Duration,
    lives: Lives,
    payload: Bytes,
}

impl Record {
    /// What was answered; nothing where there is no record, or none that can be read.
    pub(super) fn read(answer: Answer) -> Option<Self> {
        let (now, _, began, made, lives, tags, payload) = answer;
        Some(Self {
            began: began?,
            tags: read_tags(&tags?)?,
            age: Duration::from_micros(now.saturating_sub(made?)),
            lives: read_lives(&lives?)?,
            payload: Bytes::from(payload?),
        })
    }

    /// As an entry of this process, that it asked for at `began`.
    pub(super) fn entry<T: Payload>(
        self,
        entries: &Entries<T>,
        began: Tick,
    ) -> Option<Arc<Entry<T>>> {
        let made_at = entries.now().saturating_sub(self.age);
        let payload = T::decode(self.payload)?;
        Some(Arc::new(Entry::new(payload, self.tags.into(), began, made_at, self.lives)))
    }
}

/// Sixteen bytes each.
pub(super) fn write_tags(tags: &[Tag]) -> Vec<u8> {
    tags.iter().flat_map(|tag| tag.0).collect()
}

/// What [`write_tags`] has written.
pub(super) fn read_tags(bytes: &[u8]) -> Option<Vec<Tag>> {
    let (tags, rest) = bytes.as_chunks();
    rest.is_empty().then(|| tags.iter().map(|tag| Tag(*tag)).collect())
}

/// Microseconds, eight bytes each.
pub(super) fn write_lives(lives: &Lives) -> Vec<u8> {
    let Lives { fresh, stale, if_error, reuse } = *lives;
    [fresh, stale, if_error, reuse]
        .into_iter()
        .flat_map(|life| micros(life).to_be_bytes())
        .collect()
}

/// What [`write_lives`] has written.
pub(super) fn read_lives(bytes: &[u8]) -> Option<Lives> {
    let (lives, []) = bytes.as_chunks() else { return None };
    let [fresh, stale, if_error, reuse] = *<&[_; 4]>::try_from(lives).ok()?;
    let life = |bytes| Duration::from_micros(u64::from_be_bytes(bytes));
    let [fresh, stale, if_error, reuse] = [fresh, stale, if_error, reuse].map(life);
    Some(Lives { fresh, stale, if_error, reuse })
}

pub(super) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
