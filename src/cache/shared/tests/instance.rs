//! An instance of the gateway, as far as its cache goes.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::task::JoinHandle;

use super::server::Server;
use crate::cache::{Begun, Entries, Entry, Key, Lease, Lives, Payload, Shared, Tag, Tick};
use crate::clock::{Clock, SystemClock};
use crate::store::{Redis, cmd};

/// Text, and whether others may read it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Note(pub(super) &'static str);

impl Payload for Note {
    fn weight(&self) -> usize {
        self.0.len()
    }

    fn encode(&self) -> Option<Vec<u8>> {
        (self.0 != OWN).then(|| self.0.as_bytes().to_vec())
    }

    fn decode(bytes: Bytes) -> Option<Self> {
        [OLD, NEW, LARGE].into_iter().find(|text| text.as_bytes() == bytes).map(Self)
    }
}

pub(super) const OLD: &str = "old";
pub(super) const NEW: &str = "new";
pub(super) const OWN: &str = "for this process only";
pub(super) const LARGE: &str = "so large that it is kept in one process only";
pub(super) const UNKNOWN: &str = "what others do not know";

/// An instance of the gateway.
pub(super) struct Instance {
    pub(super) shared: Arc<Shared>,
    pub(super) entries: Arc<Entries<Note>>,
    pub(super) redis: Redis,
    link: JoinHandle<()>,
}

impl Instance {
    pub(super) async fn start(server: &Server) -> Self {
        let shared =
            Arc::new(Shared::new(server.target(), Duration::from_millis(500), LARGE.len() - 1));
        let entries = Arc::new(Entries::new(1 << 20, Arc::new(SystemClock)));
        let link = {
            let (shared, entries) = (Arc::clone(&shared), Arc::clone(&entries));
            tokio::spawn(async move { shared.run(&entries).await })
        };
        let instance = Self { shared, entries, redis: server.connect(), link };
        until(async || instance.shared.is_here()).await;
        instance
    }

    /// As for something whose tags are not known.
    pub(super) async fn begin(&self) -> Begun<Note> {
        let now = self.entries.tags.now();
        self.begin_since(now).await
    }

    pub(super) async fn begin_since(&self, since: Tick) -> Begun<Note> {
        let now = self.entries.tags.now();
        self.shared.begin(&self.redis, &self.entries, &key(), (now, since), true).await
    }

    pub(super) async fn ours(&self) -> Lease {
        match self.begin().await {
            Begun::Ours(lease, None) => lease,
            other => panic!("{}", shown(&other)),
        }
    }

    pub(super) fn entry(&self, text: &'static str, lives: Lives) -> Entry<Note> {
        let (now, tick) = (SystemClock.steady(), self.entries.tags.now());
        Entry::new(Note(text), [tag()].into(), tick, now, lives)
    }

    pub(super) async fn keep(&self, entry: &Entry<Note>, lease: Lease) {
        self.shared.keep(&self.redis, &self.entries, &key(), entry, lease).await;
    }

    pub(super) async fn revalidate(&self, text: &str) -> usize {
        let told = self.shared.announce(&self.redis, &self.entries.tags, &[Tag::of(text)]).await;
        assert!(!told.is_pending);
        // Until it has come back to this one, others may have said something before.
        let now = self.entries.tags.now();
        until(async || self.shared.upto.at(now) >= self.shared.heard.at(now)).await;
        told.instances
    }

    pub(super) async fn ask<T: redis::FromRedisValue>(&self, words: &[&str]) -> T {
        let mut ask = cmd(words[0]);
        ask.arg(&words[1..]);
        self.redis.ask(&ask).await.unwrap()
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.link.abort();
    }
}

pub(super) fn key() -> Key {
    Key::of("test").end()
}

pub(super) fn tag() -> Tag {
    Tag::of("posts")
}

pub(super) fn a_minute() -> Lives {
    Lives { fresh: Duration::from_secs(60), ..Lives::default() }
}

pub(super) fn shown(begun: &Begun<Note>) -> String {
    match begun {
        Begun::Found(entry) => format!("found {}", entry.payload.0),
        Begun::Ours(_, None) => "ours".to_owned(),
        Begun::Ours(_, Some(old)) => format!("ours, with {}", old.payload.0),
        Begun::Theirs(None) => "theirs".to_owned(),
        Begun::Theirs(Some(old)) => format!("theirs, with {}", old.payload.0),
        Begun::Away(_) => "away".to_owned(),
    }
}

pub(super) async fn until(is_so: impl AsyncFn() -> bool) {
    let asking = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), asking).await.unwrap();
}
