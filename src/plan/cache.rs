//! `cache` of a call and of a reply, and `[cache]`.

use std::time::Duration;

use crate::jq::{Program, Slot};
use crate::template::Text;
use crate::value::SmolStr;

/// `[cache]`
#[derive(Debug, Clone, Copy)]
pub struct Cache {
    /// Bytes of all that is kept in this process.
    pub max_size: usize,
    /// With `[stores] cache = "redis"`: how old an entry may get while Redis is away, and nobody hears what others
    /// revalidate.
    pub away_ttl: Duration,
    /// With `[stores] cache = "redis"`: bytes from which on an entry is kept in this process only.
    pub max_shared: usize,
}

/// `cache` of a call or of a reply.
#[derive(Debug)]
pub struct Caching {
    /// How long an entry is served as it is.
    pub ttl: Ttl,
    /// How much longer it is served while another one is fetched behind.
    pub stale: Duration,
    /// How much longer than `ttl` it is served where another one cannot be had.
    pub stale_if_error: Duration,
    /// How long it is known that there is nothing: 404 and 410. Zero: not at all.
    pub negative_ttl: Duration,
    /// Who shares an entry.
    pub scope: Scope,
    /// What entries are revalidated by.
    pub tags: Vec<Tag>,
    /// What all of this was compiled from, as bytes: entries of one rule are never served under another.
    pub rule: Vec<u8>,
    /// Of a whole reply: what decides it besides its scope. Nothing for a call, whose request says it.
    pub reads: Reads,
}

/// `ttl`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ttl {
    /// Always this.
    Fixed(Duration),
    /// What the upstream's `Cache-Control` says.
    Upstream,
}

/// `scope` and `scope_from`
#[derive(Debug)]
pub enum Scope {
    /// One session: a login session and its claims; a token's issuer, subject and stable claims; or nobody.
    Session,
    /// Everybody.
    Shared,
    /// Everybody for whom this program gives the same value; null is the session.
    From(Program),
}

/// One of `tags`.
#[derive(Debug)]
pub struct Tag {
    /// Gives the tag, or several; null for none.
    pub text: Text,
    /// It reads the answer that is to be kept, so that it is not known before.
    pub reads_answer: bool,
}

/// What programs and templates of an endpoint read of the request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reads {
    /// Those of `slot::PARAMS` to `slot::BODY` that anything reads.
    pub slots: Vec<Slot>,
    /// Members of `$request` that anything reads.
    pub request: Vec<SmolStr>,
}
