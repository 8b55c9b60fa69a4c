//! Signatures, algorithms and keys of ID tokens (RFC 8725 §3.1 to §3.3, §3.8, §3.10).

use serde_json::{Value, json};
use upstream_mocks::SigningKey;

use super::desk::*;

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
async fn t10_j8_a_key_belongs_to_its_issuer() {
    let (a, b) = (Desk::new().await, Desk::new().await);
    let key = SigningKey::es256("k1");
    a.idp.publishes([key.jwk()]);
    a.shown(|claims| key.token(json!({}), &claims)).await.unwrap();
    let forged = b.shown(|claims| key.token(json!({}), &claims)).await;
    assert_bad(forged, "a signature that does not match");
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
