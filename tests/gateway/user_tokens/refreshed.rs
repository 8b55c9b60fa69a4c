//! Access tokens are refreshed ahead of their end, once per session.

use super::*;

#[tokio::test]
async fn the_sessions_access_token_is_sent_and_nothing_is_refreshed_without_need() {
    let desk = Desk::new().await;
    let (alice, bob) = (desk.login("u1").await, desk.login("u2").await);
    for browser in [&alice, &bob, &alice] {
        browser.fetch("/me").await.assert_data(200, json!("me"));
    }
    let sent = desk.sent();
    assert!(sent.iter().all(|token| token.starts_with("at.")), "{sent:?}");
    assert_eq!((&sent[0], sent[0] == sent[1]), (&sent[2], false));
    assert_eq!(desk.refreshes(), 0);
}

#[tokio::test]
async fn a_token_that_is_about_to_end_is_refreshed_while_requests_go_on_with_the_old_one() {
    let desk = Desk::new().await;
    let alice = desk.login("u1").await;
    alice.fetch("/me").await.assert_status(200);
    let old = desk.last_sent();
    desk.advance(270);
    let gate = Gate::new();
    hold_refresh(&desk.idp, &gate);
    for _ in 0..3 {
        alice.fetch("/me").await.assert_status(200);
        assert_eq!(desk.last_sent(), old);
    }
    gate.open();
    while desk.last_sent() == old {
        alice.fetch("/me").await.assert_status(200);
    }
    assert_eq!((desk.refreshes(), desk.idp.reused()), (1, 0));
}

#[tokio::test]
async fn s16_fifty_requests_at_once_refresh_once() {
    let (idp, users) = (Idp::start().await, users().await);
    let gateway = config(&idp, &users, "", "").workers(4).start().await;
    let desk = Desk { idp, users, gateway };
    let alice = desk.login("u1").await;
    for round in 1..=3 {
        desk.advance(301);
        for reply in join_all((0..50).map(|_| alice.fetch("/me"))).await {
            reply.assert_data(200, json!("me"));
        }
        assert_eq!((desk.refreshes(), desk.idp.reused()), (round, 0));
        assert!(desk.idp.is_alive("u1"));
        let sent = desk.sent();
        let last = &sent[sent.len() - 50..];
        assert!(last.iter().all(|token| *token == last[0]), "{last:?}");
    }
}

#[tokio::test]
async fn s15_a_busy_session_ends_in_time_and_no_refresh_moves_that() {
    let desk = Desk::with("absolute = \"1h\"\nidle = \"30m\"", "").await;
    let alice = desk.login("u1").await;
    for _ in 0..11 {
        desk.advance(320);
        alice.fetch("/me").await.assert_status(200);
    }
    assert_eq!(desk.refreshes(), 11);
    desk.advance(320);
    alice.fetch("/me").await.assert_error(401, "SESSION_EXPIRED");
    assert_eq!(alice.cookie(), "", "a dead cookie is deleted");
    assert_eq!(desk.refreshes(), 11);
}

#[tokio::test]
async fn a_refresh_token_that_is_not_replaced_is_used_again() {
    let desk = Desk::new().await;
    let alice = desk.login("u1").await;
    desk.idp.keeps_refresh_tokens();
    for _ in 0..3 {
        desk.advance(301);
        alice.fetch("/me").await.assert_status(200);
    }
    assert_eq!((desk.refreshes(), desk.idp.reused()), (3, 0));
}

#[tokio::test]
async fn a_token_whose_end_nobody_says_is_used_until_an_upstream_does_not_take_it() {
    let desk = Desk::new().await;
    desk.idp.access_ttl(None);
    let alice = desk.login("u1").await;
    desk.advance(1200);
    alice.fetch("/me").await.assert_status(200);
    assert_eq!(desk.refreshes(), 0);
    desk.users.once("GET", "/me", Reply::status(401));
    alice.fetch("/me").await.assert_status(200);
    assert_eq!(desk.refreshes(), 1);
}

