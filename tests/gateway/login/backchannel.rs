//! `/auth/backchannel-logout`: the provider says that somebody has logged out.

use super::*;

fn says(gateway: &Gateway, token: &str) -> Request {
    let request = gateway.request("POST", "/auth/backchannel-logout");
    request.body("application/x-www-form-urlencoded", format!("logout_token={token}"))
}

#[track_caller]
fn assert_refused(reply: &Answer) {
    reply.assert_status(400).assert_header("cache-control", "no-store");
    assert_eq!(reply.json()["error"], "invalid_request", "{reply:?}");
}

#[tokio::test]
async fn s19_a_logout_token_ends_the_sessions_that_it_names() {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    let first = browser(&gateway).logs_in(&idp, "alice").await;
    let second = browser(&gateway).logs_in(&idp, "alice").await;
    let bob = browser(&gateway).logs_in(&idp, "bob").await;
    // `sid` names the last one alone.
    let sid = idp.sid("alice").expect("a sid");
    let reply = says(&gateway, &idp.logout_token(json!({"sid": sid, "sub": "alice"}))).await;
    reply.assert_status(200).assert_header("cache-control", "no-store");
    assert_eq!(reply.body, "");
    second.fetch("/me").await.assert_error(401, "SESSION_EXPIRED");
    assert_eq!(second.cookie(), "");
    first.fetch("/me").await.assert_status(200);
    let third = browser(&gateway).logs_in(&idp, "alice").await;
    says(&gateway, &idp.logout_token(json!({"sub": "alice"}))).await.assert_status(200);
    first.fetch("/me").await.assert_error(401, "SESSION_EXPIRED");
    third.fetch("/me").await.assert_error(401, "SESSION_EXPIRED");
    bob.fetch("/me").await.assert_status(200);
    // Nobody left: it has succeeded all the same (§2.7).
    says(&gateway, &idp.logout_token(json!({"sub": "alice"}))).await.assert_status(200);
}

#[tokio::test]
async fn s19_a_logout_token_counts_once() {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    let token = idp.logout_token(json!({"sub": "alice"}));
    says(&gateway, &token).await.assert_status(200);
    let alice = browser(&gateway).logs_in(&idp, "alice").await;
    assert_refused(&says(&gateway, &token).await);
    alice.fetch("/me").await.assert_status(200);
}

#[tokio::test]
async fn s19_what_is_no_good_logout_token_ends_nothing() {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    let alice = browser(&gateway).logs_in(&idp, "alice").await;
    for claims in [
        json!({"sub": "alice", "iss": "https://evil.test"}),
        json!({"sub": "alice", "aud": "somebody-else"}),
        json!({"sub": "alice", "iat": 1}),
        json!({"sub": "alice", "exp": 1}),
        json!({"sub": "alice", "jti": null}),
        json!({"sub": "alice", "events": {}}),
        json!({"sub": "alice", "events": null}),
        json!({"sub": "alice", "nonce": "n"}),
        json!({"sub": null, "sid": null}),
    ] {
        assert_refused(&says(&gateway, &idp.logout_token(claims)).await);
    }
    let good = idp.logout_token(json!({"sub": "alice"}));
    let (unsigned, _) = good.rsplit_once('.').expect("parts");
    for token in [
        format!("{unsigned}."),
        format!("{unsigned}.AAAA"),
        "x".into(),
        String::new(),
        "a.b.c".into(),
    ] {
        assert_refused(&says(&gateway, &token).await);
    }
    alice.fetch("/me").await.assert_status(200);
}

#[tokio::test]
async fn s19_a_logout_token_comes_in_a_small_form() {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    let alice = browser(&gateway).logs_in(&idp, "alice").await;
    let token = idp.logout_token(json!({"sub": "alice"}));
    let to = || gateway.request("POST", "/auth/backchannel-logout");
    let form = "application/x-www-form-urlencoded";
    for request in [
        to(),
        to().json(json!({"logout_token": token})),
        to().body("text/plain", format!("logout_token={token}")),
        to().body(form, ""),
        to().body(form, format!("token={token}")),
        to().body(form, format!("logout_token={token}&logout_token={token}")),
        to().body(form, format!("logout_token={token}&x=%zz")),
        to().body(form, format!("logout_token={token}&x={}", "a".repeat(40_000))),
        to().bearer(&token),
    ] {
        assert_refused(&request.await);
    }
    let link = gateway.get(&format!("/auth/backchannel-logout?logout_token={token}")).await;
    link.assert_error(405, "METHOD_NOT_ALLOWED");
    alice.fetch("/me").await.assert_status(200);
    // Whoever sends it: it is signed.
    says(&gateway, &token).header("origin", "https://id.test").await.assert_status(200);
    alice.fetch("/me").await.assert_error(401, "SESSION_EXPIRED");
}

