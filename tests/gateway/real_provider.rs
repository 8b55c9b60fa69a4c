//! Logins at a real provider, which rotates refresh tokens and ends a grant whose old one comes again: from the login to
//! all ways out, with sessions in every store.

use futures_util::future::join_all;
use tempfile::TempDir;

use crate::harness::*;

const ME: &str = r#"
session = "required"
[get.calls.me]
upstream = "api"
path = "/me"
auth = "user"
"#;

/// One that calls with the gateway's own token, and one with a token for the user that is for somebody else.
const CREDENTIALS: &str = r#"
[credentials.own]
grant = "client_credentials"
login = "main"
scope = "read"
[credentials.billing]
grant = "exchange"
login = "main"
audience = "billing"
"#;
const OWN: &str = r#"
session = "none"
[get.calls.it]
upstream = "api"
path = "/own"
auth = "own"
"#;
const BILL: &str = r#"
session = "required"
[get.calls.it]
upstream = "api"
path = "/bill"
auth = "billing"
"#;

/// Where sessions are.
enum Store {
    Memory,
    File(TempDir),
    Redis(Redis),
}

impl Store {
    fn file() -> Self {
        Self::File(tempfile::tempdir().expect("a folder"))
    }

    async fn redis() -> Self {
        Self::Redis(Redis::start().await)
    }

    fn config(&self) -> String {
        match self {
            Self::Memory => String::new(),
            Self::File(folder) => {
                let file = folder.path().join("data/sessions.redb");
                format!("[stores]\nsessions = \"file\"\nfile = \"{}\"\n", file.display())
            }
            Self::Redis(redis) => format!(
                "[stores]\nsessions = \"redis\"\nredis = {{ url = \"{}\", timeout = \"5s\" }}\n",
                redis.url()
            ),
        }
    }

    /// One process, or two with one store.
    fn instances(&self) -> usize {
        if matches!(self, Self::Redis(_)) { 2 } else { 1 }
    }
}

/// A provider, an upstream that gets the users' tokens, the gateways, and a user's browser at the first of them.
struct World {
    provider: Provider,
    api: Upstream,
    gateways: Vec<Gateway>,
    visitor: Visitor,
    _store: Store,
}

impl World {
    async fn of(store: Store) -> Self {
        Self::with(store, json!({}), CLIENT).await
    }

    /// With further settings of the provider, and these keys of `[login.main]`, with tables below it.
    async fn with(store: Store, settings: Value, login: &str) -> Self {
        let (provider, api) = (Provider::start(settings), api().await);
        let mut gateways = Vec::new();
        for _ in 0..store.instances() {
            let config = config(&provider, &api, &store, login);
            gateways.push(config.workers(2).start().await);
        }
        let visitor = Visitor::of(&gateways[0]);
        provider.finds("https://app.test", gateways[0].address).await;
        Self { provider, api, gateways, visitor, _store: store }
    }

    /// With cookies of this `SameSite`.
    async fn under(same_site: &str) -> Self {
        let (provider, api) = (Provider::start(json!({})), api().await);
        let session = format!("same_site = \"{same_site}\"\n");
        let config = config_with(&provider, &api, &Store::Memory, CLIENT, &session);
        let gateway = config.workers(2).start().await;
        let visitor = Visitor::of(&gateway);
        provider.finds("https://app.test", gateway.address).await;
        Self { provider, api, gateways: vec![gateway], visitor, _store: Store::Memory }
    }

    /// Lets time go by for everybody.
    async fn advance(&self, seconds: u64) {
        self.provider.advance(seconds).await;
        for gateway in &self.gateways {
            gateway.advance(seconds);
        }
    }

    /// From now on the user's requests come to the last of the gateways.
    fn goes_to_the_other(&self) {
        let other = self.gateways.last().expect("a gateway");
        self.visitor.finds("https://app.test", other.address);
    }

    fn last_sent(&self) -> String {
        let last = self.api.requests().pop().expect("a request");
        let header = last.header("authorization").expect("a token");
        header.strip_prefix("Bearer ").expect("a bearer token").to_owned()
    }

    /// The provider's latest token of a kind.
    async fn latest(&self, kind: &str) -> String {
        let tokens = self.provider.tokens().await;
        let latest = tokens.into_iter().rfind(|(known, _)| known == kind);
        latest.unwrap_or_else(|| panic!("no {kind}")).1
    }