#[tokio::test]
async fn without_a_refresh_token_a_session_ends_with_its_access_token_only_where_a_call_needs_one()
{
    let desk = Desk::with("", "request_scopes = [\"openid\"]").await;
    let alice = desk.login("u1").await;
    alice.fetch("/me").await.assert_status(200);
    desk.advance(301);
    alice.fetch("/plain").await.assert_data(200, json!("u1"));
    let seen = desk.users.total();
    alice.fetch("/me").await.assert_error(401, "SESSION_EXPIRED");
    assert_eq!((desk.users.total(), desk.refreshes()), (seen, 0));
}

#[tokio::test]
async fn what_a_new_id_token_says_counts() {
    let route = "session = \"required\"\nroles = [\"admin\"]\n[get.response]\nshape = '1'\n";
    let (idp, users) = (Idp::start().await, users().await);
    let gateway = config(&idp, &users, "", "").route("admin.toml", route).start().await;
    let desk = Desk { idp, users, gateway };
    let alice = desk.login("u1").await;
    alice.fetch("/admin").await.assert_error(403, "FORBIDDEN");
    desk.idp.id_tokens(json!({"roles": ["admin"]}));
    desk.advance(301);
    alice.fetch("/admin").await.assert_data(200, json!(1));
}

#[tokio::test]
async fn a_request_of_another_site_refreshes_nothing() {
    let desk = Desk::new().await;
    let alice = desk.login("u1").await;
    desk.advance(301);
    let asked = desk.gateway.get("/me").header("cookie", &alice.cookie());
    asked.header("sec-fetch-site", "cross-site").await.assert_error(403, "CSRF_FAILED");
    assert_eq!(desk.refreshes(), 0);
}

#[tokio::test]
async fn a_refresh_outlives_the_client_that_began_it() {
    let desk = Desk::new().await;
    let alice = desk.login("u1").await;
    desk.advance(301);
    let (gate, before) = (Gate::new(), desk.idp.http().count("GET /jwks"));
    hold_refresh(&desk.idp, &gate);
    {
        let leaving = alice.fetch("/me");
        let held = until(|| desk.idp.http().count("GET /jwks") > before);
        tokio::select! {
            _ = leaving => panic!("it waits for the refresh"),
            () = held => {}
        }
    }
    assert_eq!(desk.users.total(), 0);
    gate.open();
    alice.fetch("/me").await.assert_status(200);
    assert_eq!((desk.refreshes(), desk.idp.reused()), (1, 0));
    assert!(desk.idp.is_alive("u1"));
}

#[tokio::test]
async fn another_site_that_leads_here_keeps_no_session_alive_and_refreshes_none() {
    let desk = Desk::with("same_site = \"lax\"\nidle = \"10m\"", "").await;
    let (alice, bob) = (desk.login("u1").await, desk.login("u2").await);
    for _ in 0..4 {
        desk.advance(140);
        alice.navigate("/plain").await.assert_data(200, json!("u1"));
        let embedded = desk.gateway.get("/plain").header("cookie", &alice.cookie());
        let embedded = embedded.header("sec-fetch-mode", "navigate");
        embedded.header("sec-fetch-site", "same-site").await.assert_data(200, json!("u1"));
    }
    assert_eq!(desk.refreshes(), 0);
    // A call that needs a token has one.
    bob.navigate("/me").await.assert_data(200, json!("me"));
    assert_eq!((desk.refreshes(), desk.idp.reused()), (1, 0));
    desk.advance(50);
    for user in [&alice, &bob] {
        user.fetch("/plain").await.assert_error(401, "SESSION_EXPIRED");
    }
}

#[tokio::test]
async fn a_site_that_is_trusted_as_our_own_keeps_a_session_alive() {
    let trusted = "https://partner.test";
    let cors = format!("\n[cors]\norigins = [\"{trusted}\"]\ncredentials = true\n");
    let desk = Desk::with("same_site = \"lax\"\nidle = \"10m\"", &cors).await;
    let alice = desk.login("u1").await;
    for round in 1..=3 {
        desk.advance(320);
        let asked = desk.gateway.get("/plain").header("cookie", &alice.cookie());
        let asked = asked.header("sec-fetch-site", "cross-site").header("origin", trusted);
        asked.header("x-csrf", "1").await.assert_data(200, json!("u1"));
        assert_eq!(desk.refreshes(), round);
    }
}
