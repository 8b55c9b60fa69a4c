//! `[METHOD.response.cache]`: whole replies.

use tokio::io::AsyncWriteExt;

use super::{count, counting, with};
use crate::harness::*;

/// A route with one call, whose whole reply has this cache.
fn route(session: &str, cache: &str) -> String {
    format!(
        "session = \"{session}\"\n[get.calls.it]\nupstream = \"up\"\npath = \"/it\"\n\
         [get.response]\ncache = {cache}\n"
    )
}

const SHARED: &str = r#"{ ttl = "60s", scope = "shared" }"#;

/// Where a reply is from, and the number that the upstream gave.
#[track_caller]
fn assert_from(reply: &Answer, how: &str, n: usize) {
    assert_eq!(reply.header("frontdesk-cache"), Some(how), "{reply:?}");
    assert_eq!(reply.json()["data"]["n"], json!(n), "{reply:?}");
}

#[tokio::test]
async fn a_reply_is_made_once_and_its_age_is_told_until_its_ttl_is_over() {
    let up = counting().await;
    let gateway = with(&up, &route("none", SHARED)).await;
    let first = gateway.get("/x").await;
    assert_from(&first, "miss", 1);
    first.assert_no_header("age");
    gateway.advance(20);
    let second = gateway.get("/x").await;
    assert_from(&second, "hit", 1);
    second.assert_header("age", "20");
    assert_ne!(first.header("x-request-id"), second.header("x-request-id"));
    assert_eq!(first.body, second.body);
    gateway.advance(40);
    assert_from(&gateway.get("/x").await, "miss", 2);
}

#[tokio::test]
async fn head_and_get_have_one_reply() {
    let up = counting().await;
    let gateway = with(&up, &route("none", SHARED)).await;
    gateway.head("/x").await.assert_status(200).assert_header("frontdesk-cache", "miss");
    assert_from(&gateway.get("/x").await, "hit", 1);
}

#[tokio::test]
async fn other_inputs_have_other_replies_and_what_nobody_reads_is_no_input() {
    let up = counting().await;
    let route = r#"
        session = "none"
        [get.input.query.q]
        type = "string"
        default = "a"
        [get.input.headers.x-kind]
        type = "string"
        [get.calls.it]
        upstream = "up"
        path = "/it"
        query = { q = "{$query.q}" }
        headers = { x-kind = "{$headers[\"x-kind\"]}" }
        [get.response]
        cache = { ttl = "60s" }
    "#;
    let gateway = with(&up, route).await;
    assert_from(&gateway.get("/x").await, "miss", 1);
    assert_from(&gateway.get("/x?q=a").await, "hit", 1);
    assert_from(&gateway.get("/x?q=a&unknown=1").await, "hit", 1);
    assert_from(&gateway.get("/x?q=b").await, "miss", 2);
    assert_from(&gateway.get("/x?q=b").header("x-kind", "1").await, "miss", 3);
    assert_from(&gateway.get("/x?q=b").header("x-kind", "1").await, "hit", 3);
    let foreign = gateway.get("/x").header("x-forwarded-host", "evil.test");
    let foreign = foreign.header("accept-language", "fr").header("range", "bytes=0-1");
    assert_from(&foreign.header("cache-control", "no-cache").await, "hit", 1);
}

