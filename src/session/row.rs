//! What a store holds of a session.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// A SHA-256.
pub type Hash = [u8; 32];

/// What a session is known by in a store: a hash of its id.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Entry(pub Hash);

/// What a store holds of a session. All but `sealed` is there to be read by whoever can read the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Counts the changes of `sealed`.
    pub version: u64,
    /// When it ends without a request, since 1970.
    pub idle_until: Duration,
    /// When it ends in any case, since 1970. Never moved.
    pub absolute_until: Duration,
    /// Whose it is, for operators. Never changed.
    pub about: Arc<About>,
    /// The index of its provider session, or of those of its user that are none's. Never changed.
    pub sid: Option<Hash>,
    /// The record.
    pub sealed: Bytes,
}

/// How a session stands: what has to be looked at each time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) version: u64,
    pub(super) idle_until: Duration,
    pub(super) absolute_until: Duration,
}

/// Whose session it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The NAME of its frontend.
    pub frontend: String,
    /// The NAME of its login.
    pub login: String,
    /// `iss`
    pub issuer: String,
    /// `sub`
    pub subject: String,
    /// Since 1970.
    pub created_at: Duration,
}

/// A session as operators see it: what names it here opens nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// What it is known by.
    pub entry: Entry,
    /// Whose it is.
    pub about: About,
    /// When it ends without a request, since 1970.
    pub idle_until: Duration,
    /// When it ends in any case, since 1970.
    pub absolute_until: Duration,
}

/// Whose sessions are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who<'a> {
    /// All of a user: issuer and subject.
    Subject(&'a str, &'a str),
    /// Those of one session at the provider: issuer and `sid`.
    Sid(&'a str, &'a str),
    /// Those of a user that the provider has given no `sid`: issuer and subject.
    WithoutSid(&'a str, &'a str),
}

/// What has become of a new session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inserted {
    /// It is written.
    Done,
    /// It has ended before it began: its provider has said so, or its entry is not new.
    Ended,
}

/// What has become of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Swapped {
    /// It is written.
    Done,
    /// Somebody else has changed it before.
    Changed,
    /// The session has ended.
    Ended,
}

impl Entry {
    /// Of a session's id.
    pub fn of(id: &[u8]) -> Self {
        Self(hash(&[b"frontdesk session", id]))
    }

    /// In hexadecimal, as operators and the log name it.
    pub fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl Who<'_> {
    /// What the index knows it by.
    pub fn index(&self) -> Hash {
        match self {
            Self::Subject(issuer, subject) => {
                hash(&[b"sub", issuer.as_bytes(), subject.as_bytes()])
            }
            Self::Sid(issuer, sid) => hash(&[b"sid", issuer.as_bytes(), sid.as_bytes()]),
            Self::WithoutSid(issuer, subject) => {
                hash(&[b"no sid", issuer.as_bytes(), subject.as_bytes()])
            }
        }
    }
}

impl Row {
    /// The index of its user.
    pub fn subject(&self) -> Hash {
        Who::Subject(&self.about.issuer, &self.about.subject).index()
    }

    /// When it ends.
    pub fn until(&self) -> Duration {
        self.idle_until.min(self.absolute_until)
    }

    pub(super) fn standing(&self) -> Standing {
        let Self { version, idle_until, absolute_until, .. } = *self;
        Standing { version, idle_until, absolute_until }
    }

    pub(super) fn listed(&self, entry: Entry) -> Listed {
        let Self { idle_until, absolute_until, .. } = *self;
        Listed { entry, about: About::clone(&self.about), idle_until, absolute_until }
    }

    /// Moves its end, where it still is where it was; never towards now, never beyond the end in any case. Whether it
    /// was moved.
    pub(super) fn touch(&mut self, from: Duration, to: Duration) -> bool {
        let to = to.min(self.absolute_until);
        let moves = self.idle_until == from && to > from;
        if moves {
            self.idle_until = to;
        }
        moves
    }
}

/// Milliseconds since 1970, as stores write times.
pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// For how long a mark is left of what has ended: longer than anybody is at work on a session.
pub(super) const MARK: Duration = Duration::from_secs(10 * 60);

/// Each part with its length before it, so that no two lists of parts are one.
pub(super) fn hash(parts: &[&[u8]]) -> Hash {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let mut hash = Hash::default();
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hex())
    }
}
