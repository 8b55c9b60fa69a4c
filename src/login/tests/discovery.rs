//! Discovery: from a provider that is down, slow, huge, somebody else, and one that changes (`S7`, `T13`).

use std::time::Duration;

use serde_json::{Value, json};
use upstream_mocks::{Gate, Idp, Reply};
use url::Url;

use super::super::endpoint;
use super::super::*;
use super::desk::*;

const AT: &str = "/.well-known/openid-configuration";

#[tokio::test]
async fn nothing_is_asked_before_it_is_needed_and_then_once() {
    let desk = Desk::new().await;
    assert_eq!(desk.idp.http().total(), 0);
    for _ in 0..3 {
        desk.log_in().await.unwrap();
    }
    assert_eq!((desk.asked(DISCOVERY), desk.asked("GET /jwks")), (1, 1));
}

#[tokio::test]
async fn many_wait_for_one_fetch_and_who_leaves_does_not_take_it_along() {
    let (desk, gate) = (Desk::new().await, Gate::new());
    let metadata = desk.metadata().await;
    desk.idp.http().on("GET", AT, Reply::json(metadata).when(&gate));
    let attempt = Attempt::new().unwrap();
    let url = || desk.provider.authorization_url(BACK, &attempt);
    tokio::select! {
        biased;
        _ = url() => panic!("the gate is closed"),
        _ = desk.idp.http().wait_for(1) => {}
    }
    let all = futures_util::future::join_all((0..50).map(|_| url()));
    let (all, ()) = tokio::join!(all, async { gate.open() });
    assert!(all.iter().all(Result::is_ok));
    assert_eq!(desk.asked(DISCOVERY), 1);
}

#[tokio::test]
async fn s7_the_metadata_is_that_of_the_issuer() {
    let desk = Desk::new().await;
    let issuer = desk.idp.issuer();
    let others = [
        json!("https://evil.example/"),
        json!(format!("{issuer}/")),
        json!(issuer.to_uppercase()),
        json!([issuer]),
        Value::Null,
    ];
    for other in others {
        desk.idp.says(json!({ "issuer": other }));
        assert_bad(desk.log_in().await, "another issuer's");
        desk.advance(5);
    }
    desk.idp.says(json!({}));
    desk.log_in().await.unwrap();
}

#[tokio::test]
async fn metadata_that_cannot_be_used_is_bad() {
    let desk = Desk::new().await;
    for (metadata, cause) in [
        (json!({"authorization_endpoint": null}), "an endpoint is missing"),
        (json!({"token_endpoint": null}), "an endpoint is missing"),
        (json!({"jwks_uri": null}), "an endpoint is missing"),
        (json!({"token_endpoint": 5}), "an endpoint that is no text"),
        (json!({"token_endpoint": "/token"}), "an address that is none"),
        (json!({"token_endpoint": "file:///etc/passwd"}), "not http"),
        (json!({"jwks_uri": "data:application/json,{}"}), "not http"),
        (json!({"end_session_endpoint": "javascript:alert(1)"}), "not http"),
        (json!({"revocation_endpoint": "https://u:p@id.example/"}), "a user"),
        (json!({"authorization_endpoint": "https://id.example/#x"}), "a fragment"),
        (json!({"id_token_signing_alg_values_supported": ["HS256", "none"]}), "not signed with"),
        (json!({"id_token_signing_alg_values_supported": "ES256"}), "a list that is none"),
        (json!({"authorization_response_iss_parameter_supported": "true"}), "a flag"),
    ] {
        desk.idp.says(metadata);
        assert_bad(desk.log_in().await, cause);
        desk.advance(5);
    }
}

#[test]
fn an_endpoint_is_https_unless_all_is_on_this_machine() {
    let issuer = |text: &str| Url::parse(text).unwrap();
    let (safe, local) = (issuer("https://id.example/"), issuer("http://127.0.0.1:7008"));
    assert!(endpoint::of(&safe, "http://id.example/token").is_err());
    assert!(endpoint::of(&safe, "http://127.0.0.1:1/token").is_ok());
    assert!(endpoint::of(&safe, "https://elsewhere.example/token").is_ok());
    assert!(endpoint::of(&local, "http://id:7008/token").is_ok());
    assert!(endpoint::of(&local, "ftp://127.0.0.1/token").is_err());
}

