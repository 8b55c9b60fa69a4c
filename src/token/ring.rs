//! Tokens of other kinds than `[tokens]` accepts: ID tokens and logout tokens, with rules of their own.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use serde_json::{Map, Value};

use super::accepted::{Refusal, check};
use super::fetch::Fetch;
use super::issuer::Algorithm;
use super::jwks::Jwks;
use super::jws::{Unverified, same_type};
use super::rejection::Rejection;
use crate::clock::Clock;

/// The published keys of one provider (RFC 7517 §5): fetched when first needed, then as those of `[tokens]` are.
pub(crate) struct KeyRing(Arc<Jwks>);

/// What a token says.
pub(crate) struct Signed {
    /// What it is signed with.
    pub(crate) algorithm: Algorithm,
    pub(crate) claims: Map<String, Value>,
    /// The claims as they were written.
    pub(crate) payload: String,
    kind: Option<String>,
}

/// Why a token is not taken.
#[derive(Debug)]
pub(crate) enum Unverifiable {
    /// It is bad.
    Bad(&'static str),
    /// The keys could never be fetched, and what happened to the last try.
    NoKeys(String),
}

impl KeyRing {
    /// The keys at `url`, of which those for `algorithms` count. An RSA key that does not name its algorithm serves the
    /// first one that it can.
    pub(crate) fn new(
        name: Arc<str>,
        url: String,
        algorithms: Vec<Algorithm>,
        clock: Arc<dyn Clock>,
        fetch: Arc<dyn Fetch>,
    ) -> Self {
        Self(Arc::new(Jwks {
            tokens: name,
            url,
            accepted: algorithms,
            refresh: REFRESH,
            cooldown: COOLDOWN,
            clock,
            fetch,
            current: ArcSwapOption::empty(),
            tries: Mutex::default(),
        }))
    }

    /// Whether these are the keys at `url` for `algorithms`.
    pub(crate) fn is_of(&self, url: &str, algorithms: &[Algorithm]) -> bool {
        self.0.url == url && self.0.accepted == algorithms
    }

    /// What a token says, if it is signed with one of the keys and `rules` has nothing against it. The signature comes
    /// last: what is refused before costs no cryptography and no fetch.
    pub(crate) async fn verify(
        &self,
        token: &str,
        rules: impl FnOnce(&Signed) -> Result<(), &'static str>,
    ) -> Result<Signed, Unverifiable> {
        let mut parts = Unverified::parse(token)?;
        if !self.0.accepted.contains(&parts.algorithm) {
            return Err("an algorithm that is not accepted".into());
        }
        let signed = Signed {
            algorithm: parts.algorithm,
            claims: std::mem::take(&mut parts.claims),
            payload: std::mem::take(&mut parts.payload),
            kind: parts.kind.take(),
        };
        rules(&signed)?;
        let keys = self.0.set_for(parts.key_id.as_deref(), parts.algorithm).await;
        check(&keys.map_err(Refusal::Other)?.keys, &parts)?;
        Ok(signed)
    }
}

impl Signed {
    /// Whether it is of this kind, or does not say what it is (RFC 8725 §3.11).
    pub(crate) fn may_be(&self, kind: &str) -> bool {
        self.kind.as_deref().is_none_or(|said| same_type(said, kind))
    }
}

impl From<&'static str> for Unverifiable {
    fn from(cause: &'static str) -> Self {
        Self::Bad(cause)
    }
}

impl From<Refusal> for Unverifiable {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Bad(cause) => Self::Bad(cause),
            Refusal::Other(Rejection::NoKeys { cause, .. }) => Self::NoKeys(cause),
            Refusal::Other(_) => Self::Bad("refused"),
        }
    }
}

const REFRESH: Duration = Duration::from_secs(600);
const COOLDOWN: Duration = Duration::from_secs(30);