#[tokio::test]
async fn s19_without_its_store_it_is_to_come_again() {
    let idp = Idp::start().await;
    let stores = "\n[stores]\nsessions = \"redis\"\nredis = { url = \"redis://127.0.0.1:1\" }\n";
    let gateway = config(&idp, "", stores).start().await;
    let reply = says(&gateway, &idp.logout_token(json!({"sub": "alice"}))).await;
    reply.assert_status(503).assert_header("cache-control", "no-store");
    assert!(reply.header("retry-after").is_some());
    assert_eq!(reply.json()["error"], "temporarily_unavailable");
}

async fn sharing(idp: &Idp, redis: &Redis) -> Gateway {
    let stores = format!(
        "\n[stores]\nsessions = \"redis\"\nredis = {{ url = \"{}\", timeout = \"30s\" }}\n",
        redis.url()
    );
    config(idp, "", &stores).start().await
}

#[tokio::test]
async fn s19_a_logout_that_could_not_be_done_may_come_again() {
    let idp = Idp::start().await;
    let redis = Redis::start().await;
    let gateway = sharing(&idp, &redis).await;
    let alice = browser(&gateway).logs_in(&idp, "alice").await;
    let token = idp.logout_token(json!({"sub": "alice"}));
    // The store fails between the question whether it was seen and the end of the sessions.
    redis.ask::<()>(&["ACL", "SETUSER", "default", "-zrangebyscore"]).await;
    says(&gateway, &token).await.assert_status(503);
    alice.fetch("/me").await.assert_status(200);
    redis.ask::<()>(&["ACL", "SETUSER", "default", "+zrangebyscore"]).await;
    says(&gateway, &token).await.assert_status(200);
    alice.fetch("/me").await.assert_error(401, "SESSION_EXPIRED");
    assert_refused(&says(&gateway, &token).await);
    // Whoever has logged in since is not meant by what is still tried.
    let again = browser(&gateway).logs_in(&idp, "alice").await;
    tokio::time::sleep(std::time::Duration::from_millis(1200)).await;
    again.fetch("/me").await.assert_status(200);
}

#[tokio::test]
async fn s19_a_store_that_was_killed_takes_a_logout_once_it_is_back() {
    let idp = Idp::start().await;
    let mut redis = Redis::start().await;
    let gateway = sharing(&idp, &redis).await;
    let token = idp.logout_token(json!({"sub": "alice"}));
    redis.kill();
    says(&gateway, &token).await.assert_status(503);
    redis.begin().await;
    let reply = loop {
        match says(&gateway, &token).await {
            reply if reply.status == 503 => {}
            reply => break reply,
        }
    };
    reply.assert_status(200);
    assert_refused(&says(&gateway, &token).await);
}

#[tokio::test]
async fn s19_a_session_without_a_sid_ends_where_its_user_is_named() {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    idp.id_tokens(json!({"sid": null}));
    let without = browser(&gateway).logs_in(&idp, "alice").await;
    let bob = browser(&gateway).logs_in(&idp, "bob").await;
    for sid in ["one", "two"] {
        idp.id_tokens(json!({"sid": sid}));
        let with = browser(&gateway).logs_in(&idp, "alice").await;
        with.fetch("/me").await.assert_status(200);
        if sid == "one" {
            // A `sid` alone names nobody else.
            let alone = idp.logout_token(json!({"sub": null, "sid": "three"}));
            says(&gateway, &alone).await.assert_status(200);
            without.fetch("/me").await.assert_status(200);
            let both = idp.logout_token(json!({"sub": "alice", "sid": "two"}));
            says(&gateway, &both).await.assert_status(200);
            without.fetch("/me").await.assert_error(401, "SESSION_EXPIRED");
            with.fetch("/me").await.assert_status(200);
            gateway.advance(601);
            idp.advance(601);
        }
    }
    bob.fetch("/me").await.assert_status(200);
}
