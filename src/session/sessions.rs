//! What the rest of the gateway does with sessions.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::entries::{Entries, Store};
use super::key::Key;
use super::live::{Found, Live};
use super::opened::Opened;
use super::record::Record;
use super::row::{About, Entry, Hash, Inserted, Listed, Row, Swapped, Who, hash, millis};
use crate::clock::Clock;
use crate::fault::{Code, Fault};
use crate::seal::{Keys, Unsealed};

/// What all workers share.
pub struct Shared {
    /// Where sessions are.
    pub store: Store,
    keys: Arc<Keys>,
    opened: Opened,
    clock: Arc<dyn Clock>,
    idle: Duration,
    absolute: Duration,
}

/// Sessions, as a worker reaches them. Every question may fail with 503 `STORE_UNAVAILABLE`.
#[derive(Clone, Copy)]
pub struct Sessions<'a> {
    pub(super) shared: &'a Shared,
    pub(super) entries: Entries<'a>,
}

impl Shared {
    /// Sessions in a store that live for `idle` without a request, and for `absolute` at most.
    pub fn new(
        store: Store,
        keys: Arc<Keys>,
        (idle, absolute): (Duration, Duration),
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { store, keys, opened: Opened::new(), clock, idle, absolute }
    }

    /// As a worker reaches them.
    pub fn reach<'a>(&'a self, entries: Entries<'a>) -> Sessions<'a> {
        Sessions { shared: self, entries }
    }

    /// In whole milliseconds, as stores have it.
    pub(super) fn now(&self) -> Duration {
        Duration::from_millis(millis(self.clock.now()))
    }
}

