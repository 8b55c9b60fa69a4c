//! An `OpenID` provider without passwords: whoever comes picks who they are.

mod authorize;
mod backchannel;
mod client;
mod discovery;
mod exchange;
mod logout;
mod pages;
mod params;
mod people;
mod refusal;
mod revoke;
mod session;
mod state;
mod token;
mod tokens;
mod userinfo;

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};
use url::Url;

use super::clock::Clock;
use super::keys::SigningKey;
use super::{Asked, Service, method_not_allowed, not_found};
use crate::scripted::lock;
use crate::wire::{Recorded, Reply};
use state::State;

/// What the provider is told at its start.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Its `iss`, and where browsers and clients find it.
    pub(crate) issuer: String,
    /// The `aud` of access tokens for which nothing else was asked.
    pub(crate) audience: String,
    /// The clients' secrets.
    pub(crate) clients: BTreeMap<String, String>,
    /// Where a login and a logout may lead, beside loopback.
    pub(crate) redirect_uris: Vec<String>,
    /// Where clients hear of a logout.
    pub(crate) backchannel_logout_uri: Option<String>,
    /// How long access tokens live, in seconds.
    pub(crate) access_ttl: i64,
}

/// The service `id`, as tests see it: what it was asked, and what happens at a provider without
/// its clients.
pub struct Provider {
    settings: Settings,
    key: SigningKey,
    clock: Clock,
    state: Mutex<State>,
    backchannel: Mutex<Option<String>>,
}

impl Provider {
    pub(crate) fn new(settings: Settings) -> io::Result<Self> {
        Ok(Self {
            backchannel: Mutex::new(settings.backchannel_logout_uri.clone()),
            settings,
            key: SigningKey::new()?,
            clock: Clock::default(),
            state: Mutex::default(),
        })
    }

    /// How many token requests of a known client had this `grant_type`, answered or refused.
    pub fn count(&self, grant_type: &str) -> usize {
        self.state().asked.get(grant_type).copied().unwrap_or(0)
    }

    /// How often a refresh token came that had been used before. Each time its grant was revoked.
    pub fn reused(&self) -> usize {
        self.state().reused
    }

    /// Its clock goes ahead: codes, tokens and what it writes into new ones.
    pub fn advance(&self, seconds: i64) {
        self.clock.advance(seconds);
    }

    /// From now on clients hear of a logout at this URL (plain http).
    pub fn set_backchannel_logout_uri(&self, url: &str) {
        *lock(&self.backchannel) = Some(url.to_owned());
    }

    /// Ends all sessions of this user, as an administrator would, and tells their clients.
    /// Resolves when these have answered; gives the statuses.
    pub async fn end_sessions(&self, sub: &str) -> Vec<u16> {
        let ended = self.state().end_sessions(|session| session.sub == sub);
        let mut statuses = Vec::new();
        for delivery in self.logout_tokens(&ended) {
            statuses.extend(delivery.send().await);
        }
        statuses
    }

    /// Revokes what this user has granted: no refresh token of theirs is good any more.
    pub fn revoke_grants(&self, sub: &str) {
        self.state().revoke(|grant| grant.sub == sub);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// The absolute URL of one of its paths.
    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.settings.issuer.trim_end_matches('/'))
    }

    /// Where a login or a logout may lead: any loopback address, or what it was told.
    fn may_lead_to(&self, uri: &str) -> Option<Url> {
        let url = Url::parse(uri).ok().filter(|url| url.fragment().is_none())?;
        let loopback = match url.host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
            Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        };
        let local = loopback && ["http", "https"].contains(&url.scheme());
        (local || self.settings.redirect_uris.iter().any(|known| known == uri)).then_some(url)
    }
}

impl Service for Arc<Provider> {
    fn answer(&self, asked: Asked<'_>, request: &Recorded) -> Reply {
        match asked {
            ("GET", [".well-known", "openid-configuration"]) => {
                Reply::json(discovery::metadata(self))
            }
            ("GET", ["jwks.json"]) => Reply::json(self.key.published()),
            ("GET" | "POST", ["authorize"]) => authorize::answer(self, request),
            ("POST", ["token"]) => token::answer(self, request),
            ("GET" | "POST", ["userinfo"]) => userinfo::answer(self, request),
            ("GET" | "POST", ["logout"]) => logout::answer(self, request),
            ("POST", ["revoke"]) => revoke::answer(self, request),
            ("GET", ["style.css"]) => pages::style(),
            (
                _,
                ["authorize" | "token" | "userinfo" | "logout" | "revoke" | "jwks.json"]
                | [".well-known", "openid-configuration"],
            ) => method_not_allowed(),
            _ => not_found(),
        }
    }
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Provider").field(&self.settings.issuer).finish()
    }
}

/// One of them as text, several as an array: how `aud` is written.
fn one_or_many(all: &[String]) -> Value {
    match all {
        [one] => json!(one),
        many => json!(many),
    }
}

#[cfg(test)]
mod tests;
