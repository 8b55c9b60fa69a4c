//! Tokens of login sessions towards upstreams: refreshed once, sent again where one is not taken, exchanged per user.

mod credentials;
mod ended;
mod exchanged;
mod refreshed;
mod stores;
mod upstreams;

use futures_util::future::join_all;
use upstream_mocks::SigningKey;

use crate::harness::*;

/// A gateway with a login, one upstream that wants the user's token, and routes with and without it.
struct Desk {
    idp: Idp,
    users: Upstream,
    gateway: Gateway,
}

/// One that reads the user's own things.
const ME: &str = r#"
session = "required"
[get.calls.me]
upstream = "users"
path = "/me"
"#;

/// One that needs a session and no token.
const PLAIN: &str = r#"
session = "required"
[get.response]
shape = '$session.sub'
"#;

impl Desk {
    async fn new() -> Self {
        Self::with("", "").await
    }

    /// With further keys of `[session]` and of `[login.main]`.
    async fn with(session: &str, login: &str) -> Self {
        let idp = Idp::start().await;
        let users = users().await;
        let gateway = config(&idp, &users, session, login).start().await;
        Self { idp, users, gateway }
    }

    async fn login(&self, user: &str) -> Browser {
        Browser::at(self.gateway.url("")).logs_in(&self.idp, user).await
    }

    /// Lets time go by, for the gateway and the provider.
    fn advance(&self, seconds: u64) {
        self.gateway.advance(seconds);
        self.idp.advance(seconds);
    }

    fn refreshes(&self) -> usize {
        self.idp.given("refresh_token")
    }

    fn asked(&self) -> usize {
        self.idp.http().count("POST /token")
    }

    /// The tokens that the upstream has got, in order.
    fn sent(&self) -> Vec<String> {
        sent(&self.users)
    }

    fn last_sent(&self) -> String {
        self.sent().pop().expect("a request")
    }
}

async fn users() -> Upstream {
    let users = Upstream::start().await;
    users.on("GET", "/me", Reply::json(json!("me")));
    users
}

fn config(idp: &Idp, users: &Upstream, session: &str, login: &str) -> Config {
    let text = login_at(idp, login).replace("[session]\n", &format!("[session]\n{session}\n"));
    Gateway::config()
        .gateway(&text)
        .upstream_with("users", users, "auth = \"user\"")
        .route("me.toml", ME)
        .route("plain.toml", PLAIN)
}

fn sent(upstream: &Upstream) -> Vec<String> {
    let of = |request: &std::sync::Arc<upstream_mocks::Recorded>| {
        let header = request.header("authorization").expect("a token");
        header.strip_prefix("Bearer ").expect("a bearer token").to_owned()
    };
    upstream.requests().iter().map(of).collect()
}

/// The next refresh is granted, but has not ended before the gate is open: its ID token is signed with a key that must be
/// fetched first.
fn hold_refresh(idp: &Idp, gate: &Gate) {
    let key = SigningKey::es256("k2");
    idp.signs_with(&key);
    idp.publishes([key.jwk()]);
    let keys = Reply::json(json!({"keys": [key.jwk()]}));
    idp.http().once("GET", "/jwks", keys.when(gate));
}

async fn until(mut done: impl FnMut() -> bool) {
    while !done() {
        tokio::task::yield_now().await;
    }
}
