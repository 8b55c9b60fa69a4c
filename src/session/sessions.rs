//! What the rest of the gateway does with sessions.

use std::sync::Arc;
use std::time::Duration;

use super::entries::{Entries, Store};
use super::key::Key;
use super::record::Record;
use super::row::{About, Entry, Hash, Listed, Row, Swapped, Who, hash};
use crate::clock::Clock;
use crate::fault::Fault;
use crate::identity::Identity;
use crate::seal::{Keys, Unsealed};

/// What all workers share.
pub struct Shared {
    /// Where sessions are.
    pub store: Store,
    keys: Arc<Keys>,
    clock: Arc<dyn Clock>,
    idle: Duration,
    absolute: Duration,
}

/// Sessions, as a worker reaches them. Every question may fail with 503 `STORE_UNAVAILABLE`.
#[derive(Clone, Copy)]
pub struct Sessions<'a> {
    shared: &'a Shared,
    entries: Entries<'a>,
}

/// What a cookie leads to.
#[derive(Clone, Debug)]
pub enum Found {
    /// A session.
    Live(Arc<Live>),
    /// None any more: it has ended, or nobody knows of it.
    Ended,
    /// None: the key does not open it, or it is another frontend's.
    Forged,
}

/// A session that has not ended.
#[derive(Debug)]
pub struct Live {
    /// What the browser holds.
    pub key: Key,
    /// The NAME of its frontend.
    pub frontend: Arc<str>,
    /// What was sealed.
    pub record: Record,
    /// Who it is.
    pub identity: Arc<Identity>,
    /// Counts the changes of the record.
    pub version: u64,
    /// When it ends without a request, since 1970, as it was when it was read.
    pub idle_until: Duration,
    /// When it ends in any case, since 1970.
    pub absolute_until: Duration,
    about: About,
}

impl Shared {
    /// Sessions in a store that live for `idle` without a request, and for `absolute` at most.
    pub fn new(
        store: Store,
        keys: Arc<Keys>,
        (idle, absolute): (Duration, Duration),
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { store, keys, clock, idle, absolute }
    }

    /// As a worker reaches them.
    pub fn reach<'a>(&'a self, entries: Entries<'a>) -> Sessions<'a> {
        Sessions { shared: self, entries }
    }
}