#[tokio::test]
async fn t13_who_answers_nothing_of_use_is_away() {
    let desk = Desk::with(|settings| settings.timeout = Duration::from_millis(300)).await;
    for (reply, cause) in [
        (Reply::status(404), "openid-configuration answers 404"),
        (Reply::status(503), "openid-configuration answers 503"),
        (Reply::status(302).header("location", "/elsewhere"), "openid-configuration answers 302"),
        (Reply::text("<html>"), "not strict JSON"),
        (Reply::text("[]"), "not a JSON object"),
        (Reply::text("{\"issuer\":1,\"issuer\":2}"), "not strict JSON"),
        (Reply::text(" ".repeat(300_000)), "more than 256 KiB"),
        (Reply::hang(), "timed out"),
        (Reply::json(json!({})).drip(Duration::from_secs(1)), "timed out"),
        (Reply::reset(), "discovery:"),
    ] {
        desk.idp.http().once("GET", AT, reply);
        assert_away(desk.log_in().await, cause);
        desk.advance(5);
    }
    assert_eq!(desk.asked("GET /elsewhere"), 0);
    for (reply, cause) in [
        (Reply::status(500), "no keys: status 500"),
        (Reply::text("<html>"), "no keys: not a key set"),
        (Reply::hang(), "timed out"),
        (Reply::text(" ".repeat(300_000)), "more than 256 KiB"),
    ] {
        desk.idp.http().once("GET", "/jwks", reply);
        assert_away(desk.log_in().await, cause);
        desk.advance(5);
    }
    desk.log_in().await.unwrap();
}

#[tokio::test]
async fn a_provider_that_is_down_is_asked_again_after_5_s() {
    let idp = Idp::start().await;
    let (issuer, address) = (idp.issuer(), idp.http().address());
    drop(idp);
    let desk = Desk::with(|settings| settings.at = At::Issuer(issuer.into())).await;
    for _ in 0..100 {
        let away = desk.log_in().await;
        assert!(matches!(away, Err(Problem::Away(_))), "{away:?}");
    }
    let mut desk = desk;
    desk.idp = Idp::start_at(address).await;
    assert!(desk.log_in().await.is_err());
    assert_eq!(desk.idp.http().total(), 0, "it rests");
    desk.advance(5);
    desk.log_in().await.unwrap();
}

#[tokio::test]
async fn what_was_found_serves_while_the_provider_fails() {
    let desk = Desk::new().await;
    desk.log_in().await.unwrap();
    for _ in 0..3 {
        desk.idp.http().once("GET", AT, Reply::status(500));
    }
    desk.advance(3599);
    desk.log_in().await.unwrap();
    assert_eq!(desk.asked(DISCOVERY), 1);
    desk.advance(1);
    while desk.asked(DISCOVERY) < 5 {
        desk.log_in().await.unwrap();
        desk.advance(5);
    }
    desk.advance(3590);
    desk.log_in().await.unwrap();
    assert_eq!(desk.asked(DISCOVERY), 5, "an hour after the last success");
}

#[tokio::test]
async fn what_changes_is_known_after_an_hour() {
    let desk = Desk::new().await;
    desk.log_in().await.unwrap();
    let jwks = desk.idp.issuer() + "/jwks?new";
    desk.idp.says(
        json!({"jwks_uri": jwks, "token_endpoint_auth_methods_supported": ["client_secret_post"]}),
    );
    desk.advance(3600);
    let posts = |form: &Vec<(String, String)>| form.iter().any(|(name, _)| name == "client_secret");
    while !desk.forms().last().is_some_and(posts) {
        desk.log_in().await.unwrap();
    }
    let last = desk.idp.http().requests().pop().unwrap();
    assert_eq!(last.target, "/jwks?new");
}
