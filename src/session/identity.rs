//! What a verified token says.

use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::value::Value;

/// The session of one request: who, and how they showed it.
#[derive(Clone, Debug)]
pub struct Session {
    /// Who it is; shared by all requests that bring the same token.
    pub identity: Arc<Identity>,
    /// The cookie that brought the token; `None` when it came as a bearer token.
    ///
    /// A browser sends a cookie on its own, so such a request has to show where it comes from ([`super::origin`]).
    pub cookie: Option<Arc<str>>,
}

/// Someone whose token was verified.
pub struct Identity {
    /// The NAME of `[tokens.NAME]` that accepted it.
    pub tokens: Arc<str>,
    /// `iss`
    pub issuer: Arc<str>,
    /// `sub`, never empty
    pub subject: Arc<str>,
    /// All claims, as the JSON text that was signed: an object without repeated names, at most 32 deep.
    ///
    /// It is text so that `value` reads the numbers as they were written.
    pub claims: Box<str>,
    /// The token, for an upstream with `auth = "user"`.
    pub token: Token,
    /// `exp` in seconds since 1970; the token may be used for the leeway longer.
    pub expires_at: u64,
    pub(super) derived: OnceLock<Value>,
}

/// A token. Its `Debug` does not show it.
pub struct Token(pub(super) Box<str>);

impl Identity {
    /// A place for what the config's programs make of the claims, once per token and not once per request.
    pub fn derived(&self) -> &OnceLock<Value> {
        &self.derived
    }
}

impl Token {
    /// The token itself, as it was sent.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tokens, expires_at, .. } = self;
        f.debug_struct("Identity")
            .field("tokens", tokens)
            .field("expires_at", expires_at)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
