//! Keys that a provider publishes, over HTTP: rotation, floods, a provider that is slow, wrong or away.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpSocket;

use crate::harness::*;

const JWKS: &str = "/jwks.json";

/// A provider, an upstream and a gateway that asks both.
struct Desk {
    provider: Upstream,
    users: Upstream,
    gateway: Gateway,
}

impl Desk {
    async fn with(keys: &[Value]) -> Self {
        let provider = Upstream::start().await;
        publish(&provider, keys);
        let (users, gateway) = gateway(provider.address(), "10s").await;
        Self { provider, users, gateway }
    }

    fn me(&self, token: &str) -> Request {
        self.gateway.get("/me").bearer(token)
    }

    fn asked(&self) -> usize {
        self.provider.count(&format!("GET {JWKS}"))
    }

    async fn refuses(&self, token: &str) {
        let before = self.users.total();
        let reply = self.me(token).await;
        reply.assert_error(401, "UNAUTHORIZED");
        reply.assert_header("www-authenticate", r#"Bearer error="invalid_token""#);
        assert_eq!(self.users.total(), before);
    }

    /// Asks until the fetch in the background has changed the answer.
    async fn until(&self, token: &str, status: u16) {
        for _ in 0..1000 {
            if self.me(token).await.status == status {
                return;
            }
        }
        panic!("never {status}");
    }
}

async fn gateway(provider: SocketAddr, deadline: &str) -> (Upstream, Gateway) {
    let users = Upstream::start().await;
    users.on("GET", "/me", Reply::json(json!("me")));
    let route = format!(
        "session = \"required\"\ndeadline = \"{deadline}\"\n[get.calls.me]\nupstream = \"users\"\npath = \"/me\"\n"
    );
    let tokens = format!(
        "[tokens.published]\nissuer = \"https://id.test/\"\naudience = \"api\"\nalgorithms = [\"ES256\"]\n\
         key = {{ jwks = \"http://{provider}{JWKS}\" }}\n"
    );
    let gateway = Gateway::config()
        .without_tokens()
        .gateway(&tokens)
        .upstream("users", &users)
        .route("me.toml", &route)
        .route("open.toml", "session = \"none\"\n[get.response]\nshape = '1'\n")
        .start()
        .await;
    (users, gateway)
}

fn publish(provider: &Upstream, keys: &[Value]) {
    provider.on("GET", JWKS, Reply::json(json!({ "keys": keys })));
}

fn by(signer: &Signer, id: &str) -> String {
    signer.token(json!({"kid": id}), json!({}))
}

#[tokio::test]
async fn keys_are_fetched_once_and_not_before_a_token_needs_them() {
    let signer = Signer::ec();
    let desk = Desk::with(&[signer.jwk("a")]).await;
    desk.gateway.get("/me").await.assert_status(401);
    desk.refuses(&signer.token(json!({"kid": "a"}), json!({"aud": "other"}))).await;
    assert_eq!(desk.asked(), 0);
    for sub in ["u1", "u2", "u2"] {
        let token = signer.token(json!({"kid": "a"}), json!({"sub": sub}));
        desk.me(&token).await.assert_data(200, json!("me"));
    }
    assert_eq!(desk.asked(), 1);
    let fetch = &desk.provider.requests()[0];
    assert_eq!((fetch.header("authorization"), fetch.header("cookie")), (None, None));
}

#[tokio::test]
async fn t12_a_new_kid_works_within_one_fetch() {
    let (old, new) = (Signer::ec(), Signer::ec());
    let desk = Desk::with(&[old.jwk("a")]).await;
    desk.me(&by(&old, "a")).await.assert_status(200);
    publish(&desk.provider, &[old.jwk("a"), new.jwk("b")]);
    desk.me(&by(&new, "b")).await.assert_status(200);
    desk.me(&by(&old, "a")).await.assert_status(200);
    assert_eq!(desk.asked(), 2);
}

#[tokio::test]
async fn t12_a_removed_kid_stops_and_a_kid_may_get_another_key() {
    let (old, new) = (Signer::ec(), Signer::ec());
    let desk = Desk::with(&[old.jwk("a")]).await;
    let token = by(&old, "a");
    desk.me(&token).await.assert_status(200);
    publish(&desk.provider, &[new.jwk("a")]);
    desk.gateway.advance(599);
    desk.me(&token).await.assert_status(200);
    assert_eq!(desk.asked(), 1, "not before its time");
    desk.gateway.advance(1);
    desk.until(&token, 401).await;
    assert_eq!(desk.asked(), 2);
    desk.me(&by(&new, "a")).await.assert_status(200);
}

#[tokio::test]
async fn t8_a_flood_of_unknown_kids_is_one_fetch_per_cooldown() {
    let signer = Signer::ec();
    let desk = Desk::with(&[signer.jwk("a")]).await;
    desk.me(&by(&signer, "a")).await.assert_status(200);
    for round in 1..=2 {
        for id in 0..100 {
            desk.refuses(&by(&signer, &format!("x{round}-{id}"))).await;
        }
        assert_eq!(desk.asked(), 1 + round);
        desk.gateway.advance(30);
    }
    desk.me(&by(&signer, "a")).await.assert_status(200);
}

#[tokio::test]
async fn t7_a_token_chooses_neither_its_key_nor_where_it_is_fetched() {
    let (real, evil) = (Signer::ec(), Signer::ec());
    let desk = Desk::with(&[real.jwk("a")]).await;
    let elsewhere = Upstream::start().await;
    elsewhere.on("GET", "/**", Reply::json(json!({"keys": [evil.jwk("a")]})));
    let url = elsewhere.url();
    for header in [
        json!({"kid": "a", "jku": format!("{url}/jwks")}),
        json!({"kid": "a", "x5u": format!("{url}/cert")}),
        json!({"kid": "a", "jwk": evil.jwk("a")}),
        json!({"kid": format!("{url}/jwks")}),
        json!({"kid": "../../../etc/passwd"}),
        json!({"jku": format!("{url}/jwks"), "jwk": evil.jwk("b"), "kid": "b"}),
    ] {
        desk.refuses(&evil.token(header, json!({}))).await;
    }
    assert_eq!(elsewhere.total(), 0);
    let paths: Vec<_> = desk.provider.requests().iter().map(|one| one.target.clone()).collect();
    assert!(paths.iter().all(|path| path == JWKS), "{paths:?}");
    let harmless = json!({"kid": "a", "jku": format!("{url}/jwks"), "jwk": evil.jwk("a")});
    desk.me(&real.token(harmless, json!({}))).await.assert_status(200);
    assert_eq!(elsewhere.total(), 0);
}

#[tokio::test]
async fn t13_a_provider_that_is_down_at_start_is_503_until_it_is_there() {
    let signer = Signer::ec();
    // Bound and not listening: nobody is there, and nobody else can be.
    let reserved = TcpSocket::new_v4().expect("a socket");
    reserved.bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a free port");
    let address = reserved.local_addr().expect("an address");
    let (users, gateway) = gateway(address, "10s").await;
    let token = by(&signer, "a");

    gateway.get("/open").await.assert_status(200);
    gateway.admin("/readyz").await.assert_status(200);
    for _ in 0..3 {
        let reply = gateway.get("/me").bearer(&token).await;
        reply.assert_error(503, "STORE_UNAVAILABLE").assert_header("retry-after", "5");
        assert!(!reply.body.contains(&address.port().to_string()), "{reply:?}");
    }
    gateway.get("/me").await.assert_error(401, "UNAUTHORIZED");
    assert_eq!(users.total(), 0);

    drop(reserved);
    let provider = Upstream::start_at(address).await.expect("the same address");
    publish(&provider, &[signer.jwk("a")]);
    gateway.advance(5);
    gateway.get("/me").bearer(&token).await.assert_status(200);
}

#[tokio::test]
async fn t13_a_provider_that_answers_nonsense_is_503_at_first_and_changes_nothing_later() {
    let signer = Signer::ec();
    let token = by(&signer, "a");
    let elsewhere = Upstream::start().await;
    publish(&elsewhere, &[signer.jwk("a")]);
    let redirect = Reply::status(302).header("location", &format!("{}{JWKS}", elsewhere.url()));
    let nonsense = [
        Reply::status(500),
        Reply::text("<html>Sign in</html>"),
        Reply::json(json!([])),
        Reply::json(json!({"keys": {}})),
        Reply::json(json!({"keys": [], "padding": "x".repeat(300 * 1024)})),
        Reply::json(json!({"keys": [signer.jwk("a")]})).truncated(),
        Reply::reset(),
        redirect,
    ];
    let first = Desk::with(&[]).await;
    let later = Desk::with(&[signer.jwk("a")]).await;
    later.me(&token).await.assert_status(200);
    for reply in nonsense {
        for desk in [&first, &later] {
            desk.provider.on("GET", JWKS, reply.clone());
            desk.gateway.advance(30);
        }
        let refused = first.me(&token).await;
        refused.assert_error(503, "STORE_UNAVAILABLE");
        let before = later.asked();
        later.refuses(&by(&signer, "unknown")).await;
        assert_eq!(later.asked(), before + 1, "it was asked for");
        later.me(&token).await.assert_status(200);
    }
    assert_eq!((first.users.total(), elsewhere.total()), (0, 0));
}

#[tokio::test]
async fn t13_a_slow_provider_is_waited_for_by_those_who_need_it() {
    let signer = Signer::ec();
    let desk = Desk::with(&[]).await;
    let gate = Gate::new();
    let keys = Reply::json(json!({"keys": [signer.jwk("a")]}));
    desk.provider.on("GET", JWKS, keys.when(&gate));
    let token = by(&signer, "a");
    let waiting: Vec<_> = (0..10).map(|_| tokio::spawn(desk.me(&token).into_future())).collect();
    desk.provider.wait_for(1).await;
    desk.gateway.get("/open").await.assert_status(200);
    gate.open();
    for reply in waiting {
        reply.await.expect("a reply").assert_status(200);
    }
    assert_eq!(desk.asked(), 1, "one fetch for all");
}

#[tokio::test]
async fn t13_a_provider_that_is_slower_than_the_request_may_take_is_503() {
    let provider = Upstream::start().await;
    provider.on("GET", JWKS, Reply::hang());
    let (users, gateway) = gateway(provider.address(), "100ms").await;
    let reply = gateway.get("/me").bearer(&by(&Signer::ec(), "a")).await;
    reply.assert_error(503, "STORE_UNAVAILABLE");
    assert_eq!(users.total(), 0);
}
