//! What the config says about a provider.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// What is needed to speak with a provider.
pub struct Settings {
    /// The NAME of `[login.NAME]` or `[credentials.NAME]`, for the log.
    pub name: Arc<str>,
    /// Where it is.
    pub at: At,
    /// `client_id`
    pub client_id: String,
    /// How the gateway proves that it is this client.
    pub client: ClientAuth,
    /// `scope` of the authorization request; `openid` is among them.
    pub scopes: Vec<String>,
    /// Further parameters of the authorization request.
    pub params: Vec<(String, String)>,
    /// Whom access tokens are for (RFC 8707).
    pub resource: Vec<String>,
    /// Of each request to it, all in all.
    pub timeout: Duration,
}

/// Where a provider is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum At {
    /// Its issuer: the rest is discovered (OpenID Connect Discovery 1.0 §4).
    Issuer(Arc<str>),
    /// A token endpoint, and nothing else.
    TokenUrl(String),
}

impl At {
    /// The issuer, where it is more than a token endpoint.
    pub(super) fn issuer(&self) -> Option<&Arc<str>> {
        match self {
            Self::Issuer(issuer) => Some(issuer),
            Self::TokenUrl(_) => None,
        }
    }

    /// As the config says it.
    pub(super) fn url(&self) -> &str {
        match self {
            Self::Issuer(issuer) => issuer,
            Self::TokenUrl(url) => url,
        }
    }
}

/// How a client proves who it is.
pub enum ClientAuth {
    /// A secret, by `client_secret_basic`, or by post where discovery offers nothing else.
    Secret(String),
    /// A private key in PEM, by `private_key_jwt` (RFC 7523 §2.2).
    Key(Vec<u8>),
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("name", &self.name)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}
