//! How the gateway shows itself (`B1`, `O15`).

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use upstream_mocks::SigningKey;

use super::super::*;
use super::desk::*;
use crate::clock::SystemClock;

fn start(change: impl FnOnce(&mut Settings)) -> Result<Provider, String> {
    let mut settings = settings(At::Issuer("https://id.example.com/".into()));
    change(&mut settings);
    Provider::new(settings, Arc::new(SystemClock))
}

#[tokio::test]
async fn b1_a_secret_is_shown_in_a_header_and_nowhere_else() {
    let desk = Desk::new().await;
    desk.log_in().await.unwrap();
    let requests = desk.idp.http().requests();
    let token = requests.iter().find(|request| request.key() == "POST /token").unwrap();
    let pair = STANDARD.decode(token.header("authorization").unwrap().split_at(6).1).unwrap();
    let expected = "dashboard:s3cret%3A%20with%2Bodd%2Fcharacters%25";
    assert_eq!(String::from_utf8(pair).unwrap(), expected);
    let names: Vec<_> = token.form_pairs().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["grant_type", "code", "redirect_uri", "code_verifier"]);
}

#[tokio::test]
async fn a_secret_is_posted_only_where_nothing_else_is_offered() {
    for (methods, posted) in [
        (json!(["client_secret_post"]), true),
        (json!(["client_secret_post", "private_key_jwt"]), true),
        (json!(["client_secret_post", "client_secret_basic"]), false),
        (json!(["private_key_jwt"]), false),
        (json!([]), false),
        (Value::Null, false),
    ] {
        let desk = Desk::new().await;
        desk.idp.says(json!({ "token_endpoint_auth_methods_supported": methods }));
        desk.log_in().await.unwrap();
        let form = desk.forms().remove(0);
        assert_eq!(form.iter().any(|(name, _)| name == "client_secret"), posted, "{methods}");
    }
}

#[tokio::test]
async fn o15_a_key_signs_that_it_is_us_once_and_for_a_minute() {
    for (key, algorithm) in [
        (SigningKey::es256("c"), "ES256"),
        (SigningKey::rs256("c"), "RS256"),
        (SigningKey::eddsa("c"), "EdDSA"),
    ] {
        let desk = Desk::with_key(key).await;
        let token = desk.log_in().await.unwrap().refresh_token.unwrap();
        desk.provider.refresh(&token, "u1").await.unwrap();
        let assertions: Vec<_> = desk.forms().iter().map(|form| assertion(form)).collect();
        for (header, claims) in &assertions {
            assert_eq!(header["alg"], algorithm);
            assert_eq!(
                (&claims["iss"], &claims["sub"]),
                (&json!("dashboard"), &json!("dashboard"))
            );
            assert_eq!(claims["aud"], desk.idp.issuer());
            assert_eq!(claims["exp"].as_u64(), claims["iat"].as_u64().map(|at| at + 60));
        }
        assert_ne!(assertions[0].1["jti"], assertions[1].1["jti"]);
    }
}

#[tokio::test]
async fn a_key_signs_with_what_the_provider_takes() {
    let desk = Desk::with_key(SigningKey::rs256("c")).await;
    desk.idp.says(json!({"token_endpoint_auth_signing_alg_values_supported": ["PS256", "ES256"]}));
    // The provider of the harness takes RS256 only, so it refuses; what counts is what it got.
    let refused = desk.log_in().await.unwrap_err();
    assert_eq!(refused, Problem::Refused("invalid_client".into()));
    assert_eq!(assertion(&desk.forms()[0]).0["alg"], "PS256");
}

#[test]
fn what_is_no_private_key_is_told_at_the_start_and_not_shown() {
    let bad: [&[u8]; 4] = [b"", b"secret", b"-----BEGIN PRIVATE KEY-----\nAAAA", b"\xff"];
    for pem in bad {
        let why = start(|settings| settings.client = ClientAuth::Key(pem.to_vec())).err().unwrap();
        assert!(why.starts_with("main: not a private key") && !why.contains("secret"), "{why}");
    }
    let key = SigningKey::es256("c").private_pem().as_bytes().to_vec();
    assert!(start(|settings| settings.client = ClientAuth::Key(key)).is_ok());
}

#[test]
fn an_issuer_is_https_or_on_this_machine() {
    let good = [
        "https://id.example.com",
        "https://id.example.com/realms/x/",
        "http://127.0.0.1:7008",
        "http://[::1]:7008",
        "http://localhost:7008",
        "http://id.localhost",
    ];
    for issuer in good {
        assert!(start(|settings| settings.at = At::Issuer(issuer.into())).is_ok(), "{issuer}");
    }
    let bad = [
        "http://id.example.com",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "https://user@id.example.com/",
        "https://id.example.com/?x",
        "https://id.example.com/#x",
        "file:///etc/passwd",
        "id.example.com",
        "",
    ];
    for issuer in bad {
        assert!(start(|settings| settings.at = At::Issuer(issuer.into())).is_err(), "{issuer}");
        assert!(
            start(|settings| settings.at = At::TokenUrl(issuer.into())).is_err()
                || issuer.ends_with("?x")
        );
    }
}

/// Header and claims of the assertion in a form.
fn assertion(form: &[(String, String)]) -> (Value, Value) {
    let value = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| &**value);
    assert_eq!(value("client_secret"), None);
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    assert_eq!(value("client_assertion_type"), Some(kind));
    let part = |part: &str| {
        serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    let mut parts = value("client_assertion").unwrap().split('.').map(str::to_owned);
    (part(&parts.next().unwrap()), part(&parts.next().unwrap()))
}
