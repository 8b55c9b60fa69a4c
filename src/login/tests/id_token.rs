//! ID tokens that must not be believed (OpenID Connect Core 1.0 §3.1.3.7, RFC 8725).

use serde_json::{Value, json};
use upstream_mocks::SigningKey;

use super::desk::*;

fn each<const N: usize>(name: &str, values: [Value; N]) -> [Value; N] {
    values.map(|value| json!({ name: value }))
}

#[tokio::test]
async fn s5_a_wrong_or_absent_nonce_is_refused() {
    let desk = Desk::new().await;
    let wrong = [json!("x"), json!(""), json!(5), json!(["x"]), json!(true), Value::Null];
    desk.refuses(each("nonce", wrong), "another nonce").await;
}

#[tokio::test]
async fn s6_an_id_token_names_its_issuer_and_is_for_us() {
    let desk = Desk::new().await;
    let issuer = desk.idp.issuer();
    let wrong = [
        json!(format!("{issuer}/")),
        json!(issuer.to_uppercase()),
        json!("https://evil.example/"),
        json!([issuer]),
        json!({}),
        Value::Null,
    ];
    desk.refuses(each("iss", wrong), "another issuer's").await;
    desk.refuses(each("aud", [json!("other"), json!([]), json!("DASHBOARD")]), "not ours").await;
    let wrong = [json!(5), json!({}), json!(["dashboard", 5]), Value::Null];
    desk.refuses(each("aud", wrong), "no `aud`").await;
    desk.accepts(each("aud", [json!(["dashboard"])])).await;
}

#[tokio::test]
async fn s6_t15_two_audiences_need_an_azp_that_is_us() {
    let desk = Desk::new().await;
    let both = json!(["other", "dashboard"]);
    desk.refuses([json!({"aud": both})], "no `azp`").await;
    for azp in [json!("other"), json!(["dashboard"]), json!(5), json!("")] {
        desk.refuses([json!({"aud": both, "azp": azp}), json!({"azp": azp})], "not us").await;
    }
    desk.accepts([json!({"aud": both, "azp": "dashboard"}), json!({"azp": "dashboard"})]).await;
}