#[tokio::test]
async fn k1_a_reply_is_its_sessions_unless_the_config_says_otherwise() {
    let up = counting().await;
    let gateway = with(&up, &route("optional", r#"{ ttl = "60s" }"#)).await;
    assert_from(&gateway.get("/x").user("ada").await, "miss", 1);
    assert_from(&gateway.get("/x").user("bob").await, "miss", 2);
    assert_from(&gateway.get("/x").await, "miss", 3);
    assert_from(&gateway.get("/x").user("ada").await, "hit", 1);
    assert_from(&gateway.get("/x").user("bob").await, "hit", 2);
    assert_from(&gateway.get("/x").await, "hit", 3);
    let promoted = json!({"sub": "ada", "roles": ["admin"]});
    assert_from(&gateway.get("/x").claims(promoted).await, "miss", 4);
}

#[tokio::test]
async fn k2_nobody_gets_a_reply_that_is_kept_for_somebody() {
    let up = counting().await;
    let gateway = with(&up, &route("required", SHARED)).await;
    assert_from(&gateway.get("/x").user("ada").await, "miss", 1);
    gateway
        .get("/x")
        .await
        .assert_error(401, "UNAUTHORIZED")
        .assert_header("frontdesk-cache", "bypass");
    gateway.get("/x").bearer("nonsense").await.assert_error(401, "UNAUTHORIZED");
    assert_from(&gateway.get("/x").user("bob").await, "hit", 1);
    assert_eq!(up.total(), 1);
}

#[tokio::test]
async fn a_program_may_say_who_shares_a_reply() {
    let up = counting().await;
    let cache = r#"{ ttl = "60s", scope_from = '$session.claims.tenant' }"#;
    let gateway = with(&up, &route("required", cache)).await;
    let ask = async |sub: &str, tenant: Value| {
        gateway.get("/x").claims(json!({"sub": sub, "tenant": tenant})).await
    };
    assert_from(&ask("ada", json!("t1")).await, "miss", 1);
    assert_from(&ask("bob", json!("t1")).await, "hit", 1);
    assert_from(&ask("bob", json!("t2")).await, "miss", 2);
    assert_from(&ask("ada", json!(null)).await, "miss", 3);
    assert_from(&ask("bob", json!(null)).await, "miss", 4);
}

#[tokio::test]
async fn allow_is_asked_before_a_reply_that_is_kept_is_served() {
    let up = counting().await;
    let route = format!("allow = '$session.claims.in == true'\n{}", route("required", SHARED));
    let gateway = with(&up, &route).await;
    let ask = async |is_in: bool| gateway.get("/x").claims(json!({"sub": "u", "in": is_in})).await;
    ask(false).await.assert_error(403, "FORBIDDEN");
    assert_eq!(up.total(), 0);
    assert_from(&ask(true).await, "miss", 1);
    ask(false).await.assert_error(403, "FORBIDDEN").assert_header("frontdesk-cache", "bypass");
    assert_from(&ask(true).await, "hit", 1);
    assert_eq!(up.total(), 1);
}

#[tokio::test]
async fn allow_that_reads_calls_has_them_made_for_each_request_and_no_others_and_none_twice() {
    let up = counting().await;
    up.on("GET", "/team", Reply::json(json!({"id": "t1"})));
    up.on("GET", "/members", Reply::json(json!({"in": true})));
    let route = r#"
        session = "required"
        allow = '$members.in'
        [get.calls.team]
        upstream = "up"
        path = "/team"
        [get.calls.members]
        upstream = "up"
        path = "/members"
        query = { team = "{$team.id}" }
        [get.calls.it]
        upstream = "up"
        path = "/it"
        [get.response]
        shape = '$it + {team: $team.id}'
        cache = { ttl = "60s", scope = "session" }
    "#;
    let gateway = with(&up, route).await;
    let counts = || ["GET /team", "GET /members", "GET /it"].map(|key| up.count(key));
    assert_from(&gateway.get("/x").user("ada").await, "miss", 1);
    assert_eq!(counts(), [1, 1, 1]);
    assert_from(&gateway.get("/x").user("ada").await, "hit", 1);
    assert_eq!(counts(), [2, 2, 1]);
    up.on("GET", "/members", Reply::json(json!({"in": false})));
    gateway.get("/x").user("ada").await.assert_error(403, "FORBIDDEN");
    assert_eq!(counts(), [3, 3, 1]);
    up.on("GET", "/team", Reply::status(500));
    gateway.get("/x").user("ada").await.assert_error(502, "UPSTREAM_ERROR");
    assert_eq!(counts(), [4, 3, 1]);
}

#[tokio::test]
async fn k9_faults_partial_replies_and_those_of_fail_are_not_kept() {
    let up = counting().await;
    up.on("GET", "/extra", Reply::status(500));
    let route = r#"
        session = "none"
        [get.calls.it]
        upstream = "up"
        path = "/it"
        [get.calls.extra]
        upstream = "up"
        path = "/extra"
        fallback = 0
        [[get.fail]]
        when = '$it.n == 3'
        status = 409
        code = "CONFLICT"
        [get.response]
        shape = '$it + {extra: $extra}'
        cache = { ttl = "60s", scope = "shared" }
    "#;
    let gateway = with(&up, route).await;
    for n in 1..3 {
        let reply = gateway.get("/x").await;
        assert_from(&reply, "bypass", n);
        reply.assert_header("frontdesk-partial", "extra").assert_no_header("age");
    }
    let refused = gateway.get("/x").await;
    refused.assert_error(409, "CONFLICT").assert_header("frontdesk-cache", "bypass");
    up.on("GET", "/extra", Reply::json(json!(1)));
    assert_from(&gateway.get("/x").await, "miss", 4);
    gateway.advance(60);
    up.once("GET", "/it", Reply::status(500));
    gateway
        .get("/x")
        .await
        .assert_error(502, "UPSTREAM_ERROR")
        .assert_header("cache-control", "no-store");
    assert_from(&gateway.get("/x").await, "miss", 5);
}

#[tokio::test]
async fn k4_a_reply_over_an_answer_that_sets_a_cookie_is_not_kept() {
    let up = Upstream::start().await;
    count(&up, "/it", |reply| reply.header("set-cookie", "of=another"));
    let gateway = with(&up, &route("none", SHARED)).await;
    for n in 1..3 {
        let reply = gateway.get("/x").await;
        assert_from(&reply, "bypass", n);
        reply.assert_no_header("set-cookie");
    }
}

#[tokio::test]
async fn that_there_is_nothing_is_kept_where_the_config_says_so() {
    let up = Upstream::start().await;
    for status in [404, 410] {
        for (negative, asked) in [("", 2), (", negative_ttl = \"5s\"", 1)] {
            up.on("GET", "/it", Reply::status(status));
            let cache = format!("{{ ttl = \"60s\", scope = \"shared\"{negative} }}");
            let gateway = with(&up, &route("none", &cache)).await;
            up.forget();
            let (one, other) = (gateway.get("/x").await, gateway.get("/x").await);
            one.assert_status(status);
            other.assert_status(status).assert_header("cache-control", "no-store");
            assert_ne!(one.body, other.body, "each has its request's id");
            let how = if asked == 1 { "hit" } else { "bypass" };
            other.assert_header("frontdesk-cache", how);
            assert_eq!(up.total(), asked, "{status}{negative}");
            up.on("GET", "/it", Reply::json(json!({"n": 1})));
            gateway.advance(5);
            assert_from(&gateway.get("/x").await, "miss", 1);
        }
    }
}

#[tokio::test]
async fn what_is_gone_ends_a_reply_that_was_stale() {
    let up = counting().await;
    let cache = r#"{ ttl = "10s", stale_if_error = "1h", scope = "shared" }"#;
    let gateway = with(&up, &route("none", cache)).await;
    assert_from(&gateway.get("/x").await, "miss", 1);
    gateway.advance(10);
    up.once("GET", "/it", Reply::status(503));
    let stale = gateway.get("/x").await;
    assert_from(&stale, "stale", 1);
    stale.assert_header("age", "10").assert_header("cache-control", "public, no-cache");
    gateway.advance(60);
    up.once("GET", "/it", Reply::status(404));
    gateway.get("/x").await.assert_error(404, "NOT_FOUND");
    up.once("GET", "/it", Reply::status(503));
    gateway.get("/x").await.assert_error(503, "UPSTREAM_UNAVAILABLE");
}

#[tokio::test]
async fn a_stale_reply_is_served_at_once_while_one_other_is_made_behind() {
    let (up, gate) = (Upstream::start().await, Gate::new());
    gate.open();
    let held = gate.clone();
    count(&up, "/it", move |reply| reply.when(&held));
    let cache = r#"{ ttl = "10s", stale = "1h", scope = "shared" }"#;
    let gateway = with(&up, &route("none", cache)).await;
    assert_from(&gateway.get("/x").await, "miss", 1);
    gate.close();
    gateway.advance(10);
    for _ in 0..5 {
        assert_from(&gateway.get("/x").await, "stale", 1);
    }
    up.wait_for(2).await;
    gate.open();
    loop {
        let reply = gateway.get("/x").await;
        if reply.header("frontdesk-cache") == Some("hit") {
            assert_from(&reply, "hit", 2);
            break;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(up.total(), 2);
}

#[tokio::test]
async fn one_reply_is_made_for_all_who_ask_on_all_workers() {
    let (up, gate) = (Upstream::start().await, Gate::new());
    let held = gate.clone();
    count(&up, "/it", move |reply| reply.when(&held));
    let config = Gateway::config().workers(4).upstream("up", &up);
    let gateway = config.route("x.toml", &route("none", SHARED)).start().await;
    let first = gateway.get("/x").sent();
    up.wait_for(1).await;
    let others: Vec<_> = (0..200).map(|_| gateway.get("/x").sent()).collect();
    gate.open();
    assert_from(&first.await, "miss", 1);
    for other in others {
        assert_eq!(other.await.json()["data"]["n"], 1);
    }
    assert_eq!(up.total(), 1);
}

#[tokio::test]
async fn a_reply_is_made_to_its_end_though_whoever_asked_first_has_left() {
    let (up, gate) = (Upstream::start().await, Gate::new());
    let held = gate.clone();
    count(&up, "/it", move |reply| reply.when(&held));
    let gateway = with(&up, &route("none", SHARED)).await;
    let mut leader = gateway.connect().await;
    let head = format!("GET /x HTTP/1.1\r\nhost: {}\r\n\r\n", gateway.address);
    leader.write_all(head.as_bytes()).await.expect("it is written");
    up.wait_for(1).await;
    let follower = gateway.get("/x").sent();
    drop(leader);
    gateway.get("/none").await.assert_status(404);
    gate.open();
    assert_eq!(follower.await.json()["data"]["n"], 1);
    assert_from(&gateway.get("/x").await, "hit", 1);
    assert_eq!((up.total(), up.cancellations()), (1, 0));
}

#[tokio::test]
async fn a_reply_that_is_not_made_in_time_is_504() {
    let up = Upstream::start().await;
    up.on("GET", "/it", Reply::hang());
    let route = format!("deadline = \"200ms\"\n{}", route("none", SHARED));
    let gateway = with(&up, &route).await;
    gateway.get("/x").await.assert_error(504, "UPSTREAM_TIMEOUT");
}

#[tokio::test]
async fn a_reply_is_gone_once_a_tag_of_it_or_of_its_calls_is_revalidated() {
    let up = counting().await;
    let route = r#"
        session = "none"
        [get.input.query.id]
        type = "string"
        [get.calls.it]
        upstream = "up"
        path = "/it"
        cache = { ttl = "1h", scope = "shared", tags = ["of-call"] }
        [get.response]
        cache = { ttl = "1h", tags = ["own:{$query.id}", "said:{$it.n}"] }
        [post]
        revalidate = ["{$query.tag}"]
        [post.input.query.tag]
        type = "string"
        [post.calls.change]
        upstream = "up"
        method = "POST"
        path = "/change"
    "#;
    let gateway = with(&up, route).await;
    let revalidate = async |tag: &str| {
        gateway.poke(&format!("/x?tag={tag}")).await.assert_status(200);
    };
    gateway.get("/x?id=a").await.assert_header("frontdesk-cache", "miss");
    gateway.get("/x?id=a").await.assert_header("frontdesk-cache", "hit");
    for tag in ["own:a", "of-call"] {
        revalidate("own:b").await;
        gateway.get("/x?id=a").await.assert_header("frontdesk-cache", "hit");
        revalidate(tag).await;
        gateway.get("/x?id=a").await.assert_header("frontdesk-cache", "miss");
    }
}

#[tokio::test]
async fn an_upstream_may_say_how_long_a_reply_is_good() {
    let up = Upstream::start().await;
    count(&up, "/it", |reply| reply.header("cache-control", "max-age=30"));
    let gateway = with(&up, &route("none", r#"{ ttl = "upstream", scope = "shared" }"#)).await;
    assert_from(&gateway.get("/x").await, "miss", 1);
    gateway.advance(29);
    assert_from(&gateway.get("/x").await, "hit", 1);
    gateway.advance(1);
    assert_from(&gateway.get("/x").await, "miss", 2);
    let quiet = counting().await;
    let gateway = with(&quiet, &route("none", r#"{ ttl = "upstream", scope = "shared" }"#)).await;
    assert_from(&gateway.get("/x").await, "bypass", 1);
    assert_from(&gateway.get("/x").await, "bypass", 2);
}
