//! `[credentials.NAME]` with `grant = "exchange"` (RFC 8693): the user shows themselves, by a token of its own for each.

use super::*;

const EXCHANGE: &str =
    "[credentials.billing]\ngrant = \"exchange\"\nlogin = \"main\"\naudience = \"billing\"\n";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const BILL: &str = r#"
session = "required"
[get.calls.bill]
upstream = "billing"
path = "/bill"
auth = "billing"
"#;

/// A desk whose upstream gets exchanged tokens at `/bill`.
async fn desk() -> Desk {
    let (idp, users) = (Idp::start().await, users().await);
    users.on("GET", "/bill", Reply::json(json!(12)));
    // Tokens that the provider itself has signed, and those of somebody else.
    let tokens = format!(
        "[tokens.provider]\nissuer = \"{}\"\naudience = \"api\"\nalgorithms = [\"HS256\"]\nkey = {{ secret = \"${{TEST_SECRET}}\" }}\n",
        idp.issuer()
    );
    let gateway = Gateway::config()
        .gateway(&login_at(&idp, &format!("{EXCHANGE}{tokens}")))
        .upstream("billing", &users)
        .route("bill.toml", BILL)
        .start()
        .await;
    Desk { idp, users, gateway }
}

fn exchanges(desk: &Desk) -> Vec<Vec<(String, String)>> {
    let requests = desk.idp.http().requests();
    let forms = requests.iter().map(|request| request.form_pairs());
    forms.filter(|form| value(form, "grant_type") == Some(GRANT)).collect()
}

fn value<'a>(form: &'a [(String, String)], name: &str) -> Option<&'a str> {
    form.iter().find(|(key, _)| key == name).map(|(_, value)| &**value)
}

#[tokio::test]
async fn every_user_has_an_exchanged_token_of_their_own_which_is_kept() {
    let desk = desk().await;
    let (alice, bob) = (desk.login("u1").await, desk.login("u2").await);
    for _ in 0..2 {
        for browser in [&alice, &bob] {
            browser.fetch("/bill").await.assert_data(200, json!(12));
        }
    }
    let sent = desk.sent();
    assert!(sent.iter().all(|token| token.starts_with("xt.")), "{sent:?}");
    assert_eq!((&sent[0], &sent[1], sent[0] == sent[1]), (&sent[2], &sent[3], false));
    let [first, second] = &exchanges(&desk)[..] else { panic!("two exchanges") };
    assert_ne!(value(first, "subject_token"), value(second, "subject_token"));
    assert_eq!(value(first, "audience"), Some("billing"));
    let kind = "urn:ietf:params:oauth:token-type:access_token";
    assert_eq!(value(first, "subject_token_type"), Some(kind));
}

#[tokio::test]
async fn a_session_that_was_refreshed_or_is_new_has_another_exchanged_token() {
    let desk = desk().await;
    let alice = desk.login("u1").await;
    alice.fetch("/bill").await.assert_status(200);
    desk.advance(301);
    alice.fetch("/bill").await.assert_status(200);
    let again = desk.login("u1").await;
    again.fetch("/bill").await.assert_status(200);
    let sent = desk.sent();
    assert!(sent[0] != sent[1] && sent[1] != sent[2] && sent[0] != sent[2], "{sent:?}");
    assert_eq!(exchanges(&desk).len(), 3);
}

#[tokio::test]
async fn an_exchanged_token_that_is_not_taken_is_exchanged_anew_once_and_then_its_401_passes() {
    let desk = desk().await;
    let alice = desk.login("u1").await;
    desk.users.once("GET", "/bill", Reply::status(401));
    alice.fetch("/bill").await.assert_data(200, json!(12));
    assert_eq!((exchanges(&desk).len(), desk.users.total()), (2, 2));
    desk.users.on("GET", "/bill", Reply::status(401));
    alice.fetch("/bill").await.assert_error(401, "UNAUTHORIZED");
    assert_eq!((exchanges(&desk).len(), desk.users.total()), (3, 4));
    desk.users.on("GET", "/bill", Reply::status(403));
    alice.fetch("/bill").await.assert_error(403, "FORBIDDEN");
    assert_eq!((desk.users.total(), desk.refreshes()), (5, 0));
}

#[tokio::test]
async fn the_token_of_a_user_who_brings_one_is_exchanged_too() {
    let desk = desk().await;
    desk.idp.http().reply_with("POST", "/token", |request| {
        let form = request.form_pairs();
        let token = value(&form, "subject_token").expect("a token");
        let end = &token[token.len() - 8..];
        Reply::json(json!({
            "access_token": format!("xt.{end}"), "token_type": "Bearer", "expires_in": 300,
            "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
        }))
    });
    let issuer = desk.idp.issuer();
    let tokens = ["u1", "u2"].map(|user| token(json!({"iss": issuer, "sub": user})));
    for token in [&tokens[0], &tokens[1], &tokens[0]] {
        desk.gateway.get("/bill").bearer(token).await.assert_data(200, json!(12));
        assert!(token.ends_with(&desk.last_sent()["xt.".len()..]));
    }
    assert_eq!(exchanges(&desk).len(), 2);
}

#[tokio::test]
async fn no_provider_gets_the_token_of_another_issuers_user() {
    let desk = desk().await;
    let reply = desk.gateway.get("/bill").bearer(&token(json!({"sub": "u1"}))).await;
    reply.assert_error(500, "INTERNAL_ERROR");
    assert_eq!((exchanges(&desk).len(), desk.users.total()), (0, 0));
}

#[tokio::test]
async fn nobodys_token_is_not_exchanged_and_an_exchange_that_fails_sends_nothing() {
    let desk = desk().await;
    desk.gateway.get("/bill").await.assert_error(401, "UNAUTHORIZED");
    let alice = desk.login("u1").await;
    let (bob, refused) = (desk.login("u2").await, json!({"error": "invalid_target"}));
    desk.idp.http().once("POST", "/token", Reply::json(refused).with_status(400));
    alice.fetch("/bill").await.assert_error(502, "UPSTREAM_ERROR");
    assert_eq!(desk.users.total(), 0);
    // It is hers alone that is left alone for a while.
    bob.fetch("/bill").await.assert_data(200, json!(12));
    alice.fetch("/bill").await.assert_error(503, "UPSTREAM_UNAVAILABLE");
    desk.advance(1);
    alice.fetch("/bill").await.assert_data(200, json!(12));
}