    /// The session has ended, for all instances, and the browser has forgotten it.
    async fn assert_ended(&self) {
        let cookie = self.visitor.cookie_header("/").expect("a cookie");
        self.visitor.get("/me").await.assert_error(401, "SESSION_EXPIRED");
        assert_eq!(self.visitor.own_cookies(), []);
        for gateway in &self.gateways {
            let asked = gateway.get("/me").by_our_page().header("cookie", &cookie);
            asked.await.assert_error(401, "SESSION_EXPIRED");
        }
    }
}

const CLIENT: &str = "client_secret = \"secret-of-the-dashboard\"\n";

async fn api() -> Upstream {
    let api = Upstream::start().await;
    api.on("GET", "/*", Reply::json(json!("it")));
    api
}

fn config(provider: &Provider, api: &Upstream, store: &Store, login: &str) -> Config {
    config_with(provider, api, store, login, "")
}

/// With further lines of `[session]`.
fn config_with(
    provider: &Provider,
    api: &Upstream,
    store: &Store,
    login: &str,
    session: &str,
) -> Config {
    let text = format!(
        "origin = \"https://app.test\"\n\
         [session]\nkeys = [\"0123456789abcdef0123456789abcdef\"]\n{session}\
         [login.main]\nissuer = \"{}\"\nclient_id = \"dashboard\"\n{login}{}",
        provider.issuer(),
        store.config()
    );
    Gateway::config().gateway(&text).upstream("api", api).route("me.toml", ME)
}

