//! Whatever a provider says, nothing panics, nothing is believed, and nothing secret is told.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tokio::runtime::{Builder, Runtime};
use upstream_mocks::Reply;

use super::desk::*;

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Bytes, and texts that look a little like what is expected.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        any::<Vec<u8>>(),
        r#"[{}\[\]":,a-z0-9.\\ue-]{0,64}"#.prop_map(String::into_bytes),
        value().prop_map(|value| value.to_string().into_bytes()),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "https?://[a-z0-9.:@#?/\\[\\]-]{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-z_]{1,8}", inner), 0..4)
                .prop_map(|members| Value::from(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

const METADATA: &[&str] = &[
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "jwks_uri",
    "revocation_endpoint",
    "end_session_endpoint",
    "id_token_signing_alg_values_supported",
    "authorization_response_iss_parameter_supported",
    "token_endpoint_auth_methods_supported",
    "token_endpoint_auth_signing_alg_values_supported",
];
const ANSWER: &[&str] =
    &["access_token", "token_type", "expires_in", "refresh_token", "id_token", "error"];
const CLAIMS: &[&str] =
    &["iss", "aud", "azp", "exp", "iat", "nbf", "nonce", "sub", "sid", "at_hash", "events", "jti"];
const HEADER: &[&str] = &["alg", "typ", "kid", "crit", "jwk", "jku"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_metadata_is_taken_or_refused(body in bytes()) {
        runtime().block_on(async {
            let desk = Desk::new().await;
            desk.idp.http().on("GET", "/.well-known/openid-configuration", Reply::text("").body(body));
            assert!(desk.log_in().await.is_err());
            assert!(desk.provider.logged_out("a.b.c").await.is_err());
        });
    }

    #[test]
    fn any_key_set_is_taken_or_refused(body in bytes()) {
        runtime().block_on(async {
            let desk = Desk::new().await;
            desk.idp.http().on("GET", "/jwks", Reply::text("").body(body));
            assert!(desk.log_in().await.is_err());
        });
    }

    #[test]
    fn any_answer_of_the_token_endpoint_is_taken_or_refused(body in bytes(), status in 200..600_u16) {
        runtime().block_on(async {
            let desk = Desk::new().await;
            desk.idp.http().on("POST", "/token", Reply::text("").body(body).with_status(status));
            assert!(desk.log_in().await.is_err());
            let token = crate::identity::Token::new("rt.x");
            assert!(desk.provider.refresh(&token, "u1").await.is_err());
            assert!(desk.provider.exchange(&token, None, None).await.is_err());
        });
    }

    #[test]
    fn any_text_is_no_logout_token(text in any::<String>(), part in "[A-Za-z0-9_.-]{0,200}") {
        runtime().block_on(async {
            let desk = Desk::new().await;
            assert!(desk.provider.logged_out(&text).await.is_err());
            assert!(desk.provider.logged_out(&part).await.is_err());
            assert!(desk.provider.logged_out(&format!("{part}.{part}.{part}")).await.is_err());
        });
    }

    #[test]
    fn any_member_may_be_anything(
        what in 0..4_usize,
        at in any::<prop::sample::Index>(),
        value in value(),
    ) {
        let member = |names: &[&str]| json!({ *at.get(names): value });
        runtime().block_on(async {
            let desk = Desk::new().await;
            match what {
                0 => desk.idp.says(member(METADATA)),
                1 => desk.idp.answers(member(ANSWER)),
                2 => desk.idp.id_tokens(member(CLAIMS)),
                _ => desk.idp.id_token_headers(member(HEADER)),
            }
            if let Ok(granted) = desk.log_in().await {
                let claims = claims(&granted);
                assert_eq!(claims["iss"], desk.idp.issuer());
                assert!(claims["sub"].as_str().is_some_and(|subject| !subject.is_empty()));
                assert!(claims["nonce"].is_string() && claims["exp"].is_number());
            }
            let mut claims = member(CLAIMS);
            if claims.get("sub").is_none() {
                claims["sub"] = "u1".into();
            }
            if let Ok(out) = desk.provider.logged_out(&desk.idp.logout_token(claims)).await {
                assert!(out.subject.is_some() || out.sid.is_some());
                assert!(!out.id.is_empty() && *out.issuer == *desk.idp.issuer());
            }
        });
    }
}
