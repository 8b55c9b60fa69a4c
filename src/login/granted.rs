//! What goes to a provider and what it has said, once that is verified.

use std::sync::Arc;

use crate::identity::Token;

/// What came to the callback.
#[derive(Clone, Copy, Debug)]
pub struct Callback<'a> {
    /// `code`
    pub code: &'a str,
    /// `iss` (RFC 9207), where it was there.
    pub issuer: Option<&'a str>,
}

/// What a token endpoint has granted.
#[derive(Clone, Debug)]
pub struct Granted {
    /// The access token.
    pub access_token: Token,
    /// When it ends, in seconds since 1970, where the provider says it.
    pub access_expires_at: Option<u64>,
    /// The refresh token, where there is one; of a refresh a new one, where it was rotated.
    pub refresh_token: Option<Token>,
    /// The ID token, verified; a refresh need not give one.
    pub id_token: Option<IdToken>,
}

/// A verified ID token.
#[derive(Clone, Debug)]
pub struct IdToken {
    /// The token.
    pub token: Token,
    /// `iss`
    pub issuer: Arc<str>,
    /// `sub`, never empty
    pub subject: Arc<str>,
    /// `sid`, where there is one.
    pub sid: Option<Arc<str>>,
    /// All claims, as the JSON text that was signed.
    pub claims: Box<str>,
}

/// Whose sessions a logout token ends (OpenID Connect Back-Channel Logout 1.0 §2.4). One of the two is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedOut {
    /// `iss`
    pub issuer: Arc<str>,
    /// `sub`
    pub subject: Option<Arc<str>>,
    /// `sid`
    pub sid: Option<Arc<str>>,
    /// `jti`: a token counts once.
    pub id: String,
    /// When it need not be remembered any more, in seconds since 1970.
    pub expires_at: u64,
}
