//! The real provider of the tests does what a gateway has to live with. Its client here is the test itself.

use std::collections::HashMap;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::harness::*;

const VERIFIER: &str = "a-verifier-of-forty-three-characters-at-least";
const CALLBACK: &str = "https://app.test/auth/callback";
const SECRET: (&str, &str) = ("dashboard", "secret-of-the-dashboard");
const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// A provider, somebody with a browser, and an application that takes whatever comes.
struct World {
    provider: Provider,
    app: Upstream,
    visitor: Visitor,
}

impl World {
    async fn with(settings: Value) -> Self {
        let provider = Provider::start(settings);
        let app = Upstream::start().await;
        app.on("GET", "/auth/callback", Reply::text("back"));
        app.on("GET", "/", Reply::text("home"));
        app.on("POST", "/auth/backchannel-logout", Reply::status(200));
        provider.finds("https://app.test", app.address()).await;
        let visitor = Visitor::at("https://app.test", app.address());
        Self { provider, app, visitor }
    }

    async fn start() -> Self {
        Self::with(json!({})).await
    }

    fn login_url(&self, more: &[(&str, &str)]) -> String {
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, VERIFIER.as_bytes()));
        let mut url = self.url("/auth");
        url.query_pairs_mut()
            .extend_pairs([("client_id", "dashboard"), ("response_type", "code")])
            .extend_pairs([("scope", "openid profile read"), ("redirect_uri", CALLBACK)])
            .extend_pairs([("state", "s1"), ("nonce", "n1")])
            .extend_pairs([("code_challenge", &*challenge), ("code_challenge_method", "S256")])
            .extend_pairs(more);
        url.into()
    }

    /// What the callback gets once this user has logged in.
    async fn callback(&self, user: &str) -> HashMap<String, String> {
        let mut page = self.visitor.open(&self.login_url(&[])).await;
        if page.form().is_some() {
            page = self.visitor.submit(page, user, None).await;
        }
        assert!(page.url.as_str().starts_with(CALLBACK), "{page:#?}");
        page.url.query_pairs().into_owned().collect()
    }

    async fn login(&self, user: &str) -> Value {
        let code = self.callback(user).await["code"].clone();
        let form = [("grant_type", "authorization_code"), ("code", &code)];
        let (status, tokens) = self
            .token(
                &[&form[..], &[("redirect_uri", CALLBACK), ("code_verifier", VERIFIER)]].concat(),
            )
            .await;
        assert_eq!(status, 200, "{tokens}");
        tokens
    }

    async fn refresh(&self, tokens: &Value) -> (u16, Value) {
        self.token(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", text(&tokens["refresh_token"])),
        ])
        .await
    }

    async fn token(&self, form: &[(&str, &str)]) -> (u16, Value) {
        self.post("/token", form, true).await.expect("an answer")
    }

    async fn post(&self, path: &str, form: &[(&str, &str)], basic: bool) -> Option<(u16, Value)> {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let request = client.post(self.url(path)).body(body);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let request = if basic { request.basic_auth(SECRET.0, Some(SECRET.1)) } else { request };
        let reply = request.send().await.ok()?;
        let status = reply.status().as_u16();
        Some((status, serde_json::from_str(&reply.text().await.ok()?).unwrap_or_default()))
    }

    fn url(&self, path: &str) -> url::Url {
        format!("{}{path}", self.provider.issuer()).parse().expect("a URL")
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

/// Header and claims of a token.
fn read(token: &Value) -> (Value, Value) {
    let part = |at| {
        let part = text(token).split('.').nth(at).expect("a JWT");
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64")).expect("JSON")
    };
    (part(0), part(1))
}

#[tokio::test]
async fn whoever_types_a_name_is_logged_in_and_the_callback_says_by_whom() {
    let world = World::start().await;
    let callback = world.callback("u1").await;
    assert_eq!(callback["iss"], world.provider.issuer());
    assert_eq!(callback["state"], "s1");
    // Who has a session there is not asked again.
    let page = world.visitor.open(&world.login_url(&[])).await;
    assert_eq!(page.trail.len(), 2, "{page:#?}");
}

#[tokio::test]
async fn whoever_cancels_is_sent_back_with_an_error() {
    let world = World::start().await;
    let page = world.visitor.open(&world.login_url(&[])).await;
    let page = world.visitor.submit(page, "u1", Some("cancel")).await;
    assert!(page.url.as_str().contains("error=access_denied"), "{page:#?}");
}

#[tokio::test]
async fn a_login_without_pkce_is_refused() {
    let world = World::start().await;
    for more in [[("code_challenge", "")], [("code_challenge_method", "plain")]] {
        let mut url: url::Url = world.login_url(&[]).parse().expect("a URL");
        let pairs: HashMap<_, _> = url.query_pairs().into_owned().collect();
        let pairs = pairs.iter().map(|(k, v)| (&**k, &**v)).filter(|(k, _)| *k != more[0].0);
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .extend_pairs(more.iter().filter(|(_, value)| !value.is_empty()))
            .finish();
        url.set_query(Some(&query));
        let page = world.visitor.open(url.as_str()).await;
        assert!(page.url.as_str().contains("error=invalid_request"), "{page:#?}");
    }
}

#[tokio::test]
async fn access_tokens_are_jwts_for_the_resource_and_id_tokens_say_who_it_is() {
    let users = json!({"u1": {"roles": ["admin"]}});
    let world = World::with(json!({"access_token_life": 7, "users": users})).await;
    let tokens = world.login("u1").await;
    assert_eq!(tokens["expires_in"], 7);

    let (header, claims) = read(&tokens["access_token"]);
    assert_eq!((&header["typ"], &header["alg"]), (&json!("at+jwt"), &json!("ES256")));
    assert_eq!((&claims["sub"], &claims["aud"]), (&json!("u1"), &json!("https://api.test/")));
    assert_eq!(claims["scope"], "read");
    let (header, claims) = read(&tokens["id_token"]);
    assert_eq!(header["alg"], "RS256");
    assert_eq!((&claims["nonce"], &claims["aud"]), (&json!("n1"), &json!("dashboard")));
    assert_eq!((&claims["name"], &claims["roles"]), (&json!("User u1"), &json!(["admin"])));
    assert!(claims["sid"].is_string());
}

#[tokio::test]
async fn a_refresh_token_that_was_used_before_ends_the_whole_grant() {
    let world = World::start().await;
    let first = world.login("u1").await;
    let (status, second) = world.refresh(&first).await;
    assert_eq!(status, 200);
    assert_ne!(first["refresh_token"], second["refresh_token"]);

    for stale in [&first, &second] {
        let (status, error) = world.refresh(stale).await;
        assert_eq!((status, text(&error["error"])), (400, "invalid_grant"));
    }
    let counts = world.provider.counts().await;
    assert_eq!(counts["refresh_token"], json!({"ok": 1, "refused": 2, "failed": 0}));
    assert_eq!(world.provider.count("authorization_code").await, 1);
}

#[tokio::test]
async fn a_token_that_is_given_back_ends_the_grant_and_so_does_the_provider() {
    let world = World::start().await;
    let tokens = world.login("u1").await;
    let form = [("token", text(&tokens["refresh_token"]))];
    assert_eq!(world.post("/token/revocation", &form, true).await.expect("an answer").0, 200);
    assert_eq!(world.refresh(&tokens).await.0, 400);
    assert_eq!(world.provider.count("revocation").await, 1);

    let tokens = world.login("u1").await;
    world.provider.revoke("u1").await;
    assert_eq!(world.refresh(&tokens).await.0, 400);
}

#[tokio::test]
async fn token_requests_go_wrong_as_often_and_as_badly_as_a_test_wants() {
    let world = World::start().await;
    let tokens = world.login("u1").await;
    let refresh =
        [("grant_type", "refresh_token"), ("refresh_token", text(&tokens["refresh_token"]))];

    world.provider.fail_next(2, "refresh_token", "503").await;
    assert_eq!(world.refresh(&tokens).await.0, 503);
    assert_eq!(world.token(&[("grant_type", "client_credentials")]).await.0, 200);
    assert_eq!(world.refresh(&tokens).await.0, 503);
    world.provider.fail_next(1, "refresh_token", "drop").await;
    assert_eq!(world.post("/token", &refresh, true).await, None);
    world.provider.fail_next(1, "refresh_token", "hang").await;
    let hung = tokio::time::timeout(std::time::Duration::from_millis(50), world.refresh(&tokens));
    assert!(hung.await.is_err());
    world.provider.fail_next(1, "refresh_token", "500").await;
    world.provider.heal().await;
    world.provider.fail_next(1, "refresh_token", "lost").await;
    assert_eq!(world.post("/token", &refresh, true).await, None);
    // What nobody has heard of has happened.
    assert_eq!(world.refresh(&tokens).await.0, 400);
    let counts = world.provider.counts().await;
    assert_eq!(counts["refresh_token"], json!({"ok": 0, "refused": 1, "failed": 5}));
}

#[tokio::test]
async fn a_logout_at_the_provider_is_told_to_the_application() {
    let world = World::start().await;
    let tokens = world.login("u1").await;
    assert_eq!(world.provider.logout("u1").await, [200]);

    let told = world.app.requests().pop().expect("a request");
    assert_eq!(told.path(), "/auth/backchannel-logout");
    let (header, claims) = read(&json!(told.form_pairs()[0].1));
    assert_eq!(header["typ"], "logout+jwt");
    assert_eq!(claims["sid"], read(&tokens["id_token"]).1["sid"]);
    assert_eq!(claims["sub"], "u1");
}

#[tokio::test]
async fn a_logout_by_the_application_ends_the_session_there() {
    let world = World::start().await;
    let tokens = world.login("u1").await;
    let mut url = world.url("/session/end");
    url.query_pairs_mut()
        .append_pair("id_token_hint", text(&tokens["id_token"]))
        .append_pair("post_logout_redirect_uri", "https://app.test/");
    let page = world.visitor.open(url.as_str()).await;
    let page = world.visitor.submit(page, "", None).await;

    page.assert_at("https://app.test/");
    assert_eq!(world.provider.count("end_session").await, 1);
    assert_eq!(world.provider.count("backchannel_logout").await, 1);
    let page = world.visitor.open(&world.login_url(&[])).await;
    assert!(page.form().is_some(), "{page:#?}");
}

#[tokio::test]
async fn a_user_s_token_is_exchanged_for_one_with_another_audience() {
    let world = World::with(json!({"access_token_life": 60})).await;
    let tokens = world.login("u1").await;
    let form = |token| {
        let form = [
            ("grant_type", EXCHANGE),
            ("subject_token", token),
            ("subject_token_type", ACCESS_TOKEN),
        ];
        [&form[..], &[("audience", "billing")]].concat()
    };
    let (status, exchanged) = world.token(&form(text(&tokens["access_token"]))).await;
    assert_eq!((status, &exchanged["issued_token_type"]), (200, &json!(ACCESS_TOKEN)));
    let (_, claims) = read(&exchanged["access_token"]);
    assert_eq!((&claims["sub"], &claims["aud"]), (&json!("u1"), &json!("billing")));

    assert_eq!(world.token(&form(text(&tokens["id_token"]))).await.0, 400);
    world.provider.advance(61).await;
    assert_eq!(world.token(&form(text(&tokens["access_token"]))).await.0, 400);
}

#[tokio::test]
async fn a_client_may_show_itself_with_a_key() {
    let signer = Signer::ec();
    let key = json!({"keys": [signer.jwk("k1")]});
    let client = json!({"token_endpoint_auth_method": "private_key_jwt", "jwks": key});
    let world = World::with(json!({"clients": [client]})).await;
    let claims = json!({
        "iss": "dashboard", "sub": "dashboard", "aud": world.provider.issuer(), "jti": "1",
    });
    let assertion = signer.token(json!({"kid": "k1"}), claims);
    let form = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", &assertion),
    ];
    let (status, tokens) = world.post("/token", &form, false).await.expect("an answer");
    assert_eq!(status, 200, "{tokens}");
    assert_eq!(read(&tokens["access_token"]).1["sub"], "dashboard");
    assert_eq!(world.provider.requests().await[0]["auth"], "private_key_jwt");
    assert_eq!(
        world.provider.tokens().await,
        [("access_token".to_owned(), text(&tokens["access_token"]).to_owned())]
    );
    assert_eq!(world.token(&[("grant_type", "client_credentials")]).await.0, 401);
}