#[tokio::test]
async fn t4_t16_times_are_numbers_and_clocks_may_disagree_a_little() {
    let desk = Desk::new().await;
    let now = desk.idp.now();
    for name in ["exp", "iat", "nbf"] {
        let texts = [json!("9999999999"), json!([now]), json!(true), json!({})];
        desk.refuses(each(name, texts), "not a number").await;
        desk.refuses(each(name, [json!(-1), json!(-1e300)]), "a time that is none").await;
    }
    desk.refuses([json!({"exp": null})], "no `exp`").await;
    desk.refuses([json!({"iat": null})], "no `iat`").await;
    desk.refuses(each("exp", [json!(now - 40), json!(0)]), "expired").await;
    desk.refuses(each("iat", [json!(now + 60), json!(1e300)]), "from the future").await;
    desk.refuses([json!({"nbf": now + 60})], "from the future").await;
    desk.accepts([json!({"exp": now - 10}), json!({"iat": now + 10, "nbf": now + 10})]).await;
    desk.accepts([json!({"exp": now as f64 + 100.5}), json!({"exp": 1e300})]).await;
    for exp in ["1e400", "NaN", "0x7fffffff", "9999999999,\"exp\":9999999999"] {
        let written = |claims: Value| {
            let exp = format!("\"exp\":{exp}");
            let text = claims.to_string().replace(&format!("\"exp\":{}", claims["exp"]), &exp);
            assert!(text.contains(&exp));
            SigningKey::es256("k").sign(r#"{"alg":"ES256"}"#, &text)
        };
        assert_bad(desk.shown(written).await, "not strict JSON");
    }
}

#[tokio::test]
async fn t5_a_subject_is_a_text_and_not_too_long() {
    let desk = Desk::new().await;
    desk.refuses([json!({"sub": null})], "no `sub`").await;
    let long = "x".repeat(256);
    let wrong = [json!(""), json!(5), json!(["u1"]), json!({}), json!(long), json!("u\n1")];
    desk.refuses(each("sub", wrong.clone()), "a name that is none").await;
    desk.refuses(each("sid", wrong), "a name that is none").await;
    desk.accepts([json!({"sub": "x".repeat(255)}), json!({"sub": "ü"}), json!({"sid": null})])
        .await;
}

#[tokio::test]
async fn an_at_hash_is_that_of_the_access_token() {
    let desk = Desk::new().await;
    let wrong = [json!("x"), json!(""), json!(5), json!("77QmUPtjPfzWtF2AnpK9RQ")];
    desk.refuses(each("at_hash", wrong), "another access token").await;
    // OpenID Connect Core 1.0, appendix A.3
    let good = json!({"at_hash": "77QmUPtjPfzWtF2AnpK9RQ"});
    desk.idp.answers(json!({"access_token": "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"}));
    desk.accepts([good]).await;
    desk.refuses([json!({"at_hash": "77QmUPtjPfzWtF2AnpK9RR"})], "another access token").await;
}

#[tokio::test]
async fn s6_a_signature_is_of_a_published_key() {
    let desk = Desk::new().await;
    desk.log_in().await.unwrap();
    desk.idp.signs_with(&SigningKey::es256("k1"));
    assert_bad(desk.log_in().await, "a signature that does not match");
    desk.idp.signs_with(&SigningKey::es256("other"));
    assert_bad(desk.log_in().await, "a key that is not the issuer's");
    desk.idp.publishes([]);
    desk.advance(700);
    desk.advance(700);
    assert_bad(desk.log_in().await, "a key that is not the issuer's");
}

#[tokio::test]
async fn every_algorithm_that_is_asymmetric_works() {
    let rsa = SigningKey::rs256("r");
    for (algorithm, key) in [
        ("RS256", rsa.clone()),
        ("ES256", SigningKey::es256("e")),
        ("EdDSA", SigningKey::eddsa("d")),
        ("PS256", rsa.clone()),
    ] {
        let desk = Desk::new().await;
        desk.idp.says(json!({"id_token_signing_alg_values_supported": [algorithm, "HS256"]}));
        desk.idp.publishes([key.jwk()]);
        desk.idp.signs_with(&key);
        desk.idp.id_token_headers(json!({"alg": algorithm, "typ": "JWT"}));
        desk.log_in().await.unwrap();
    }
    // Ed25519 goes with SHA-512.
    let (desk, key) = (Desk::new().await, SigningKey::eddsa("d"));
    desk.idp.publishes([key.jwk()]);
    desk.idp.signs_with(&key);
    desk.idp.answers(json!({"access_token": "abc"}));
    desk.accepts([json!({"at_hash": "3a81oZNherrMQXNJriBBMRLm-k6JqX6iCp7u5ktV05o"})]).await;
}

#[tokio::test]
async fn t1_no_algorithm_is_no_signature() {
    let desk = Desk::new().await;
    for name in ["none", "None", "nOnE", "", "HS512", "es256"] {
        desk.idp.id_token_headers(json!({ "alg": name }));
        assert_bad(desk.log_in().await, "algorithm");
    }
    let unsigned = |claims: Value| {
        let token = SigningKey::es256("k1").token(json!({"alg": "none"}), &claims);
        format!("{}.", token.rsplit_once('.').unwrap().0)
    };
    assert_bad(desk.shown(unsigned).await, "algorithm");
    let signed = desk.shown(|claims| {
        let token = SigningKey::es256("k1").token(json!({}), &claims);
        format!("{}.", token.rsplit_once('.').unwrap().0)
    });
    assert_bad(signed.await, "signature");
}

#[tokio::test]
async fn t2_a_public_key_is_no_secret() {
    let (desk, rsa) = (Desk::new().await, SigningKey::rs256("r"));
    let secret = SigningKey::hs256(rsa.jwk()["n"].as_str().unwrap().as_bytes());
    let symmetric = json!({"kty": "oct", "kid": "s", "k": rsa.jwk()["n"], "alg": "HS256"});
    desk.idp.says(json!({"id_token_signing_alg_values_supported": ["HS256", "RS256"]}));
    desk.idp.publishes([rsa.jwk(), symmetric]);
    for id in ["r", "s"] {
        let token = desk.shown(|claims| secret.token(json!({"kid": id}), &claims)).await;
        assert_bad(token, "an algorithm that is not accepted");
    }
}

#[tokio::test]
async fn t3_a_key_serves_one_algorithm() {
    let (desk, rsa) = (Desk::new().await, SigningKey::rs256("r"));
    desk.idp.publishes([rsa.jwk()]);
    let signed = |algorithm: &'static str| {
        let rsa = rsa.clone();
        move |claims: Value| rsa.token(json!({"alg": algorithm}), &claims)
    };
    desk.shown(signed("RS256")).await.unwrap();
    assert_bad(desk.shown(signed("PS256")).await, "not the key's");
    let desk = Desk::new().await;
    desk.idp.says(json!({"id_token_signing_alg_values_supported": ["ES256"]}));
    desk.idp.publishes([rsa.jwk()]);
    assert_bad(desk.shown(signed("RS256")).await, "an algorithm that is not accepted");
}

#[tokio::test]
async fn t6_what_must_be_understood_is_not() {
    let desk = Desk::new().await;
    for header in [json!({"crit": ["x"]}), json!({"b64": false}), json!({"zip": "DEF"})] {
        desk.idp.id_token_headers(header);
        assert_bad(desk.log_in().await, "not supported");
    }
}

#[tokio::test]
async fn t7_an_id_token_does_not_bring_its_key() {
    let (desk, evil) = (Desk::new().await, SigningKey::es256("k1"));
    let listener = upstream_mocks::Upstream::start().await;
    let at = listener.url();
    let header = json!({"jwk": evil.jwk(), "jku": at, "x5u": at, "x5c": ["MA=="]});
    let shown = desk.shown(|claims| evil.token(header, &claims)).await;
    assert_bad(shown, "a signature that does not match");
    assert_eq!(listener.connections(), 0);
}

