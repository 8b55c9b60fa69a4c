//! What endpoints share: upstreams, limits, and the codes that they name.

use std::collections::HashMap;

use indexmap::IndexMap;

use super::credential;
use super::limits::Keys;
use super::upstreams::Upstream;
use crate::config::Tree;
use crate::diagnostic::Span;
use crate::plan::{Door, Headers};
use crate::value::SmolStr;

/// What endpoints share.
pub(super) struct World<'a> {
    /// Upstreams by name.
    pub(super) upstreams: IndexMap<String, Upstream>,
    /// Cookies that hold tokens or sessions.
    pub(super) session_cookies: SessionCookies,
    /// What `auth` may say.
    pub(super) auth: credential::Words,
    /// The name of the frontend whose routes are compiled.
    pub(super) frontend: SmolStr,
    /// Whether it has a login.
    pub(super) has_login: bool,
    /// Whose budget each policy is.
    pub(super) rate_limits: Keys<'a>,
    /// `[server] max_body`
    pub(super) max_body: usize,
    /// `[server] max_reply`
    pub(super) max_reply: usize,
    /// What is written.
    pub(super) tree: &'a Tree,
    /// What stands on every reply.
    pub(super) headers: Headers,
    /// The codes of own faults.
    pub(super) codes: Codes,
}

/// Cookies that hold tokens, sessions, and attempts to log in.
pub(super) struct SessionCookies {
    names: Vec<String>,
    prefixes: Vec<String>,
}

impl SessionCookies {
    /// Those of `[tokens]`, and of logins.
    pub(super) fn new<'d>(mut names: Vec<String>, doors: impl Iterator<Item = &'d Door>) -> Self {
        let mut prefixes = Vec::new();
        for door in doors {
            names.push(door.cookie.name.to_string());
            prefixes.push(door.attempt.name.to_string());
        }
        Self { names, prefixes }
    }

    /// Whether a cookie is one of them.
    pub(super) fn has(&self, name: &str) -> bool {
        self.names.iter().any(|own| own == name)
            || self.prefixes.iter().any(|prefix| name.starts_with(prefix))
    }
}

/// Codes that the config names: their status, and where it was said first.
pub(super) type Codes = HashMap<String, (u16, Span)>;
