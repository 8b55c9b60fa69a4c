//! What goes to a provider and what it has said, once that is verified.

use std::sync::Arc;

use super::metadata::Metadata;
use super::problem::Problem;
use crate::identity::Token;

/// What came to the callback.
#[derive(Clone, Copy, Debug)]
pub struct Callback<'a> {
    /// `code`
    pub code: &'a str,
    /// `iss` (RFC 9207), where it was there.
    pub issuer: Option<&'a str>,
}

impl Callback<'_> {
    /// Whether it may be redeemed at this provider (RFC 9207 §2.4: a code of another one must not be sent to it).
    pub(super) fn check(&self, metadata: &Metadata) -> Result<(), Problem> {
        if !(1..=MAX_CODE).contains(&self.code.len()) {
            return Err(Problem::Bad("a code that is none".to_owned()));
        }
        match self.issuer {
            Some(issuer) if issuer == &*metadata.issuer => Ok(()),
            None if !metadata.names_issuer => Ok(()),
            Some(_) => Err(Problem::Bad("the callback is another issuer's".to_owned())),
            None => Err(Problem::Bad("the callback does not name its issuer".to_owned())),
        }
    }
}

const MAX_CODE: usize = 4096;

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