#[tokio::test]
async fn t8_a_kid_is_only_compared_and_a_flood_of_them_is_one_fetch() {
    let desk = Desk::new().await;
    desk.log_in().await.unwrap();
    let fetched = desk.asked("GET /jwks");
    let long = "k".repeat(8000);
    for id in ["../../etc/passwd", "' or 1", "http://evil/", "", &long] {
        desk.idp.id_token_headers(json!({ "kid": id }));
        assert_bad(desk.log_in().await, "a key that is not the issuer's");
    }
    desk.idp.id_token_headers(json!({"kid": 5}));
    assert_bad(desk.log_in().await, "text");
    assert_eq!(desk.asked("GET /jwks"), fetched + 1);
}

#[tokio::test]
async fn t9_a_name_stands_once() {
    let desk = Desk::new().await;
    let twice = |claims: Value| {
        let text = claims.to_string().replacen("\"sub\"", "\"sub\":\"u2\",\"sub\"", 1);
        SigningKey::es256("k1").sign(r#"{"alg":"ES256"}"#, &text)
    };
    assert_bad(desk.shown(twice).await, "not strict JSON");
    let header = r#"{"alg":"ES256","alg":"ES256"}"#;
    let shown = desk.shown(|claims| SigningKey::es256("k1").sign(header, &claims.to_string()));
    assert_bad(shown.await, "not strict JSON");
}

#[tokio::test]
async fn t10_j8_a_key_belongs_to_its_issuer() {
    let (a, b) = (Desk::new().await, Desk::new().await);
    let key = SigningKey::es256("k1");
    a.idp.publishes([key.jwk()]);
    a.shown(|claims| key.token(json!({}), &claims)).await.unwrap();
    let forged = b.shown(|claims| key.token(json!({}), &claims)).await;
    assert_bad(forged, "a signature that does not match");
}

#[tokio::test]
async fn t11_j12_tokens_of_other_kinds_are_no_id_tokens() {
    let desk = Desk::new().await;
    for kind in ["at+jwt", "logout+jwt", "dpop+jwt", "", "application/at+jwt"] {
        desk.idp.id_token_headers(json!({ "typ": kind }));
        assert_bad(desk.log_in().await, "a token of another kind");
    }
    desk.idp.id_token_headers(json!({"typ": "application/jwt"}));
    desk.log_in().await.unwrap();
    let event = "http://schemas.openid.net/event/backchannel-logout";
    desk.refuses([json!({"events": {event: {}}})], "a token of another kind").await;
}

#[tokio::test]
async fn t12_a_new_key_works_within_one_fetch() {
    let (desk, new) = (Desk::new().await, SigningKey::es256("k2"));
    desk.log_in().await.unwrap();
    desk.idp.publishes([new.jwk()]);
    desk.idp.signs_with(&new);
    desk.log_in().await.unwrap();
    assert_eq!(desk.asked("GET /jwks"), 2);
    // Metadata that is fetched again leaves the keys that are there.
    desk.advance(3600);
    desk.log_in().await.unwrap();
    until(|| desk.asked(DISCOVERY) == 2).await;
    desk.log_in().await.unwrap();
    assert_eq!(desk.asked("GET /jwks"), 3, "old keys are fetched again");
}

#[tokio::test]
async fn t14_nonsense_is_refused() {
    let desk = Desk::new().await;
    let huge = "a".repeat(16 * 1024);
    let dots = ".".repeat(10_000);
    for token in ["a", "..", "a.b", "%.%.%", "a.b.c.d", &huge, &dots] {
        assert_bad(desk.shown(|_| token.to_owned()).await, "ID token");
    }
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(3000), "]".repeat(3000));
    let shown = desk.shown(|_| SigningKey::es256("k1").sign(r#"{"alg":"ES256"}"#, &deep)).await;
    assert_bad(shown, "not strict JSON");
}

#[tokio::test]
async fn any_change_of_an_id_token_is_refused() {
    let (desk, key) = (Desk::new().await, SigningKey::es256("k1"));
    desk.idp.publishes([key.jwk()]);
    let attempt = super::super::Attempt::new().unwrap();
    let good = key.token(json!({"typ": "JWT"}), &desk.usual(&attempt.nonce));
    let url = desk.provider.authorization_url(BACK, &attempt).await.unwrap();
    for at in (0..good.len()).step_by(3) {
        let mut bytes = good.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        desk.idp.answers(json!({"id_token": String::from_utf8(bytes).unwrap()}));
        let outcome = desk.come_back(&desk.idp.authorize(&url, "u1"), &attempt).await;
        assert_bad(outcome, "ID token");
    }
    desk.idp.answers(json!({"id_token": good}));
    desk.come_back(&desk.idp.authorize(&url, "u1"), &attempt).await.unwrap();
}
