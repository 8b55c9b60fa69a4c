//! Logout tokens, one rule of OpenID Connect Back-Channel Logout 1.0 §2.4 and §2.6 after the other.

use serde_json::{Value, json};
use upstream_mocks::SigningKey;

use super::desk::*;

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

impl Desk {
    /// Logout tokens with each of these claims are refused, for this reason.
    async fn keeps(&self, changes: impl IntoIterator<Item = Value>, cause: &str) {
        for mut change in changes {
            if change.get("sub").is_none() {
                change["sub"] = "u1".into();
            }
            let outcome = self.provider.logged_out(&self.idp.logout_token(change)).await;
            self.assert_quiet(&outcome);
            assert_bad(outcome, cause);
        }
    }
}

#[tokio::test]
async fn s19_a_logout_token_says_whose_sessions_end() {
    let desk = Desk::new().await;
    let token = desk.idp.logout_token(json!({"sub": "u1", "sid": "s1", "jti": "j1"}));
    let out = desk.provider.logged_out(&token).await.unwrap();
    assert_eq!((&*out.issuer, &*out.id), (&*desk.idp.issuer(), "j1"));
    assert_eq!((out.subject.as_deref(), out.sid.as_deref()), (Some("u1"), Some("s1")));
    assert!((140..=150).contains(&(out.expires_at - desk.idp.now())));
    let out = desk.provider.logged_out(&desk.idp.logout_token(json!({"sid": "s1"}))).await;
    assert_eq!(out.unwrap().subject, None);
    let lasting = desk.idp.logout_token(json!({"sub": "u1", "exp": null}));
    assert_eq!(desk.provider.logged_out(&lasting).await.unwrap().sid, None);
    // It must be remembered until it would be refused anyway.
    desk.advance_ours(149);
    assert!(desk.provider.logged_out(&token).await.is_ok());
    desk.advance_ours(2);
    assert_bad(desk.provider.logged_out(&token).await, "logout token");
}

#[tokio::test]
async fn s19_each_rule_of_a_logout_token_counts() {
    let desk = Desk::new().await;
    let now = desk.idp.now();
    desk.keeps([json!({"iss": "https://evil/"}), json!({"iss": null})], "another issuer's").await;
    desk.keeps([json!({"aud": "other"}), json!({"aud": ["other"]})], "not ours").await;
    desk.keeps([json!({"aud": null}), json!({"aud": 5})], "no `aud`").await;
    desk.keeps([json!({"iat": null})], "no `iat`").await;
    desk.keeps([json!({"iat": now - 160, "exp": null})], "too old").await;
    desk.keeps([json!({"iat": now + 60})], "from the future").await;
    desk.keeps([json!({"iat": "1"}), json!({"exp": "9999999999"})], "not a number").await;
    desk.keeps([json!({"exp": now - 60})], "expired").await;
    desk.keeps([json!({"jti": null})], "no `jti`").await;
    let long = "j".repeat(256);
    desk.keeps([json!({"jti": ""}), json!({"jti": 5}), json!({"jti": long})], "a name").await;
    let events = [
        Value::Null,
        json!([EVENT]),
        json!(EVENT),
        json!({}),
        json!({"http://schemas.openid.net/event/other": {}}),
        json!({EVENT: null}),
        json!({EVENT: "x"}),
        json!({EVENT: []}),
        json!({EVENT: true}),
    ];
    desk.keeps(events.map(|events| json!({ "events": events })), "no logout event").await;
    desk.keeps([json!({"nonce": "n"}), json!({"nonce": 5})], "a nonce").await;
    desk.keeps([json!({"sub": null}), json!({"sub": null, "sid": null})], "neither").await;
    let wrong = [json!({"sub": ""}), json!({"sub": 5}), json!({"sid": ""}), json!({"sid": ["s"]})];
    desk.keeps(wrong, "a name that is none").await;
}

#[tokio::test]
async fn s19_a_nonce_that_is_null_is_one_too() {
    let (desk, key) = (Desk::new().await, SigningKey::es256("k"));
    desk.idp.publishes([key.jwk()]);
    let now = desk.idp.now();
    let claims = json!({
        "iss": desk.idp.issuer(), "aud": "dashboard", "iat": now, "jti": "j", "sub": "u1",
        "events": {EVENT: {}}, "nonce": null,
    });
    assert_bad(desk.provider.logged_out(&key.token(json!({}), &claims)).await, "a nonce");
}

#[tokio::test]
async fn s19_a_logout_token_is_signed_by_the_provider() {
    let desk = Desk::new().await;
    let good = desk.idp.logout_token(json!({"sub": "u1"}));
    let payload = good.split('.').nth(1).unwrap();
    desk.idp.signs_with(&SigningKey::es256("k1"));
    let forged = desk.idp.logout_token(json!({"sub": "u1"}));
    assert_bad(desk.provider.logged_out(&forged).await, "a signature that does not match");
    desk.idp.signs_with(&SigningKey::hs256(b"0123456789abcdef0123456789abcdef"));
    let symmetric = desk.idp.logout_token(json!({"sub": "u1"}));
    assert_bad(desk.provider.logged_out(&symmetric).await, "an algorithm that is not accepted");
    let none = format!("eyJhbGciOiJub25lIn0.{payload}.");
    assert_bad(desk.provider.logged_out(&none).await, "an algorithm that is not accepted");
    assert!(desk.provider.logged_out(&good).await.is_ok());
}

#[tokio::test]
async fn j11_j12_tokens_of_other_kinds_are_no_logout_tokens() {
    let (desk, key) = (Desk::new().await, SigningKey::es256("k"));
    desk.idp.publishes([key.jwk()]);
    let id_token = desk.usual("n");
    assert_bad(desk.provider.logged_out(&key.token(json!({}), &id_token)).await, "no logout event");
    let now = desk.idp.now();
    let claims = json!({
        "iss": desk.idp.issuer(), "aud": "dashboard", "iat": now, "jti": "j", "sub": "u1",
        "events": {EVENT: {}},
    });
    for kind in ["JWT", "at+jwt", "id_token+jwt", ""] {
        let token = key.token(json!({ "typ": kind }), &claims);
        assert_bad(desk.provider.logged_out(&token).await, "a token of another kind");
    }
    for header in
        [json!({"typ": "application/logout+jwt"}), json!({"typ": "Logout+JWT"}), json!({})]
    {
        assert!(desk.provider.logged_out(&key.token(header, &claims)).await.is_ok());
    }
}

#[tokio::test]
async fn t8_a_flood_of_logout_tokens_is_one_fetch() {
    let desk = Desk::new().await;
    desk.provider.logged_out(&desk.idp.logout_token(json!({"sub": "u1"}))).await.unwrap();
    let fetched = desk.idp.http().total();
    for number in 0..200 {
        desk.idp.signs_with(&SigningKey::es256(&format!("x{number}")));
        let token = desk.idp.logout_token(json!({"sub": "u1"}));
        assert_bad(desk.provider.logged_out(&token).await, "not the issuer's");
        assert_bad(desk.provider.logged_out(&token[1..]).await, "logout token");
    }
    assert_eq!(desk.idp.http().total(), fetched + 1);
}

#[tokio::test]
async fn a_logout_token_while_the_provider_is_away_is_neither_good_nor_bad() {
    let desk = Desk::new().await;
    let token = desk.idp.logout_token(json!({"sub": "u1"}));
    desk.idp.http().once("GET", "/jwks", upstream_mocks::Reply::status(500));
    assert_away(desk.provider.logged_out(&token).await, "no keys: status 500");
    desk.advance(5);
    desk.provider.logged_out(&token).await.unwrap();
}
