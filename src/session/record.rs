//! The sealed part of a session.

use std::fmt;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

use crate::identity::{Identity, Token};

/// What only who brings the cookie can open.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The NAME of `[login.NAME]`.
    pub login: String,
    /// `iss`
    pub issuer: String,
    /// `sub`
    pub subject: String,
    /// `sid`: the session at the provider.
    pub sid: Option<String>,
    /// The ID token's claims, as the JSON text that was signed.
    pub claims: String,
    /// The ID token, where the provider is to be told by it who logs out.
    pub id_token: Option<String>,
    /// The access token.
    pub access_token: String,
    /// When it ends, in seconds since 1970, where that is known.
    pub access_expires_at: Option<u64>,
    /// When it was granted, in seconds since 1970.
    pub access_granted_at: u64,
    /// The refresh token.
    pub refresh_token: Option<String>,
}

impl Record {
    /// What is left of it once it is to end.
    pub(super) fn without_tokens(&self) -> Self {
        Self { access_token: String::new(), refresh_token: None, id_token: None, ..self.clone() }
    }

    /// Whether its tokens were taken out.
    pub(super) fn is_ending(&self) -> bool {
        self.access_token.is_empty()
    }

    /// Who it is, as the rest of the gateway knows users.
    pub fn identity(&self) -> Identity {
        Identity {
            tokens: Arc::from(self.login.as_str()),
            issuer: Arc::from(self.issuer.as_str()),
            subject: Arc::from(self.subject.as_str()),
            claims: self.claims.clone().into_boxed_str(),
            token: Token::new(self.access_token.as_str()),
            expires_at: self.access_expires_at.unwrap_or(u64::MAX),
            derived: OnceLock::new(),
            stable: OnceLock::new(),
        }
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record").field("login", &self.login).finish_non_exhaustive()
    }
}
