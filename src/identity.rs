//! Who somebody is: what a verified token or a login says.

use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::value::Value;

/// Someone whose token was verified, or who has logged in.
pub struct Identity {
    /// The NAME of `[tokens.NAME]` that accepted the token, or of `[login.NAME]`.
    pub tokens: Arc<str>,
    /// `iss`
    pub issuer: Arc<str>,
    /// `sub`, never empty
    pub subject: Arc<str>,
    /// All claims (of a login those of the ID token), as the JSON text that was signed: an object without repeated names,
    /// at most 32 deep.
    ///
    /// It is text so that `value` reads the numbers as they were written.
    pub claims: Box<str>,
    /// The token, for an upstream with `auth = "user"`: the one that was verified, or the login's access token.
    pub token: Token,
    /// `exp` in seconds since 1970; the token may be used for the leeway longer.
    pub expires_at: u64,
    /// A place for what the config's programs make of the claims, once per token and not once per request.
    pub derived: OnceLock<Value>,
    /// A place for a hash of the claims that stay the same from one token of the user to the next.
    pub stable: OnceLock<[u8; 32]>,
}

/// A token. Its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(Arc<str>);

impl Token {
    /// Takes a token as it was sent.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

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
