//! One provider.

use std::sync::Arc;

use tokio::sync::{Semaphore, SemaphorePermit};
use url::Url;

use super::attempt::Attempt;
use super::authorize;
use super::claims::Expected;
use super::client::Client;
use super::discovery::Discovery;
use super::endpoint;
use super::grant::{Answer, Desk, Endpoint, Form};
use super::granted::{Callback, Granted, LoggedOut};
use super::id_token::{self, Whose};
use super::logout_token;
use super::metadata::{Metadata, Offered};
use super::problem::Problem;
use super::settings::{At, Settings};
use crate::clock::Clock;
use crate::identity::Token;
use crate::token::Http;

/// Speaks with one provider. One serves all workers.
///
/// Discovery is lazy: nothing is asked before it is needed, what was found is kept, and a provider that is down is tried
/// again after at most 5 s.
pub struct Provider {
    settings: Settings,
    place: Place,
    desk: Desk,
    /// Codes that may be redeemed now.
    turns: Semaphore,
}

enum Place {
    Discovered(Arc<Discovery>),
    Token { url: Url, client_auth: Offered },
}

impl Provider {
    /// Speaks with a provider, from its first use on.
    ///
    /// # Errors
    /// Settings that cannot be used, and why.
    pub fn new(settings: Settings, clock: Arc<dyn Clock>) -> Result<Self, String> {
        let wrong = |why: &str| format!("{}: {why}", settings.name);
        let http = Arc::new(Http::with_timeout(settings.timeout));
        let place = match &settings.at {
            At::Issuer(issuer) => {
                let url = endpoint::safe(issuer).map_err(wrong)?;
                if url.query().is_some() {
                    return Err(wrong("an issuer has no query"));
                }
                Place::Discovered(Arc::new(Discovery {
                    name: settings.name.clone(),
                    issuer: issuer.clone(),
                    clock: clock.clone(),
                    http: http.clone(),
                    state: Default::default(),
                }))
            }
            At::TokenUrl(url) => {
                let url = endpoint::safe(url).map_err(wrong)?;
                Place::Token { url, client_auth: Offered::default() }
            }
        };
        let client = Client::new(settings.client_id.clone(), &settings.client);
        let client = client.map_err(|why| wrong(&why))?;
        let desk = Desk { client, clock, http };
        Ok(Self { desk, settings, place, turns: Semaphore::new(AT_ONCE) })
    }

    /// Its issuer, where it is more than a token endpoint.
    pub fn issuer(&self) -> Option<&Arc<str>> {
        self.settings.at.issuer()
    }

    /// Where it is, and which client the gateway is there.
    pub fn about(&self) -> [&str; 2] {
        [self.settings.at.url(), &self.settings.client_id]
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
        redirect_uri: &str,
        attempt: &Attempt,
    ) -> Result<String, Problem> {
        let metadata = self.metadata().await?;
        let endpoint = &metadata.authorization_endpoint;
        Ok(authorize::authorization_url(endpoint, &self.settings, redirect_uri, attempt))
    }

