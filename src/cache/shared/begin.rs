//! Asking Redis for an entry.

use std::sync::atomic::Ordering;

use tokio::time::{Instant, timeout_at};

use super::announce::named;
use super::record::{Answer, Record};
use super::scripts::BEGIN;
use super::{ALL, Begun, Lease, Shared, leased, recorded};
use crate::cache::entries::Entries;
use crate::cache::entry::Payload;
use crate::cache::key::Key;
use crate::cache::tags::Tick;
use crate::store::{Away, Redis, cmd};

/// Whether a record counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Good,
    Gone,
    /// It cannot be told.
    Unsure,
}

impl Shared {
    /// What there is for a key that this process has nothing good for. `began` is now, before it is fetched; `since` the
    /// last moment at which one of its tags was revalidated, as far as they are known: who began before is not waited for.
    /// Takes no longer than `[stores] redis.timeout`, all in all.
    pub async fn begin<T: Payload>(
        &self,
        redis: &Redis,
        entries: &Entries<T>,
        key: &Key,
        began: Tick,
        since: Tick,
    ) -> Begun<T> {
        if !self.is_here() {
            return Begun::Away;
        }
        let until = Instant::now() + self.target.timeout;
        let asked = Asked { redis, key, owner: self.owner(), since: self.heard.at(since) };
        let Ok(answer) = asked.begin(0).await else { return Begun::Away };
        let (now, what, record_began) = (answer.0, answer.1.clone(), answer.2);
        let is_ours = what == "ours";
        if what == "theirs" {
            return Begun::Theirs;
        }
        let (standing, entry) = match Record::read(answer) {
            Some(record) => {
                let standing = timeout_at(until, self.standing(redis, &record)).await;
                (standing.unwrap_or(Standing::Unsure), record.entry(entries, began))
            }
            None => (Standing::Gone, None),
        };
        match (standing, entry) {
            (Standing::Good, Some(entry)) if is_ours => Begun::Ours(asked.lease(now), Some(entry)),
            _ if is_ours => Begun::Ours(asked.lease(now), None),
            (Standing::Good, Some(entry)) => {
                entries.keep(*key, &entry);
                Begun::Found(entry)
            }
            (Standing::Unsure, _) => Begun::Away,
            // What cannot be read is as good as gone.
            (Standing::Gone | Standing::Good, _) => {
                let again = asked.begin(record_began.unwrap_or(0));
                match timeout_at(until, again).await {
                    Ok(Ok((now, what, ..))) if what == "ours" => {
                        Begun::Ours(asked.lease(now), None)
                    }
                    Ok(Ok((_, what, ..))) if what == "theirs" => Begun::Theirs,
                    _ => Begun::Away,
                }
            }
        }
    }

    /// Whether a record counts: none of its tags may have been revalidated after it began.
    async fn standing(&self, redis: &Redis, record: &Record) -> Standing {
        // Asked here, between the two questions: what is not there any more is in Redis by now; and what comes there after
        // this is later than the question for the entry, by the count of this process.
        if self.untold.has(&record.tags) {
            return Standing::Unsure;
        }
        let mut ask = cmd("MGET");
        ask.arg(ALL).arg(record.tags.iter().map(named).collect::<Vec<_>>());
        let times: Result<Vec<Option<u64>>, Away> = redis.ask(&ask).await;
        let Ok(times) = times else { return Standing::Unsure };
        let last = times.into_iter().flatten().max().unwrap_or(0);
        let margin = if self.target.is_one_server() { 0 } else { MARGIN };
        match record.began {
            began if last.saturating_add(margin) < began || last == 0 => Standing::Good,
            began if last < began => Standing::Unsure,
            _ => Standing::Gone,
        }
    }

    fn owner(&self) -> [u8; 24] {
        let mut owner = [0; 24];
        owner[..16].copy_from_slice(&self.name);
        let number = self.leases.fetch_add(1, Ordering::Relaxed);
        owner[16..].copy_from_slice(&number.to_be_bytes());
        owner
    }
}

/// A question for a key.
struct Asked<'a> {
    redis: &'a Redis,
    key: &'a Key,
    owner: [u8; 24],
    since: u64,
}

impl Asked<'_> {
    /// `gone`: when a record began that does not count.
    async fn begin(&self, gone: u64) -> Result<Answer, Away> {
        let mut call = BEGIN.key(recorded(self.key));
        call.key(leased(self.key)).arg(&self.owner[..]).arg(LEASE).arg(self.since).arg(gone);
        self.redis.run(&call).await
    }

    fn lease(&self, began: u64) -> Lease {
        Lease { owner: self.owner, began }
    }
}

/// Milliseconds that a lease lasts that nobody holds any more.
pub(super) const LEASE: u64 = 1000;
/// Microseconds that clocks of servers may differ by.
const MARGIN: u64 = 1_000_000;
