//! An issuer with its keys.

use std::sync::{Arc, Mutex};

use arc_swap::ArcSwapOption;

use super::fetch::Fetch;
use super::issuer::{Issuer, KeySource, check_algorithms, check_key};
use super::jwks::Jwks;
use super::jws::Unverified;
use super::keys::{Found, Key, KeySet};
use super::rejection::Rejection;
use crate::clock::Clock;

/// An issuer, and the keys that its tokens are checked with.
pub(super) struct Accepted {
    pub(super) rules: Issuer,
    keys: Keys,
}

/// Why a token is not taken: because it is bad, or for another reason.
pub(super) enum Refusal {
    Bad(&'static str),
    Other(Rejection),
}

enum Keys {
    Fixed(Box<KeySet>),
    Published(Arc<Jwks>),
}

impl Accepted {
    pub(super) fn new(
        rules: Issuer,
        clock: &Arc<dyn Clock>,
        fetch: &Arc<dyn Fetch>,
    ) -> Result<Self, String> {
        check_algorithms(&rules.algorithms, &rules.key)?;
        check_key(&rules.key, &rules.algorithms)?;
        let fixed = |key| Keys::Fixed(Box::new(KeySet::One(key)));
        let keys = match &rules.key {
            KeySource::Secret(secret) => fixed(Key::from_secret(secret)?),
            KeySource::Pem(pem) => fixed(Key::from_pem(pem, rules.algorithms[0])?),
            KeySource::Jwks { url, refresh, cooldown } => Keys::Published(Arc::new(Jwks {
                tokens: rules.name.clone(),
                url: url.clone(),
                accepted: rules.algorithms.clone(),
                refresh: *refresh,
                cooldown: *cooldown,
                clock: clock.clone(),
                fetch: fetch.clone(),
                current: ArcSwapOption::empty(),
                tries: Mutex::default(),
            })),
        };
        Ok(Self { rules, keys })
    }

    /// Whether tokens are accepted from this cookie, or as bearer tokens.
    pub(super) fn may_come(&self, cookie: Option<&str>) -> bool {
        match cookie {
            Some(_) => self.rules.cookie.as_deref() == cookie,
            None => self.rules.bearer,
        }
    }

    /// Whether what this generation of keys has verified still counts.
    pub(super) fn keys_hold(&self, generation: u64) -> bool {
        match &self.keys {
            Keys::Fixed(_) => true,
            Keys::Published(jwks) => jwks.still(generation),
        }
    }

    /// Checks the signature; gives the generation of the keys.
    pub(super) async fn check_signature(&self, token: &Unverified<'_>) -> Result<u64, Refusal> {
        let id = token.key_id.as_deref();
        match &self.keys {
            Keys::Fixed(set) => check(set, token).map(|()| 0),
            Keys::Published(jwks) => {
                let published = jwks.set_for(id, token.algorithm).await.map_err(Refusal::Other)?;
                check(&published.keys, token).map(|()| published.generation)
            }
        }
    }
}

/// Checks the signature with the one key of the set that it must be made with.
pub(super) fn check(set: &KeySet, token: &Unverified<'_>) -> Result<(), Refusal> {
    match set.find(token.key_id.as_deref(), token.algorithm) {
        Found::Key(key) if key.verifies(token.message, token.signature) => Ok(()),
        Found::Key(_) => Err("a signature that does not match".into()),
        Found::Unknown => Err("a key that is not the issuer's".into()),
        Found::Refused(cause) => Err(cause.into()),
    }
}

impl From<&'static str> for Refusal {
    fn from(cause: &'static str) -> Self {
        Self::Bad(cause)
    }
}