    /// A turn to redeem a code that can be good: so many are redeemed at once that callbacks, which anybody can send,
    /// take neither all connections nor the provider's patience.
    ///
    /// # Errors
    /// `Away` where discovery failed, or nobody has a turn left; `Bad` for what is no code, or another issuer's.
    pub async fn turn(&self, callback: Callback<'_>) -> Result<SemaphorePermit<'_>, Problem> {
        callback.check(&*self.metadata().await?)?;
        let busy = |_| Problem::Away("too many codes are being redeemed".to_owned());
        self.turns.try_acquire().map_err(busy)
    }

    /// Redeems a code, with a [`turn`](Self::turn). The issuer in the callback is compared before anything is sent; the ID
    /// token is verified (OpenID Connect Core 1.0 §3.1.3.7) before anything is given back.
    ///
    /// # Errors
    /// See [`Problem`].
    pub async fn redeem(
        &self,
        redirect_uri: &str,
        attempt: &Attempt,
        callback: Callback<'_>,
    ) -> Result<Granted, Problem> {
        let metadata = self.metadata().await?;
        callback.check(&metadata)?;
        let form = vec![
            ("grant_type", "authorization_code"),
            ("code", callback.code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", &attempt.verifier),
        ];
        let answer = self.desk.token(metadata.token_place(), &self.with_resource(form)).await?;
        if answer.id_token.is_none() {
            return Err(Problem::Bad("no ID token".to_owned()));
        }
        self.granted(&metadata, answer, Whose::Nonce(&attempt.nonce)).await
    }

    /// New tokens for a refresh token. An ID token that comes with them must be of the same `subject`.
    ///
    /// # Errors
    /// See [`Problem`]; [`Problem::is_invalid_grant`] where the token is no longer good.
    pub async fn refresh(&self, refresh_token: &Token, subject: &str) -> Result<Granted, Problem> {
        let metadata = self.metadata().await?;
        let form = vec![("grant_type", "refresh_token"), ("refresh_token", refresh_token.reveal())];
        let answer = self.desk.token(metadata.token_place(), &self.with_resource(form)).await?;
        self.granted(&metadata, answer, Whose::Subject(subject)).await
    }

    /// Has a token count no more (RFC 7009), and all that came of the same grant where the provider does so. Nothing where
    /// it has no revocation endpoint.
    ///
    /// # Errors
    /// See [`Problem`].
    pub async fn revoke(&self, token: &Token, is_refresh_token: bool) -> Result<(), Problem> {
        let Place::Discovered(discovery) = &self.place else {
            return Ok(());
        };
        let metadata = discovery.metadata().await?;
        let Some(url) = &metadata.revocation_endpoint else {
            return Ok(());
        };
        let kind = if is_refresh_token { "refresh_token" } else { "access_token" };
        let form = vec![("token", token.reveal()), ("token_type_hint", kind)];
        let place = Endpoint { url, ..metadata.token_place() };
        self.desk.ask(place, &form).await.map(drop)
    }

    /// Where a browser is sent to log out at the provider (OpenID Connect RP-Initiated Logout 1.0 §2), where it has such a
    /// place. It comes back to `redirect_uri`.
    ///
    /// # Errors
    /// Discovery failed.
    pub async fn logout_url(
        &self,
        redirect_uri: &str,
        id_token: Option<&Token>,
    ) -> Result<Option<String>, Problem> {
        let metadata = self.metadata().await?;
        let client_id = &self.settings.client_id;
        let url = |endpoint| authorize::logout_url(endpoint, client_id, redirect_uri, id_token);
        Ok(metadata.end_session_endpoint.as_ref().map(url))
    }

    /// Verifies a logout token (OpenID Connect Back-Channel Logout 1.0 §2.6), but for whether its `jti` was seen before.
    ///
    /// # Errors
    /// See [`Problem`].
    pub async fn logged_out(&self, token: &str) -> Result<LoggedOut, Problem> {
        let metadata = self.metadata().await?;
        logout_token::verify(token, &metadata, &self.expected(&metadata)).await
    }

    /// A token for the gateway itself (RFC 6749 §4.4).
    ///
    /// # Errors
    /// See [`Problem`].
    pub async fn client_credentials(
        &self,
        audience: Option<&str>,
        scope: Option<&str>,
    ) -> Result<Granted, Problem> {
        self.unnamed(vec![("grant_type", "client_credentials")], audience, scope).await
    }

    /// A token for the user, exchanged for their access token (RFC 8693 §2).
    ///
    /// # Errors
    /// See [`Problem`].
    pub async fn exchange(
        &self,
        subject_token: &Token,
        audience: Option<&str>,
        scope: Option<&str>,
    ) -> Result<Granted, Problem> {
        let form = vec![
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("subject_token", subject_token.reveal()),
            ("subject_token_type", ACCESS_TOKEN),
            ("requested_token_type", ACCESS_TOKEN),
        ];
        self.unnamed(form, audience, scope).await
    }

    /// A token that no ID token comes with. `audience` takes the place of `resource`: it is for one upstream, and not for
    /// all that the login is for.
    async fn unnamed<'a>(
        &'a self,
        mut form: Form<'a>,
        audience: Option<&'a str>,
        scope: Option<&'a str>,
    ) -> Result<Granted, Problem> {
        form.extend(scope.map(|scope| ("scope", scope)));
        match audience {
            Some(audience) => form.push(("audience", audience)),
            None => form = self.with_resource(form),
        }
        let answer = match &self.place {
            Place::Discovered(discovery) => {
                self.desk.token(discovery.metadata().await?.token_place(), &form).await?
            }
            Place::Token { url, client_auth } => {
                let place = Endpoint { url, audience: url.as_str(), client_auth };
                self.desk.token(place, &form).await?
            }
        };
        Ok(granted(answer))
    }

    async fn granted(
        &self,
        metadata: &Metadata,
        mut answer: Answer,
        whose: Whose<'_>,
    ) -> Result<Granted, Problem> {
        let Some(token) = answer.id_token.take() else {
            return Ok(granted(answer));
        };
        let expected = self.expected(metadata);
        let id_token =
            id_token::verify(&token, metadata, &expected, whose, &answer.access_token).await?;
        Ok(Granted { id_token: Some(id_token), ..granted(answer) })
    }

    fn with_resource<'a>(&'a self, mut form: Form<'a>) -> Form<'a> {
        form.extend(self.settings.resource.iter().map(|resource| ("resource", resource.as_str())));
        form
    }

    fn expected<'a>(&'a self, metadata: &'a Metadata) -> Expected<'a> {
        let (issuer, client_id) = (&*metadata.issuer, self.settings.client_id.as_str());
        Expected { issuer, client_id, now: self.desk.clock.now() }
    }

    async fn metadata(&self) -> Result<Arc<Metadata>, Problem> {
        match &self.place {
            Place::Discovered(discovery) => discovery.metadata().await,
            Place::Token { .. } => Err(Problem::Bad("there is a token endpoint alone".to_owned())),
        }
    }
}

impl Metadata {
    fn token_place(&self) -> Endpoint<'_> {
        let (url, client_auth) = (&self.token_endpoint, &self.client_auth);
        Endpoint { url, audience: &self.issuer, client_auth }
    }
}

fn granted(answer: Answer) -> Granted {
    let Answer { access_token, access_expires_at, refresh_token, id_token: _ } = answer;
    Granted { access_token, access_expires_at, refresh_token, id_token: None }
}

/// How many codes are redeemed at once.
const AT_ONCE: usize = 64;
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
