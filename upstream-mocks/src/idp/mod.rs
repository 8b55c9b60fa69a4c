//! An OpenID provider that a test scripts.

mod grants;
mod key;
mod world;

#[cfg(test)]
mod tests;

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};

pub use key::SigningKey;
use world::World;

use crate::scripted::lock;
use crate::{Reply, Upstream};

/// The one client that an [`Idp`] knows.
pub const CLIENT_ID: &str = "dashboard";

/// Its secret; with a space, a colon and more, so that a client that does not encode it is found out.
pub const CLIENT_SECRET: &str = "s3cret: with+odd/characters%";

/// An OpenID provider that is good until a test says otherwise.
///
/// It speaks the code flow with PKCE S256 and `iss` in the callback, refresh tokens that rotate (an old one ends the grant),
/// client credentials, token exchange, revocation, and makes logout tokens. Access tokens are `at.…`, refresh tokens `rt.…`,
/// exchanged ones `xt.…`, those of client credentials `cc.…`. It stops when it is dropped.
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use serde_json::json;
/// use upstream_mocks::{Idp, Reply};
///
/// let idp = Idp::start().await;
/// idp.id_tokens(json!({"nonce": "another"}));                  // from now on; null leaves a claim out
/// idp.http().once("POST", "/token", Reply::status(500));       // one reply of any kind, see `Upstream`
/// assert_eq!(idp.given("refresh_token"), 0);
/// # });
/// ```
/// Its endpoints are `/.well-known/openid-configuration`, `/jwks`, `/authorize`, `/token`, `/revoke` and `/logout`.
pub struct Idp {
    upstream: Upstream,
    world: Arc<Mutex<World>>,
}

impl Idp {
    /// Listens on a free port of 127.0.0.1.
    ///
    /// # Panics
    /// Where none can be had.
    pub async fn start() -> Self {
        Self::start_at((Ipv4Addr::LOCALHOST, 0).into()).await
    }

    /// Listens at this address, for example at one where another was before. It remembers nothing of that one.
    ///
    /// # Panics
    /// When the address is taken.
    #[expect(clippy::expect_used, reason = "a test without its provider cannot go on")]
    pub async fn start_at(address: SocketAddr) -> Self {
        let upstream = Upstream::start_at(address).await.expect("a free port");
        let world = Arc::new(Mutex::new(World::new(upstream.url())));
        let on = |method: &str, path: &str, answer: Answer| {
            let world = Arc::clone(&world);
            upstream.reply_with(method, path, move |request| answer(&mut lock(&world), request));
        };
        on("GET", "/.well-known/openid-configuration", |world, _| world.metadata());
        on("GET", "/jwks", |world, _| Reply::json(json!({"keys": world.published})));
        on("POST", "/token", World::token);
        on("POST", "/revoke", World::revoke);
        on("GET", "/authorize", |world, request| {
            let user = request.query_value("login_hint");
            let user = user.as_deref().unwrap_or("u1");
            let back = world.authorize(&request.query_pairs(), user);
            Reply::status(303).header("location", &back)
        });
        on("GET", "/logout", |_, request| match request.query_value("post_logout_redirect_uri") {
            Some(back) => Reply::status(303).header("location", &back),
            None => Reply::text("You are logged out."),
        });
        Self { upstream, world }
    }

    /// `http://127.0.0.1:PORT`
    pub fn issuer(&self) -> String {
        self.upstream.url()
    }

    /// The HTTP side: the requests that came, and replies of any kind instead of the usual ones.
    pub fn http(&self) -> &Upstream {
        &self.upstream
    }

    /// Plays the browser and its user `user`, who logs in at this authorization URL. Gives the address of the callback, with
    /// `code`, `state` and `iss`.
    ///
    /// # Panics
    /// When the URL is not a good authorization request to this provider.
    pub fn authorize(&self, url: &str, user: &str) -> String {
        let (endpoint, query) = url.split_once('?').unwrap_or((url, ""));
        assert_eq!(endpoint, format!("{}/authorize", self.issuer()));
        self.world().authorize(&crate::wire::form_pairs(query), user)
    }

