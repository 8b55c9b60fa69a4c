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
    /// Where `wants_old`, this process keeps also what is found but over.
    /// Takes no longer than `[stores] redis.timeout`, all in all.
    pub async fn begin<T: Payload>(
        &self,
        redis: &Redis,
        entries: &Entries<T>,
        key: &Key,
        (began, since): (Tick, Tick),
        wants_old: bool,
    ) -> Begun<T> {
        if !self.is_here() {
            return Begun::Away(None);
        }
        let until = Instant::now() + self.target.timeout;
        let asked =
            Asked { redis, key, owner: self.owner(), since: self.heard.at(since), wants_old };
        let Ok(answer) = asked.begin(0).await else { return asked.unanswered() };
        let (now, what, record_began) = (answer.0, answer.1.clone(), answer.2);
        let (standing, entry) = match Record::read(answer) {
            Some(record) => {
                let standing = timeout_at(until, self.standing(redis, &record, now)).await;
                (standing.unwrap_or(Standing::Unsure), record.entry(entries, began))
            }
            None => (Standing::Gone, None),
        };
        let good = entry.filter(|_| standing == Standing::Good);
        if let Some(entry) = good.as_ref().filter(|_| wants_old || what == FOUND) {
            entries.keep(*key, entry);
        }
        match (what.as_str(), good) {
            (OURS, old) => Begun::Ours(asked.lease(now), old),
            (THEIRS, old) => Begun::Theirs(old),
            (_, Some(entry)) => Begun::Found(entry),
            _ if standing == Standing::Unsure => Begun::Away(None),
            // What cannot be read is as good as gone.
            _ => {
                let again = asked.begin_after(record_began.unwrap_or(0));
                timeout_at(until, again).await.unwrap_or_else(|_| asked.unanswered())
            }
        }
    }

    /// Whether a record counts: none of its tags may have been revalidated after it began.
    async fn standing(&self, redis: &Redis, record: &Record, now: u64) -> Standing {
        // Others may not have told yet what they could not tell while Redis was away.
        let back = self.back.load(Ordering::Acquire);
        if back > 0 && record.began <= back && (back..back.saturating_add(DOUBT)).contains(&now) {
            return Standing::Gone;
        }
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
    wants_old: bool,
}

impl Asked<'_> {
    /// `gone`: when a record began that does not count.
    async fn begin(&self, gone: u64) -> Result<Answer, Away> {
        let mut call = BEGIN.key(recorded(self.key));
        call.key(leased(self.key)).arg(&self.owner[..]).arg(LEASE).arg(self.since).arg(gone);
        call.arg(u8::from(self.wants_old));
        self.redis.run(&call).await
    }

    /// Where that record is the one that there is, or there is none.
    async fn begin_after<T>(&self, gone: u64) -> Begun<T> {
        match self.begin(gone).await {
            Ok((now, what, ..)) if what == OURS => Begun::Ours(self.lease(now), None),
            Ok((_, what, ..)) if what == THEIRS => Begun::Theirs(None),
            // Another one has come meanwhile, whose tags nobody has looked at.
            Ok(_) => Begun::Away(None),
            Err(_) => self.unanswered(),
        }
    }

    /// It was asked, and may still be done.
    fn unanswered<T>(&self) -> Begun<T> {
        Begun::Away(Some(self.lease(u64::MAX)))
    }

    fn lease(&self, began: u64) -> Lease {
        Lease { owner: self.owner, began }
    }
}

/// What the script answers.
const FOUND: &str = "found";
const OURS: &str = "ours";
const THEIRS: &str = "theirs";
/// Milliseconds that a lease lasts that nobody holds any more.
pub(super) const LEASE: u64 = 600;
/// Microseconds that clocks of servers may differ by.
const MARGIN: u64 = 1_000_000;
/// Microseconds within which all instances find that Redis is back, and tell it what they could not.
const DOUBT: u64 = 1_000_000;
