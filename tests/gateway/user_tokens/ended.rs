//! What becomes of a session when its refresh fails, or when it ends meanwhile.

use super::*;

#[tokio::test]
async fn s18_a_grant_that_is_over_ends_the_session() {
    let desk = Desk::new().await;
    for path in ["/me", "/plain"] {
        let alice = desk.login("u1").await;
        let old = alice.cookie();
        desk.idp.end("u1");
        desk.advance(301);
        alice.fetch(path).await.assert_error(401, "SESSION_EXPIRED");
        assert_eq!(alice.cookie(), "", "a dead cookie is deleted");
        alice.fetch(path).await.assert_error(401, "UNAUTHORIZED");
        let again = desk.gateway.get(path).header("cookie", &old).header("x-csrf", "1");
        again.await.assert_error(401, "SESSION_EXPIRED");
    }
    assert_eq!(desk.users.total(), 0);
}

#[tokio::test]
async fn s18_while_the_provider_is_away_the_old_token_is_used_as_long_as_it_is_good() {
    let desk = Desk::new().await;
    let alice = desk.login("u1").await;
    desk.advance(270);
    let asked = desk.asked();
    desk.idp.http().once("POST", "/token", Reply::status(500));
    alice.fetch("/me").await.assert_status(200);
    until(|| desk.asked() == asked + 1).await;
    for _ in 0..5 {
        alice.fetch("/me").await.assert_status(200);
    }
    assert_eq!(desk.asked(), asked + 1, "it is left alone for a while");
    desk.advance(2);
    alice.fetch("/me").await.assert_status(200);
    until(|| desk.refreshes() == 1).await;
    assert!(desk.idp.is_alive("u1"));
}

#[tokio::test]
async fn s18_while_the_provider_is_away_a_session_lives_without_its_token() {
    let desk = Desk::with("", "timeout = \"1s\"").await;
    let alice = desk.login("u1").await;
    let refused = Reply::json(json!({"error": "server_error"})).with_status(400);
    let kinds = [Reply::status(500), Reply::status(429), Reply::close(), refused, Reply::hang()];
    for (times, reply) in kinds.into_iter().enumerate() {
        desk.advance(301);
        let asked = desk.asked();
        desk.idp.http().once("POST", "/token", reply);
        let failed = alice.fetch("/me").await;
        failed.assert_error(503, "UPSTREAM_UNAVAILABLE");
        let wait = failed.header("retry-after").expect("a time").parse::<u64>().expect("seconds");
        assert!((1..=30).contains(&wait), "{failed:?}");
        alice.fetch("/plain").await.assert_data(200, json!("u1"));
        alice.fetch("/me").await.assert_error(503, "UPSTREAM_UNAVAILABLE");
        assert_eq!(desk.asked(), asked + 1, "it is left alone for a while");
        desk.advance(wait);
        alice.fetch("/me").await.assert_status(200);
        assert_eq!((desk.refreshes(), desk.idp.reused()), (times + 1, 0));
    }
}

#[tokio::test]
async fn s18_a_provider_that_stays_away_is_asked_less_and_less() {
    let desk = Desk::new().await;
    let alice = desk.login("u1").await;
    desk.advance(301);
    desk.idp.http().on("POST", "/token", Reply::status(503));
    let asked = desk.asked();
    for _ in 0..120 {
        alice.fetch("/me").await.assert_error(503, "UPSTREAM_UNAVAILABLE");
        desk.advance(1);
    }
    let times = desk.asked() - asked;
    assert!((6..=11).contains(&times), "{times}");
}

#[tokio::test]
async fn s18_a_session_whose_provider_is_away_still_ends_in_time() {
    let desk = Desk::with("absolute = \"10m\"\nidle = \"10m\"", "").await;
    let alice = desk.login("u1").await;
    desk.idp.http().on("POST", "/token", Reply::status(503));
    desk.advance(301);
    alice.fetch("/plain").await.assert_status(200);
    desk.advance(301);
    alice.fetch("/plain").await.assert_error(401, "SESSION_EXPIRED");
}

#[tokio::test]
async fn s17_a_logout_during_a_refresh_wins() {
    let desk = Desk::new().await;
    let alice = desk.login("u1").await;
    let old = alice.cookie();
    desk.advance(301);
    let (gate, before) = (Gate::new(), desk.idp.http().count("GET /jwks"));
    hold_refresh(&desk.idp, &gate);
    let leaving = async {
        until(|| desk.idp.http().count("GET /jwks") > before).await;
        alice.post("/auth/logout").await.assert_status(200);
        gate.open();
    };
    let (waiting, ()) = tokio::join!(alice.fetch("/me"), leaving);
    waiting.assert_error(401, "SESSION_EXPIRED");
    let again = desk.gateway.get("/me").header("cookie", &old).header("x-csrf", "1");
    again.await.assert_error(401, "SESSION_EXPIRED");
    // The tokens of the session, and those that were granted too late.
    until(|| desk.idp.http().count("POST /revoke") == 4).await;
    assert!(!desk.idp.is_alive("u1"));
    assert_eq!(desk.users.total(), 0);
}

#[tokio::test]
async fn s17_a_logout_at_the_provider_during_a_refresh_wins() {
    let desk = Desk::new().await;
    let alice = desk.login("u1").await;
    let old = alice.cookie();
    desk.advance(301);
    let form = format!("logout_token={}", desk.idp.logout_token(json!({"sub": "u1"})));
    let (gate, before) = (Gate::new(), desk.idp.http().count("GET /jwks"));
    hold_refresh(&desk.idp, &gate);
    let leaving = async {
        until(|| desk.idp.http().count("GET /jwks") > before).await;
        let told = desk.gateway.request("POST", "/auth/backchannel-logout");
        told.body("application/x-www-form-urlencoded", form).await.assert_status(200);
        gate.open();
    };
    let (waiting, ()) = tokio::join!(alice.fetch("/me"), leaving);
    waiting.assert_error(401, "SESSION_EXPIRED");
    let again = desk.gateway.get("/plain").header("cookie", &old).header("x-csrf", "1");
    again.await.assert_error(401, "SESSION_EXPIRED");
    until(|| !desk.idp.is_alive("u1")).await;
    assert_eq!(desk.users.total(), 0);
}
