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