impl Sessions<'_> {
    /// Begins a session, under an id that nobody knew before.
    ///
    /// # Errors
    /// 503 `STORE_UNAVAILABLE`.
    pub async fn begin(&self, frontend: &Arc<str>, record: Record) -> Result<Arc<Live>, Fault> {
        let key = Key::new().map_err(|_| Fault::internal("no randomness"))?;
        let now = self.shared.clock.now();
        let about = About {
            frontend: frontend.to_string(),
            login: record.login.clone(),
            issuer: record.issuer.clone(),
            subject: record.subject.clone(),
            created_at: now,
        };
        let live = Live {
            identity: Arc::new(record.identity()),
            frontend: Arc::clone(frontend),
            version: 1,
            idle_until: now + self.shared.idle,
            absolute_until: now + self.shared.absolute,
            about,
            record,
            key,
        };
        self.entries.insert(live.key.entry(), self.row(&live)?).await?;
        Ok(Arc::new(live))
    }

    /// The session that a cookie leads to.
    ///
    /// # Errors
    /// 503 `STORE_UNAVAILABLE`.
    pub async fn find(&self, key: &Key, frontend: &Arc<str>) -> Result<Found, Fault> {
        let entry = key.entry();
        let Some(row) = self.entries.get(entry, self.shared.clock.now()).await? else {
            return Ok(Found::Ended);
        };
        let about = aad(entry, frontend, row.version);
        let text = self.shared.keys.open(PURPOSE, key.secret(), &about, &row.sealed);
        let record = text.and_then(|text| serde_json::from_slice::<Record>(&text).ok());
        let Some(record) = record else { return Ok(Found::Forged) };
        Ok(Found::Live(Arc::new(Live {
            key: key.clone(),
            frontend: Arc::clone(frontend),
            identity: Arc::new(record.identity()),
            record,
            version: row.version,
            idle_until: row.idle_until,
            absolute_until: row.absolute_until,
            about: row.about,
        })))
    }

    /// Notes that the session was used: it lives for `idle` from now on, but no longer than `absolute`. Written once in a
    /// while only.
    ///
    /// # Errors
    /// 503 `STORE_UNAVAILABLE`.
    pub async fn touch(&self, live: &Live) -> Result<(), Fault> {
        let until = (self.shared.clock.now() + self.shared.idle).min(live.absolute_until);
        self.entries.touch(live.key.entry(), until).await
    }

    /// Writes another record in the place of that of `live`. Nothing where somebody else has changed it before, or it has
    /// ended: look again.
    ///
    /// # Errors
    /// 503 `STORE_UNAVAILABLE`.
    pub async fn replace(&self, live: &Live, record: Record) -> Result<Option<Arc<Live>>, Fault> {
        let next = Live {
            key: live.key.clone(),
            frontend: Arc::clone(&live.frontend),
            identity: Arc::new(record.identity()),
            record,
            version: live.version + 1,
            idle_until: live.idle_until,
            absolute_until: live.absolute_until,
            about: live.about.clone(),
        };
        let swapped = self.entries.swap(next.key.entry(), self.row(&next)?).await?;
        Ok((swapped == Swapped::Done).then(|| Arc::new(next)))
    }

    /// Ends a session; whether there was one.
    ///
    /// # Errors
    /// 503 `STORE_UNAVAILABLE`.
    pub async fn end(&self, entry: Entry) -> Result<bool, Fault> {
        self.entries.end(entry).await
    }

    /// Ends all of somebody's sessions; how many there were.
    ///
    /// # Errors
    /// 503 `STORE_UNAVAILABLE`: some may have ended.
    pub async fn end_all(&self, who: Who<'_>) -> Result<usize, Fault> {
        let mut ended = 0;
        for listed in self.entries.list(Some(who.index())).await? {
            ended += usize::from(self.entries.end(listed.entry).await?);
        }
        Ok(ended)
    }

    /// Somebody's sessions, or all.
    ///
    /// # Errors
    /// 503 `STORE_UNAVAILABLE`.
    pub async fn list(&self, who: Option<Who<'_>>) -> Result<Vec<Listed>, Fault> {
        self.entries.list(who.map(|who| who.index())).await
    }

    /// True the first time that this is asked with the same parts, for `keep`.
    ///
    /// # Errors
    /// 503 `STORE_UNAVAILABLE`.
    pub async fn once(&self, parts: &[&[u8]], keep: Duration) -> Result<bool, Fault> {
        let now = self.shared.clock.now();
        self.entries.once(hash(parts), now + keep, now).await
    }

    /// Whether `owner` alone may refresh a session, for `keep` at most.
    ///
    /// # Errors
    /// 503 `STORE_UNAVAILABLE`.
    pub async fn lease(&self, entry: Entry, owner: Hash, keep: Duration) -> Result<bool, Fault> {
        let now = self.shared.clock.now();
        self.entries.lease(entry, owner, now + keep, now).await
    }

    /// Gives a lease back.
    ///
    /// # Errors
    /// 503 `STORE_UNAVAILABLE`.
    pub async fn release(&self, entry: Entry, owner: Hash) -> Result<(), Fault> {
        self.entries.release(entry, owner).await
    }

    fn row(&self, live: &Live) -> Result<Row, Fault> {
        let text = serde_json::to_vec(&live.record).map_err(Fault::internal)?;
        let about = aad(live.key.entry(), &live.frontend, live.version);
        let sealed = self.shared.keys.seal(PURPOSE, live.key.secret(), &about, &text);
        let sealed = sealed.map_err(|Unsealed| Fault::internal("a session cannot be sealed"))?;
        let sid = live.record.sid.as_deref();
        Ok(Row {
            version: live.version,
            idle_until: live.idle_until,
            absolute_until: live.absolute_until,
            about: live.about.clone(),
            sid: sid.map(|sid| Who::Sid(&live.about.issuer, sid).index()),
            sealed: sealed.into(),
        })
    }
}

const PURPOSE: &str = "session";

/// A record counts for its id, its frontend and its version only.
fn aad(entry: Entry, frontend: &str, version: u64) -> Hash {
    hash(&[&entry.0, frontend.as_bytes(), &version.to_be_bytes()])
}