    /// Lets this many seconds go by for it.
    pub fn advance(&self, seconds: u64) {
        self.world().ahead += seconds;
    }

    /// How long access tokens live from now on, in seconds; `None` says nothing of it. Usually 300.
    pub fn access_ttl(&self, seconds: Option<u64>) {
        self.world().access_ttl = seconds;
    }

    /// Refresh tokens stay the same from now on.
    pub fn keeps_refresh_tokens(&self) {
        self.world().grants.keeps_refresh_tokens = true;
    }

    /// Members of the metadata that are other than usual, from now on; null leaves one out. Each of these replaces all
    /// that was said before by the same method.
    pub fn says(&self, metadata: Value) {
        self.world().metadata = metadata;
    }

    /// Claims of ID tokens that are other than usual.
    pub fn id_tokens(&self, claims: Value) {
        self.world().claims = claims;
    }

    /// Members of the headers of ID tokens that are other than usual.
    pub fn id_token_headers(&self, header: Value) {
        self.world().header = header;
    }

    /// Members of the token endpoint's answers that are other than usual.
    pub fn answers(&self, answer: Value) {
        self.world().answer = answer;
    }

    /// Parameters of the callback that are other than usual.
    pub fn calls_back(&self, parameters: Value) {
        self.world().callback = parameters;
    }

    /// The key that signs from now on; published or not.
    pub fn signs_with(&self, key: &SigningKey) {
        self.world().signs_with = key.clone();
    }

    /// The key set from now on (RFC 7517 §5).
    pub fn publishes(&self, keys: impl IntoIterator<Item = Value>) {
        self.world().published = keys.into_iter().collect();
    }

    /// The client shows itself with this key from now on, and not with the secret.
    pub fn client_key(&self, key: &SigningKey) {
        self.world().client_key = Some(key.clone());
    }

    /// A logout token for `{"sub": …}` or `{"sid": …}`, or with any other claims than usual; null leaves one out.
    pub fn logout_token(&self, claims: Value) -> String {
        self.world().logout_token(&claims)
    }

    /// `sid` of the last login of a user.
    pub fn sid(&self, user: &str) -> Option<String> {
        let world = self.world();
        let mut grants = world.grants.all.iter().rev();
        grants.find(|grant| grant.subject == user).map(|grant| grant.sid.clone())
    }

    /// Whether a login of this user still counts.
    pub fn is_alive(&self, user: &str) -> bool {
        let world = self.world();
        world.grants.all.iter().any(|grant| grant.alive && grant.subject == user)
    }

    /// No login of this user counts any more: their tokens are `invalid_grant`.
    pub fn end(&self, user: &str) {
        for grant in &mut self.world().grants.all {
            grant.alive &= grant.subject != user;
        }
    }

    /// How many times it gave tokens for this `grant_type`.
    pub fn given(&self, grant_type: &str) -> usize {
        self.world().given.get(grant_type).copied().unwrap_or(0)
    }

    /// How often a refresh token came that did not count any more.
    pub fn reused(&self) -> usize {
        self.world().grants.reused
    }

    /// All codes and tokens that it has ever made: none of them may stand in a log or in what a browser gets.
    pub fn secrets(&self) -> Vec<String> {
        self.world().grants.secrets.clone()
    }

    /// Seconds since 1970, as it sees them.
    pub fn now(&self) -> u64 {
        self.world().now()
    }

    fn world(&self) -> MutexGuard<'_, World> {
        lock(&self.world)
    }
}

type Answer = fn(&mut World, &crate::Recorded) -> Reply;

impl fmt::Debug for Idp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Idp").field("issuer", &self.issuer()).finish_non_exhaustive()
    }
}

/// Sets members of an object; null takes one out.
fn change(whole: &mut Value, changes: &Value) {
    let (Some(whole), Some(changes)) = (whole.as_object_mut(), changes.as_object()) else {
        return;
    };
    for (name, value) in changes {
        match value {
            Value::Null => whole.remove(name),
            value => whole.insert(name.clone(), value.clone()),
        };
    }
}
