//! The same over several gateways with one store, and over restarts.

use tempfile::TempDir;

use super::*;

/// Where sessions are.
enum Place {
    File(TempDir),
    Redis(Redis),
}

impl Place {
    fn file() -> Self {
        Self::File(tempfile::tempdir().expect("a folder"))
    }

    async fn redis() -> Self {
        Self::Redis(Redis::start().await)
    }

    fn keys(&self) -> String {
        match self {
            Self::File(folder) => {
                let file = folder.path().join("kept.redb");
                format!("[stores]\nsessions = \"file\"\nfile = \"{}\"\n", file.display())
            }
            Self::Redis(redis) => {
                let at = format!("{{ url = \"{}\", timeout = \"2s\" }}", redis.url());
                format!("[stores]\nsessions = \"redis\"\nredis = {at}\n")
            }
        }
    }

    async fn gateway(&self, idp: &Idp, users: &Upstream) -> Gateway {
        config(idp, users, "", &self.keys()).workers(4).start().await
    }
}

/// What a page of ours asks of any gateway, with somebody's cookies.
fn ask(gateway: &Gateway, path: &str, browser: &Browser) -> Request {
    let asked = gateway.get(path).header("cookie", &browser.cookie());
    asked.header("x-csrf", "1").header("sec-fetch-site", "same-origin")
}

#[tokio::test]
async fn s16_two_gateways_with_one_redis_refresh_once_between_them() {
    let (place, idp, users) = (Place::redis().await, Idp::start().await, users().await);
    let gateways = [place.gateway(&idp, &users).await, place.gateway(&idp, &users).await];
    let alice = Browser::at(gateways[0].url("")).logs_in(&idp, "u1").await;
    for round in 1..=3 {
        gateways.iter().for_each(|gateway| gateway.advance(301));
        idp.advance(301);
        let asked = (0..50).map(|at| ask(&gateways[at % 2], "/me", &alice).into_future());
        for reply in join_all(asked).await {
            reply.assert_data(200, json!("me"));
        }
        assert_eq!((idp.given("refresh_token"), idp.reused()), (round, 0));
        assert!(idp.is_alive("u1"));
        let sent = sent(&users);
        let last = &sent[sent.len() - 50..];
        assert!(last.iter().all(|token| *token == last[0]), "{last:?}");
    }
}

#[tokio::test]
async fn s16_a_token_that_two_gateways_find_not_taken_is_refreshed_once() {
    let (place, idp, users) = (Place::redis().await, Idp::start().await, users().await);
    let gateways = [place.gateway(&idp, &users).await, place.gateway(&idp, &users).await];
    let alice = Browser::at(gateways[0].url("")).logs_in(&idp, "u1").await;
    ask(&gateways[1], "/me", &alice).await.assert_status(200);
    let old = sent(&users).pop().expect("a token");
    users.reply_with("GET", "/me", move |request| {
        let is_old = request.header("authorization").is_some_and(|header| header.ends_with(&old));
        if is_old { Reply::status(401) } else { Reply::json(json!("me")) }
    });
    let asked = (0..50).map(|at| ask(&gateways[at % 2], "/me", &alice).into_future());
    for reply in join_all(asked).await {
        reply.assert_data(200, json!("me"));
    }
    assert_eq!((idp.given("refresh_token"), idp.reused()), (1, 0));
}

#[tokio::test]
async fn s17_a_logout_at_another_gateway_during_a_refresh_wins() {
    for at_the_provider in [false, true] {
        let (place, idp, users) = (Place::redis().await, Idp::start().await, users().await);
        let one = place.gateway(&idp, &users).await;
        let other = place.gateway(&idp, &users).await;
        let alice = Browser::at(one.url("")).logs_in(&idp, "u1").await;
        [&one, &other].iter().for_each(|gateway| gateway.advance(301));
        idp.advance(301);
        let (gate, before) = (Gate::new(), idp.http().count("GET /jwks"));
        hold_refresh(&idp, &gate);
        let leaving = async {
            until(|| idp.http().count("GET /jwks") > before).await;
            if at_the_provider {
                let sid = idp.sid("u1").expect("a session");
                let form = format!("logout_token={}", idp.logout_token(json!({"sid": sid})));
                let told = other.request("POST", "/auth/backchannel-logout");
                told.body("application/x-www-form-urlencoded", form).await.assert_status(200);
            } else {
                let asked = other.request("POST", "/auth/logout");
                let asked = asked.header("cookie", &alice.cookie()).header("x-csrf", "1");
                asked.header("sec-fetch-site", "same-origin").await.assert_status(200);
            }
            gate.open();
        };
        let (waiting, ()) = tokio::join!(ask(&one, "/me", &alice).into_future(), leaving);
        waiting.assert_error(401, "SESSION_EXPIRED");
        for gateway in [&one, &other] {
            ask(gateway, "/me", &alice).await.assert_error(401, "SESSION_EXPIRED");
        }
        assert_eq!(users.total(), 0);
        until(|| !idp.is_alive("u1")).await;
    }
}

#[tokio::test]
async fn a_stop_waits_for_a_refresh_so_that_its_tokens_are_not_lost() {
    for place in [Place::file(), Place::redis().await] {
        let (idp, users) = (Idp::start().await, users().await);
        let gateway = place.gateway(&idp, &users).await;
        let alice = Browser::at(gateway.url("")).logs_in(&idp, "u1").await;
        // The request goes on with the old token, and ends before the refresh that it has begun.
        gateway.advance(270);
        idp.advance(270);
        let (gate, before) = (Gate::new(), idp.http().count("GET /jwks"));
        hold_refresh(&idp, &gate);
        alice.fetch("/me").await.assert_status(200);
        until(|| idp.http().count("GET /jwks") > before).await;
        let stopping = gateway.stopping();
        gate.open();
        stopping.await;

        let gateway = place.gateway(&idp, &users).await;
        gateway.advance(270);
        ask(&gateway, "/me", &alice).await.assert_status(200);
        let sent = sent(&users);
        assert_ne!(sent[0], sent[1], "the new token was written before the stop");
        assert_eq!((idp.given("refresh_token"), idp.reused()), (1, 0));
    }
}

#[tokio::test]
async fn a_store_that_is_away_is_503_and_refreshes_nothing() {
    let (idp, users) = (Idp::start().await, users().await);
    let mut redis = Redis::start().await;
    let at = format!("{{ url = \"{}\", timeout = \"2s\" }}", redis.url());
    let keys = format!("[stores]\nsessions = \"redis\"\nredis = {at}\n");
    let gateway = config(&idp, &users, "", &keys).start().await;
    let alice = Browser::at(gateway.url("")).logs_in(&idp, "u1").await;
    gateway.advance(301);
    idp.advance(301);
    redis.kill();
    for path in ["/me", "/plain"] {
        alice.fetch(path).await.assert_error(503, "STORE_UNAVAILABLE");
    }
    assert_eq!((idp.given("refresh_token"), users.total()), (0, 0));
}