/// Each promise, with each store.
macro_rules! with_every_store {
    ($($promise:ident)*) => {
        mod memory {
            $(#[tokio::test] async fn $promise() { super::$promise(super::Store::Memory).await; })*
        }
        mod file {
            $(#[tokio::test] async fn $promise() { super::$promise(super::Store::file()).await; })*
        }
        mod redis {
            $(#[tokio::test] async fn $promise() {
                super::$promise(super::Store::redis().await).await;
            })*
        }
    };
}

with_every_store! {
    fifty_requests_on_all_instances_survive_every_rotation_with_one_refresh
    a_logout_ends_the_session_here_and_there_and_comes_back
    a_logout_at_the_provider_ends_the_session_on_the_other_instance_at_once
    what_the_provider_takes_back_ends_with_its_access_token
}

async fn fifty_requests_on_all_instances_survive_every_rotation_with_one_refresh(store: Store) {
    let world = World::of(store).await;
    world.visitor.login("u1").await.assert_at("https://app.test/");
    world.visitor.get("/me").await.assert_data(200, json!("it"));
    let mut before = world.last_sent();
    assert_eq!(before, world.latest("access_token").await);
    let cookie = world.visitor.cookie_header("/").expect("a cookie");
    for round in 1..=3 {
        world.advance(301).await;
        let ask = |at: usize| {
            let gateway = &world.gateways[at % world.gateways.len()];
            gateway.get("/me").by_our_page().header("cookie", &cookie).into_future()
        };
        for reply in join_all((0..50).map(ask)).await {
            reply.assert_data(200, json!("it"));
        }
        let counts = world.provider.counts().await;
        assert_eq!(counts["refresh_token"], json!({"ok": round, "refused": 0, "failed": 0}));
        assert_ne!(world.last_sent(), before);
        before = world.latest("access_token").await;
        let sent = world.api.requests();
        let bearer = Some(format!("Bearer {before}"));
        let of_round = &sent[sent.len() - 50..];
        assert!(of_round.iter().all(|one| one.header("authorization") == bearer.as_deref()));
    }
}

async fn a_logout_ends_the_session_here_and_there_and_comes_back(store: Store) {
    let mut world = World::of(store).await;
    world.visitor.login("u1").await.assert_at("https://app.test/");
    let cookie = world.visitor.cookie_header("/").expect("a cookie");
    let refresh_token = world.latest("refresh_token").await;
    world.goes_to_the_other();

    world.visitor.logout().await.assert_at("https://app.test/");
    assert_eq!(world.visitor.own_cookies(), [], "the jar is empty");
    assert_eq!(world.provider.count("end_session").await, 1);
    // It tells the gateway too, where the session has ended already.
    let counts = world.provider.counts().await;
    assert_eq!(counts["backchannel_logout"], json!({"ok": 1, "refused": 0, "failed": 0}));
    for gateway in &world.gateways {
        let asked = gateway.get("/me").by_our_page().header("cookie", &cookie);
        asked.await.assert_error(401, "SESSION_EXPIRED");
    }
    // A stop waits for what is told to the provider.
    world.gateways.clear();
    // It keeps no access tokens, which are JWTs, and says so.
    let counts = world.provider.counts().await;
    assert_eq!(counts["revocation"], json!({"ok": 1, "refused": 1, "failed": 0}));
    let form = format!("grant_type=refresh_token&refresh_token={refresh_token}");
    let asked = reqwest::Client::builder().no_proxy().build().expect("a client");
    let asked = asked.post(format!("{}/token", world.provider.issuer())).body(form);
    let asked = asked.header("content-type", "application/x-www-form-urlencoded");
    let asked = asked.basic_auth("dashboard", Some("secret-of-the-dashboard")).send().await;
    assert_eq!(asked.expect("a reply").status(), 400, "the grant has ended");
}

async fn a_logout_at_the_provider_ends_the_session_on_the_other_instance_at_once(store: Store) {
    let world = World::of(store).await;
    world.goes_to_the_other();
    world.visitor.login("u1").await.assert_at("https://app.test/");
    world.visitor.get("/me").await.assert_status(200);
    let other = Visitor::of(&world.gateways[0]);
    other.login("u2").await.assert_at("https://app.test/");

    assert_eq!(world.provider.logout("u1").await, [200]);
    world.assert_ended().await;
    other.get("/me").await.assert_status(200);
}

async fn what_the_provider_takes_back_ends_with_its_access_token(store: Store) {
    let world = World::of(store).await;
    world.visitor.login("u1").await.assert_at("https://app.test/");
    world.provider.revoke("u1").await;
    world.visitor.get("/me").await.assert_status(200);
    let sent = world.api.total();
    world.advance(301).await;
    world.goes_to_the_other();
    world.assert_ended().await;
    assert_eq!(world.api.total(), sent);
    let counts = world.provider.counts().await;
    assert_eq!(counts["refresh_token"], json!({"ok": 0, "refused": 1, "failed": 0}));
}

#[tokio::test]
async fn the_gateway_may_show_itself_with_a_key() {
    let signer = Signer::ec();
    let keys = json!({"keys": [signer.jwk("k1")]});
    let client = json!({"token_endpoint_auth_method": "private_key_jwt", "jwks": keys});
    let key = format!("client_key = \"\"\"{}\"\"\"\n", signer.private_pem());
    let world = World::with(Store::Memory, json!({"clients": [client]}), &key).await;
    world.visitor.login("u1").await.assert_at("https://app.test/");
    world.advance(301).await;
    world.visitor.get("/me").await.assert_data(200, json!("it"));
    let requests = world.provider.requests().await;
    let shown = |one: &Value| (one["grant"].clone(), one["auth"].clone(), one["status"].clone());
    let shown: Vec<_> = requests.as_array().expect("requests").iter().map(shown).collect();
    let with_a_key = |grant| (json!(grant), json!("private_key_jwt"), json!(200));
    assert_eq!(shown, ["authorization_code", "refresh_token"].map(with_a_key));
}

#[tokio::test]
async fn the_gateways_own_token_and_an_exchanged_one_are_sent() {
    let (provider, api) = (Provider::start(json!({})), api().await);
    let login = format!("{CLIENT}{CREDENTIALS}");
    let config = config(&provider, &api, &Store::Memory, &login);
    let gateway = config.route("own.toml", OWN).route("bill.toml", BILL).start().await;
    let visitor = Visitor::of(&gateway);
    visitor.login("u1").await.assert_at("https://app.test/");
    for path in ["/own", "/bill", "/own", "/bill"] {
        visitor.get(path).await.assert_data(200, json!("it"));
    }
    let of = |path: &str| {
        let sent = api.requests();
        let tokens: Vec<_> = sent.iter().filter(|one| one.path() == path).collect();
        let [first, second] = &tokens[..] else { panic!("two requests: {tokens:?}") };
        assert_eq!(first.header("authorization"), second.header("authorization"));
        claims(first.header("authorization").expect("a token"))
    };
    let (own, billing) = (of("/own"), of("/bill"));
    assert_eq!((&own["sub"], &own["scope"]), (&json!("dashboard"), &json!("read")));
    assert_eq!((&billing["sub"], &billing["aud"]), (&json!("u1"), &json!("billing")));
    let exchange = "urn:ietf:params:oauth:grant-type:token-exchange";
    for grant in ["client_credentials", exchange] {
        assert_eq!(provider.count(grant).await, 1);
    }
}

/// Of a token that is a JWT.
fn claims(token: &str) -> Value {
    use base64::Engine;
    let part = token.split('.').nth(1).unwrap_or_else(|| panic!("no JWT: {token}"));
    let part = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part);
    serde_json::from_slice(&part.expect("base64")).expect("JSON")
}

