//! Refreshes, good and bad (`S18`): which failures end a session, and which are to be tried again.

use serde_json::json;
use upstream_mocks::Reply;

use super::super::*;
use super::desk::*;

#[tokio::test]
async fn s18_only_a_refusal_ends_a_session() {
    let desk = Desk::new().await;
    let token = desk.log_in().await.unwrap().refresh_token.unwrap();
    for (reply, cause) in [
        (Reply::status(500), "status 500"),
        (Reply::json(json!({"error": "invalid_grant"})).with_status(502), "status 502"),
        (Reply::json(json!({"error": "invalid_grant"})).with_status(429), "status 429"),
        (Reply::text("<html>"), "not strict JSON"),
        (Reply::text("<html>").with_status(400), "status 400"),
        (Reply::close(), ""),
    ] {
        desk.idp.http().once("POST", "/token", reply);
        let outcome = desk.provider.refresh(&token, "u1").await;
        desk.assert_quiet(&outcome);
        assert_away(outcome, cause);
    }
    let new = desk.provider.refresh(&token, "u1").await.unwrap();
    desk.idp.end("u1");
    let ended = desk.provider.refresh(&new.refresh_token.unwrap(), "u1").await.unwrap_err();
    assert!(ended.is_invalid_grant());
    assert_eq!(desk.idp.given("refresh_token"), 1);
}

#[tokio::test]
async fn an_id_token_of_a_refresh_is_of_the_same_person() {
    let desk = Desk::new().await;
    desk.idp.keeps_refresh_tokens();
    let token = desk.log_in().await.unwrap().refresh_token.unwrap();
    let event = "http://schemas.openid.net/event/backchannel-logout";
    for (claims, cause) in [
        (json!({"sub": "u2"}), "another subject"),
        (json!({"sub": "U1"}), "another subject"),
        (json!({"sub": null}), "no `sub`"),
        (json!({"iss": "https://evil.example/"}), "another issuer's"),
        (json!({"aud": "other"}), "not ours"),
        (json!({"exp": 5}), "expired"),
        (json!({"at_hash": "x"}), "another access token"),
        (json!({"events": {event: {}}}), "another kind"),
    ] {
        desk.idp.id_tokens(claims);
        let outcome = desk.provider.refresh(&token, "u1").await;
        desk.assert_quiet(&outcome);
        assert_bad(outcome, cause);
    }
    desk.idp.id_tokens(json!({"nonce": "whatever"}));
    desk.provider.refresh(&token, "u1").await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_revoked_says_why() {
    let desk = Desk::new().await;
    let token = desk.log_in().await.unwrap().refresh_token.unwrap();
    let said = json!({"error": "unsupported_token_type"});
    desk.idp.http().once("POST", "/revoke", Reply::json(said).with_status(400));
    let refused = desk.provider.revoke(&token, true).await;
    assert_eq!(refused, Err(Problem::Refused("unsupported_token_type".into())));
    desk.idp.http().once("POST", "/revoke", Reply::status(503));
    assert_away(desk.provider.revoke(&token, false).await, "status 503");
    let forms = desk.idp.http().requests();
    let kinds = forms.iter().filter(|request| request.key() == "POST /revoke");
    let kinds: Vec<_> = kinds.flat_map(|request| request.form_pairs()).map(|(_, v)| v).collect();
    assert_eq!(kinds, [token.reveal(), "refresh_token", token.reveal(), "access_token"]);
}
