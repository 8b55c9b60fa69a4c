//! Forged and broken tokens (`T1` to `T16`, RFC 8725): 401, and no upstream hears of it. `src/session/tests.rs` has more.

use crate::harness::*;

struct Desk {
    users: Upstream,
    gateway: Gateway,
}

impl Desk {
    /// A gateway with the harness's `[tokens.main]`.
    async fn new() -> Self {
        Self::start(Gateway::config()).await
    }

    /// One that checks with this key instead.
    async fn with_pem(algorithm: &str, pem: &str) -> Self {
        let tokens = table("main", "https://id.test/", algorithm);
        Self::start(Gateway::config().without_tokens().gateway(&tokens).env("MAIN", pem)).await
    }

    async fn start(config: Config) -> Self {
        let users = Upstream::start().await;
        users.on("GET", "/me", Reply::json(json!("me")));
        let route =
            "session = \"required\"\n[get.calls.me]\nupstream = \"users\"\npath = \"/me\"\n";
        let gateway = config.upstream("users", &users).route("me.toml", route).start().await;
        Self { users, gateway }
    }

    async fn accepts(&self, token: &str) {
        self.gateway.get("/me").bearer(token).await.assert_data(200, json!("me"));
        self.users.forget();
    }

    async fn refuses(&self, token: &str) {
        let by_bearer = self.gateway.get("/me").bearer(token).await;
        by_bearer.assert_error(401, "UNAUTHORIZED");
        by_bearer.assert_header("www-authenticate", r#"Bearer error="invalid_token""#);
        assert_eq!(self.users.total(), 0, "{token}");
    }

    async fn refuses_headers(&self, headers: impl IntoIterator<Item = Value>) {
        for header in headers {
            self.refuses(&Signer::secret().token(header, json!({}))).await;
        }
    }

    async fn refuses_claims(&self, claims: impl IntoIterator<Item = Value>) {
        for claims in claims {
            self.refuses(&token(claims)).await;
        }
    }
}

fn table(name: &str, issuer: &str, algorithm: &str) -> String {
    let variable = name.to_uppercase();
    format!(
        "[tokens.{name}]\nissuer = \"{issuer}\"\naudience = \"api\"\nalgorithms = [\"{algorithm}\"]\n\
         key = {{ pem = \"${{{variable}}}\" }}\n"
    )
}

#[tokio::test]
async fn t1_a_token_without_an_algorithm_is_refused() {
    let desk = Desk::new().await;
    let names = ["none", "None", "nOnE", "NONE", "", "hs256", "HS512", "RS256"];
    desk.refuses_headers(names.map(|name| json!({"alg": name}))).await;
    desk.refuses_headers([json!({"alg": null}), json!({"alg": ["HS256"]})]).await;
    let good = token(json!({}));
    let (unsigned, _) = good.rsplit_once('.').expect("three parts");
    desk.refuses(&format!("{unsigned}.")).await;
    desk.refuses(unsigned).await;
    let none = Signer::secret().token(json!({"alg": "none"}), json!({}));
    let (unsigned, _) = none.rsplit_once('.').expect("three parts");
    desk.refuses(&format!("{unsigned}.")).await;
    desk.accepts(&good).await;
}

#[tokio::test]
async fn t2_a_public_key_is_no_secret() {
    let rsa = Signer::rsa();
    let desk = Desk::with_pem("RS256", rsa.pem()).await;
    desk.accepts(&rsa.token(json!({}), json!({}))).await;
    for secret in [rsa.pem(), rsa.pem().trim_end()] {
        desk.refuses(&Signer::with_secret(secret.as_bytes()).token(json!({}), json!({}))).await;
    }
}

#[tokio::test]
async fn t3_a_key_serves_one_algorithm() {
    let rsa = Signer::rsa();
    let desk = Desk::with_pem("RS256", rsa.pem()).await;
    for algorithm in ["PS256", "RS512", "ES256", "EdDSA"] {
        desk.refuses(&rsa.token(json!({"alg": algorithm}), json!({}))).await;
    }
    let ps256 = Desk::with_pem("PS256", rsa.pem()).await;
    ps256.refuses(&rsa.token(json!({}), json!({}))).await;
    ps256.accepts(&rsa.token(json!({"alg": "PS256"}), json!({}))).await;
}

#[tokio::test]
async fn t4_times_are_numbers() {
    let desk = Desk::new().await;
    desk.refuses_claims([
        json!({"exp": "9999999999"}),
        json!({"exp": null}),
        json!({"exp": -1}),
        json!({"exp": [9_999_999_999_u64]}),
        json!({"exp": true}),
        json!({"nbf": "0"}),
        json!({"nbf": -5}),
        json!({"iat": "now"}),
    ])
    .await;
    for exp in ["1e400", "-1e400", "NaN", "0x7fffffff", "9999999999 "] {
        let claims = usual(json!({"exp": "EXP"})).to_string().replace("EXP", exp);
        desk.refuses(&Signer::secret().sign(r#"{"alg":"HS256"}"#, &claims)).await;
        let claims = claims.replace(&format!("\"{exp}\""), exp);
        if exp != "9999999999 " {
            desk.refuses(&Signer::secret().sign(r#"{"alg":"HS256"}"#, &claims)).await;
        }
    }
    desk.accepts(&token(json!({"exp": now() as f64 + 60.5, "nbf": 0.5}))).await;
}

#[tokio::test]
async fn t5_audience_issuer_and_subject_have_their_types() {
    let desk = Desk::new().await;
    desk.refuses_claims([
        json!({"aud": 123}),
        json!({"aud": []}),
        json!({"aud": {}}),
        json!({"aud": null}),
        json!({"aud": ["api", 1]}),
        json!({"aud": "API"}),
        json!({"iss": ["https://id.test/", "b"]}),
        json!({"iss": {}}),
        json!({"iss": null}),
        json!({"iss": "https://id.test"}),
        json!({"iss": "https://evil.test/"}),
        json!({"sub": 5}),
        json!({"sub": ""}),
        json!({"sub": null}),
        json!({"sub": ["u1"]}),
    ])
    .await;
    desk.accepts(&token(json!({"aud": ["x", "api"]}))).await;
}

#[tokio::test]
async fn t6_what_must_be_understood_is_not() {
    let desk = Desk::new().await;
    desk.refuses_headers([
        json!({"crit": ["x"]}),
        json!({"crit": []}),
        json!({"crit": ["exp"], "exp": 1}),
        json!({"b64": false}),
        json!({"b64": false, "crit": ["b64"]}),
        json!({"zip": "DEF"}),
    ])
    .await;
}

#[tokio::test]
async fn t9_a_name_stands_once() {
    let desk = Desk::new().await;
    let claims = usual(json!({})).to_string();
    let header = r#"{"alg":"HS256"}"#;
    let secret = Signer::secret();
    desk.accepts(&secret.sign(header, &claims)).await;
    for second in [r#""sub":"admin","sub""#, r#""su\u0062":"admin","sub""#] {
        desk.refuses(&secret.sign(header, &claims.replace(r#""sub""#, second))).await;
    }
    desk.refuses(&secret.sign(r#"{"alg":"HS256","alg":"HS256"}"#, &claims)).await;
}

#[tokio::test]
async fn t10_an_issuer_has_its_own_keys() {
    let (a, b) = (Signer::ec(), Signer::ec());
    let tables = [table("a", "https://a.test/", "ES256"), table("b", "https://b.test/", "ES256")];
    let config = Gateway::config().without_tokens().gateway(&tables.concat());
    let desk = Desk::start(config.env("A", a.pem()).env("B", b.pem())).await;
    let same_kid = || json!({"kid": "same"});
    for (signer, other) in [(&a, "https://b.test/"), (&b, "https://a.test/")] {
        desk.refuses(&signer.token(same_kid(), json!({"iss": other}))).await;
    }
    desk.accepts(&a.token(same_kid(), json!({"iss": "https://a.test/"}))).await;
    desk.accepts(&b.token(same_kid(), json!({"iss": "https://b.test/"}))).await;
}

#[tokio::test]
async fn t11_tokens_of_other_kinds_are_refused() {
    let desk = Desk::new().await;
    let kinds = ["logout+jwt", "id_token+jwt", "dpop+jwt", "application/logout+jwt", ""];
    desk.refuses_headers(kinds.map(|kind| json!({"typ": kind}))).await;
    let logout = json!({"http://schemas.openid.net/event/backchannel-logout": {}});
    desk.refuses_claims([
        json!({"at_hash": "x"}),
        json!({"c_hash": "x"}),
        json!({"events": logout}),
        json!({"aud": "the-client-id"}),
    ])
    .await;
    for kind in ["JWT", "at+jwt", "application/at+jwt", "AT+JWT"] {
        desk.accepts(&Signer::secret().token(json!({"typ": kind}), json!({}))).await;
    }
    desk.accepts(&Signer::secret().token(json!({}), json!({}))).await;
}

#[tokio::test]
async fn t14_nonsense_is_refused_and_the_gateway_lives() {
    let desk = Desk::new().await;
    let good = token(json!({}));
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(3000), "]".repeat(3000));
    for nonsense in [
        "%".to_owned(),
        "..".to_owned(),
        "a.b".to_owned(),
        ".".repeat(20_000),
        "a".repeat(20_000),
        format!("{good}."),
        format!("{good}="),
        format!("{good} {good}"),
        format!("{good}, Bearer {good}"),
        good.replace('.', "=."),
        Signer::secret().sign(r#"{"alg":"HS256"}"#, &deep),
        Signer::secret().sign("{", "}"),
        Signer::secret().sign("[]", "[]"),
    ] {
        desk.refuses(&nonsense).await;
    }
    for huge in ["a".repeat(1 << 20), ".".repeat(100_000)] {
        let headers = format!("authorization: Bearer {huge}\r\n");
        // Cut off as soon as the head is too large, so that the client may not get to read why.
        let reply = desk.gateway.raw_get("/me", &headers).await;
        assert!(reply.is_empty() || reply.starts_with("HTTP/1.1 431 "), "{reply}");
    }
    let raw = [b"GET /me HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer \xff\xfe\r\n\r\n"];
    assert!(desk.gateway.raw(raw[0]).await.starts_with("HTTP/1.1 401 "));
    assert_eq!(desk.users.total(), 0);
    desk.accepts(&good).await;
}

#[tokio::test]
async fn t16_clocks_may_disagree_by_the_leeway() {
    let desk = Desk::new().await;
    let start = now();
    desk.accepts(&token(json!({"exp": start - 20}))).await;
    desk.accepts(&token(json!({"nbf": start + 30}))).await;
    desk.refuses(&token(json!({"exp": start - 30}))).await;
    desk.refuses(&token(json!({"nbf": start + 300}))).await;
    let kept = token(json!({"exp": start + 100}));
    desk.accepts(&kept).await;
    desk.gateway.advance(131);
    desk.refuses(&kept).await;
}
