//! One provider.

use std::sync::Arc;

use super::attempt::Attempt;
use super::problem::Problem;
use super::settings::Settings;
use crate::clock::Clock;
use crate::identity::Token;

/// Speaks with one provider. One serves all workers.
///
/// Discovery is lazy: nothing is asked before it is needed, what was found is kept, and a provider that is down is tried
/// again after at most 5 s.
pub struct Provider {
    settings: Settings,
}

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

impl Provider {
    /// Speaks with a provider, from its first use on.
    ///
    /// # Errors
    /// Settings that cannot be used, and why.
    pub fn new(settings: Settings, _clock: Arc<dyn Clock>) -> Result<Self, String> {
        Ok(Self { settings })
    }

    /// The NAME of its table.
    pub fn name(&self) -> &Arc<str> {
        &self.settings.name
    }

    /// Where a browser is sent to log in.
    ///
    /// # Errors
    /// Discovery failed.
    pub async fn authorization_url(
        &self,
        _redirect_uri: &str,
        _attempt: &Attempt,
    ) -> Result<String, Problem> {
        Err(missing())
    }

    /// Redeems a code. The issuer in the callback is compared before anything is sent; the ID token is verified (OpenID
    /// Connect Core 1.0 §3.1.3.7) before anything is given back.
    ///
    /// # Errors
    /// See [`Problem`].
    pub async fn redeem(
        &self,
        _redirect_uri: &str,
        _attempt: &Attempt,
        _callback: Callback<'_>,
    ) -> Result<Granted, Problem> {
        Err(missing())
    }

    /// New tokens for a refresh token. An ID token that comes with them must be of the same `subject`.
    ///
    /// # Errors
    /// See [`Problem`]; [`Problem::is_invalid_grant`] where the token is no longer good.
    pub async fn refresh(
        &self,
        _refresh_token: &Token,
        _subject: &str,
    ) -> Result<Granted, Problem> {
        Err(missing())
    }

    /// Has a token count no more (RFC 7009), and all that came of the same grant where the provider does so. Nothing where
    /// it has no revocation endpoint.
    ///
    /// # Errors
    /// See [`Problem`].
    pub async fn revoke(&self, _token: &Token, _is_refresh_token: bool) -> Result<(), Problem> {
        Err(missing())
    }

    /// Where a browser is sent to log out at the provider (OpenID Connect RP-Initiated Logout 1.0 §2), where it has such a
    /// place. It comes back to `redirect_uri`.
    ///
    /// # Errors
    /// Discovery failed.
    pub async fn logout_url(
        &self,
        _redirect_uri: &str,
        _id_token: Option<&Token>,
    ) -> Result<Option<String>, Problem> {
        Err(missing())
    }

    /// Verifies a logout token (OpenID Connect Back-Channel Logout 1.0 §2.6), but for whether its `jti` was seen before.
    ///
    /// # Errors
    /// See [`Problem`].
    pub async fn logged_out(&self, _token: &str) -> Result<LoggedOut, Problem> {
        Err(missing())
    }

    /// A token for the gateway itself (RFC 6749 §4.4).
    ///
    /// # Errors
    /// See [`Problem`].
    pub async fn client_credentials(
        &self,
        _audience: Option<&str>,
        _scope: Option<&str>,
    ) -> Result<Granted, Problem> {
        Err(missing())
    }

    /// A token for the user, exchanged for their access token (RFC 8693 §2).
    ///
    /// # Errors
    /// See [`Problem`].
    pub async fn exchange(
        &self,
        _subject_token: &Token,
        _audience: Option<&str>,
        _scope: Option<&str>,
    ) -> Result<Granted, Problem> {
        Err(missing())
    }
}

fn missing() -> Problem {
    Problem::Away("not there yet".to_owned())
}