impl Sessions<'_> {
    /// Begins a session, under an id that nobody knew before.
    ///
    /// # Errors
    /// 401 `UNAUTHORIZED` where its provider has already said that it has ended; 503 `STORE_UNAVAILABLE`, also where
    /// `[stores] max_memory` is full.
    pub async fn begin(&self, frontend: &Arc<str>, record: Record) -> Result<Arc<Live>, Fault> {
        let key = Key::new().map_err(|_| Fault::internal("no randomness"))?;
        let now = self.shared.now();
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
            idle_until: now + self.shared.idle.min(self.shared.absolute),
            absolute_until: now + self.shared.absolute,
            about: Arc::new(about),
            record,
            key,
        };
        match self.entries.insert(live.key.entry(), self.row(&live)?, now).await? {
            Inserted::Done => Ok(self.keep(live)),
            Inserted::Ended => Err(Fault::new(Code::Unauthorized)
                .message("The login has ended before it was complete. Please log in again.")
                .cause("the provider has ended the session before it was written")),
        }
    }

    /// The session that a cookie leads to.
    ///
    /// # Errors
    /// 503 `STORE_UNAVAILABLE`.
    pub async fn find(&self, key: &Key, frontend: &Arc<str>) -> Result<Found, Fault> {
        let (entry, now) = (key.entry(), self.shared.now());
        let opened = self.shared.opened.get(&key.fingerprint());
        if let Some(live) = opened.filter(|live| live.frontend == *frontend) {
            let Some(standing) = self.entries.standing(entry, now).await? else {
                return Ok(Found::Ended);
            };
            if live.record.is_ending() {
                return Ok(Found::Ended);
            }
            if standing == live.standing() {
                return Ok(Found::Live(live));
            }
            if standing.version == live.version {
                return Ok(Found::Live(self.keep(live.at(standing))));
            }
        }
        match self.entries.get(entry, now).await? {
            Some(row) => Ok(self.open(key, frontend, row)),
            None => Ok(Found::Ended),
        }
    }

    /// Notes that the session was used: it lives for `idle` from now on, but no longer than `absolute`. That is written
    /// once in a while only, each minute or each tenth of `idle`, so that one which is used steadily ends that much earlier
    /// after its last request at most.
    ///
    /// # Errors
    /// 503 `STORE_UNAVAILABLE`.
    pub async fn touch(&self, live: &Live) -> Result<(), Fault> {
        let (now, idle) = (self.shared.now(), self.shared.idle);
        let until = (now + idle).min(live.absolute_until);
        let rarely = (idle / 10).min(RARELY);
        // The last time counts fully: there is no other after it.
        let last = until == live.absolute_until && live.idle_until < until;
        if !last && until < live.idle_until + rarely {
            return Ok(());
        }
        self.entries.touch(live.key.entry(), live.idle_until, until, now).await
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
            about: Arc::clone(&live.about),
        };
        let (entry, sealed) = (next.key.entry(), self.seal(&next)?);
        let swapped = self.entries.swap(entry, next.version, sealed, self.shared.now()).await?;
        Ok((swapped == Swapped::Done).then(|| self.keep(next)))
    }

    /// Ends a session, and gives what it has held last: a refresh that is faster leaves no tokens behind that nobody knows
    /// of, and one that is slower finds the session ended.
    ///
    /// # Errors
    /// 503 `STORE_UNAVAILABLE`.
    pub async fn close(&self, live: &Arc<Live>) -> Result<Record, Fault> {
        let mut live = Arc::clone(live);
        while self.replace(&live, live.record.without_tokens()).await?.is_none() {
            match self.find(&live.key, &live.frontend).await? {
                Found::Live(newer) => live = newer,
                Found::Ended | Found::Forged => break,
            }
        }
        // Nobody finds it any more, also where it is still there.
        if let Err(fault) = self.end(live.key.entry()).await {
            tracing::warn!(?fault, "a session that has ended is not thrown away");
        }
        Ok(live.record.clone())
    }

    /// Ends a session; whether there was one.
    ///
    /// # Errors
    /// 503 `STORE_UNAVAILABLE`.
    pub async fn end(&self, entry: Entry) -> Result<bool, Fault> {
        self.entries.end(entry, self.shared.now()).await
    }

    /// Ends all of somebody's sessions; how many there were. Of a provider session also those that are about to begin:
    /// what says that it has ended may be faster than the login.
    ///
    /// # Errors
    /// 503 `STORE_UNAVAILABLE`: some may have ended.
    pub async fn end_all(&self, who: Who<'_>) -> Result<usize, Fault> {
        let mark = matches!(who, Who::Sid(..));
        self.entries.end_all(who.index(), mark, self.shared.now()).await
    }

    /// Somebody's sessions, or all.
    ///
    /// # Errors
    /// 503 `STORE_UNAVAILABLE`.
    pub async fn list(&self, who: Option<Who<'_>>) -> Result<Vec<Listed>, Fault> {
        self.entries.list(who.map(|who| who.index()), self.shared.now()).await
    }

    fn open(&self, key: &Key, frontend: &Arc<str>, row: Row) -> Found {
        let standing = row.standing();
        let about = aad(key.entry(), frontend, standing.version, standing.absolute_until);
        let text = self.shared.keys.open(PURPOSE, key.secret(), &about, &row.sealed);
        let record = text.and_then(|text| serde_json::from_slice::<Record>(&text).ok());
        let Some(record) = record else { return Found::Forged };
        if record.is_ending() {
            return Found::Ended;
        }
        Found::Live(self.keep(Live {
            key: key.clone(),
            frontend: Arc::clone(frontend),
            identity: Arc::new(record.identity()),
            record,
            version: standing.version,
            idle_until: standing.idle_until,
            absolute_until: standing.absolute_until,
            about: row.about,
        }))
    }

    /// At hand from now on.
    fn keep(&self, live: Live) -> Arc<Live> {
        let live = Arc::new(live);
        self.shared.opened.put(live.key.fingerprint(), Arc::clone(&live));
        live
    }

    fn row(&self, live: &Live) -> Result<Row, Fault> {
        let issuer = &*live.about.issuer;
        let provider_session = match &live.record.sid {
            Some(sid) => Who::Sid(issuer, sid),
            None => Who::WithoutSid(issuer, &live.about.subject),
        };
        Ok(Row {
            version: live.version,
            idle_until: live.idle_until,
            absolute_until: live.absolute_until,
            about: Arc::clone(&live.about),
            sid: Some(provider_session.index()),
            sealed: self.seal(live)?,
        })
    }

    fn seal(&self, live: &Live) -> Result<Bytes, Fault> {
        let text = serde_json::to_vec(&live.record).map_err(Fault::internal)?;
        let about = aad(live.key.entry(), &live.frontend, live.version, live.absolute_until);
        let sealed = self.shared.keys.seal(PURPOSE, live.key.secret(), &about, &text);
        let sealed = sealed.map_err(|Unsealed| Fault::internal("a session cannot be sealed"))?;
        Ok(sealed.into())
    }
}

const PURPOSE: &str = "session";
/// A session that is used all the time is touched this often, at most.
const RARELY: Duration = Duration::from_secs(60);

/// A record counts for its id, its frontend, its version and its end only: who can write to the store cannot make any of
/// them another's.
fn aad(entry: Entry, frontend: &str, version: u64, absolute_until: Duration) -> Hash {
    let end = millis(absolute_until).to_be_bytes();
    hash(&[&entry.0, frontend.as_bytes(), &version.to_be_bytes(), &end])
}