#[tokio::test]
async fn sessions_in_a_file_outlive_kill_9_and_are_refreshed_after_it() {
    let (provider, api, store) = (Provider::start(json!({})), api().await, Store::file());
    let launch = || config(&provider, &api, &store, CLIENT).launch();
    let program = launch();
    let visitor = Visitor::at("https://app.test", program.address);
    visitor.login("u1").await.assert_at("https://app.test/");
    visitor.get("/me").await.assert_data(200, json!("it"));
    program.signal("KILL");
    drop(program);

    let program = launch();
    visitor.finds("https://app.test", program.address);
    visitor.get("/me").await.assert_data(200, json!("it"));
    assert_eq!(provider.count("refresh_token").await, 0);
    api.once("GET", "/me", Reply::status(401));
    visitor.get("/me").await.assert_data(200, json!("it"));
    assert_eq!(provider.count("refresh_token").await, 1);
    program.signal("KILL");
    drop(program);

    // The rotated token was written down.
    let program = launch();
    visitor.finds("https://app.test", program.address);
    api.once("GET", "/me", Reply::status(401));
    visitor.get("/me").await.assert_data(200, json!("it"));
    let counts = provider.counts().await;
    assert_eq!(counts["refresh_token"], json!({"ok": 2, "refused": 0, "failed": 0}));

    visitor.logout().await.assert_at("https://app.test/");
    let (_, lines) = program.stop();
    assert_eq!(provider.counts().await["revocation"], json!({"ok": 1, "refused": 1, "failed": 0}));
    let warnings: Vec<_> = lines.iter().filter(|line| line.contains("revoked")).collect();
    assert_eq!(warnings, <[&String; 0]>::default());
}

/// By hand, and by another site, which finds the user logged in at the provider: the logins of one browser share a grant
/// there.
#[tokio::test]
async fn who_logs_in_again_in_the_same_browser_has_a_session_that_goes_on() {
    for same_site in ["strict", "lax"] {
        let mut world = World::under(same_site).await;
        world.visitor.login("u1").await.assert_at("https://app.test/");
        for elsewhere in [false, true] {
            let before = world.visitor.cookie_header("/").expect("a cookie");
            let page = match elsewhere {
                false => world.visitor.open("/auth/login").await,
                true => world.visitor.open_from("https://other.test", "/auth/login").await,
            };
            page.assert_at("https://app.test/");
            let old = world.gateways[0].get("/me").by_our_page().header("cookie", &before);
            old.await.assert_error(401, "SESSION_EXPIRED");
            world.advance(301).await;
            world.visitor.get("/me").await.assert_data(200, json!("it"));
        }
        let counts = world.provider.counts().await;
        assert_eq!(counts["refresh_token"], json!({"ok": 2, "refused": 0, "failed": 0}));
        // A stop waits for what is told to the provider.
        world.gateways.clear();
        assert_eq!(world.provider.counts().await["revocation"], Value::Null);
    }
}

/// None of them has seen the cookie of another one's session when it began.
#[tokio::test]
async fn tabs_that_log_in_one_after_the_other_leave_one_session() {
    for same_site in ["strict", "lax"] {
        let world = World::under(same_site).await;
        let mut tabs = Vec::new();
        for _ in 0..3 {
            tabs.push(world.visitor.open("/auth/login").await);
        }
        let mut sessions = Vec::new();
        for tab in tabs {
            let page = world.visitor.submit(tab, "u1", None).await;
            page.assert_at("https://app.test/");
            // What stands in the history and is a referrer has no code in the end.
            let codes = page.trail.iter().filter(|step| step.contains("code="));
            assert_eq!(codes.count(), 1, "{page:?}");
            sessions.push(world.visitor.cookie_header("/").expect("a cookie"));
        }
        let last = sessions.pop().expect("a session");
        for session in &sessions {
            let asked = world.gateways[0].get("/me").by_our_page().header("cookie", session);
            asked.await.assert_error(401, "SESSION_EXPIRED");
        }
        world.advance(301).await;
        let asked = world.gateways[0].get("/me").by_our_page().header("cookie", &last);
        asked.await.assert_data(200, json!("it"));
    }
}
