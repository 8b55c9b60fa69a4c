//! Whole replies that are one client's: neither kept nor handed to who waits for the same.

use super::{count, with};
use crate::harness::*;

/// A route with one call, more about which `call` says, and this cache of whole replies.
fn route(call: &str, cache: &str) -> String {
    format!(
        "session = \"none\"\n[get.calls.it]\nupstream = \"up\"\npath = \"/it\"\n{call}\n\
         [get.response]\ncache = {{ scope = \"shared\", {cache} }}\n"
    )
}

/// An upstream whose answers, each with a number of its own, have this status and header and wait for the gate.
async fn upstream(status: u16, (name, value): (&str, &str), gate: &Gate) -> Upstream {
    let up = Upstream::start().await;
    let (name, value, gate) = (name.to_owned(), value.to_owned(), gate.clone());
    count(&up, "/it", move |reply| reply.with_status(status).header(&name, &value).when(&gate));
    up
}

/// The number that the upstream gave, in a reply or in a fault's details.
fn number(reply: &Answer) -> Value {
    let body = reply.json();
    body.pointer("/data/n").or(body.pointer("/error/details/n")).expect("a number").clone()
}

const BODY: &str =
    r#"on_status.404 = { status = 404, code = "NOT_FOUND", details = '$error.body' }"#;

#[tokio::test]
async fn a_reply_that_is_for_one_is_not_handed_to_who_waits_for_it() {
    for (status, ttl, header, is_shared) in [
        (200, "upstream", ("cache-control", "no-store"), false),
        (200, "upstream", ("cache-control", "private, max-age=60"), false),
        (404, "upstream", ("cache-control", "private"), false),
        (200, "60s", ("set-cookie", "id=secret"), false),
        (404, "60s", ("set-cookie", "id=secret"), false),
        (200, "60s", ("vary", "*"), false),
        (200, "60s", ("cache-control", "no-store"), true),
        (404, "60s", ("cache-control", "no-store"), true),
        (200, "upstream", ("cache-control", "max-age=60"), true),
    ] {
        let gate = Gate::new();
        let up = upstream(status, header, &gate).await;
        let cache = format!("ttl = \"{ttl}\", negative_ttl = \"1h\"");
        let gateway = with(&up, &route(BODY, &cache)).await;
        let (first, second) = (gateway.get("/x").sent(), gateway.get("/x").sent());
        up.wait_for(1).await;
        gate.open();
        let (first, second) = (first.await, second.await);
        first.assert_status(status);
        second.assert_status(status);
        let is_one = number(&first) == number(&second);
        assert_eq!(is_one, is_shared, "{status} {ttl} {header:?}");
    }
}

#[tokio::test]
async fn an_answer_that_may_not_be_kept_makes_a_reply_that_is_not() {
    let kept = r#"cache = { ttl = "upstream" }"#;
    for (status, call, ttl, header, how) in [
        (200, "", "60s", ("vary", "*"), "bypass"),
        (200, "", "60s", ("vary", "x-request-id"), "bypass"),
        (200, "", "60s", ("vary", "accept"), "hit"),
        (404, "", "60s", ("set-cookie", "a=b"), "bypass"),
        (404, "", "60s", ("vary", "*"), "bypass"),
        (404, "", "upstream", ("cache-control", "no-store"), "bypass"),
        (404, "", "60s", ("cache-control", "no-store"), "hit"),
        // What each session may keep for itself is still not for all of them.
        (200, kept, "upstream", ("cache-control", "private, max-age=60"), "bypass"),
        (200, kept, "upstream", ("cache-control", "max-age=60"), "hit"),
        (200, kept, "60s", ("cache-control", "no-store"), "hit"),
        (200, r#"cache = { ttl = "60s" }"#, "upstream", ("cache-control", "no-store"), "hit"),
    ] {
        let gate = Gate::new();
        gate.open();
        let up = upstream(status, header, &gate).await;
        let cache = format!("ttl = \"{ttl}\", negative_ttl = \"1h\"");
        let gateway = with(&up, &route(&format!("{BODY}\n{call}"), &cache)).await;
        gateway.get("/x").await.assert_status(status);
        let second = gateway.get("/x").await;
        assert_eq!(second.header("frontdesk-cache"), Some(how), "{status} {call} {ttl} {header:?}");
    }
}

#[tokio::test]
async fn only_an_upstream_says_that_there_is_nothing() {
    let said = r#"on_status = { 503 = { status = 404, code = "HIDDEN" }, 403 = { status = 404, code = "HIDDEN" } }"#;
    for status in [503, 403] {
        let up = Upstream::start().await;
        up.on("GET", "/it", Reply::status(status));
        let gateway = with(&up, &route(said, "ttl = \"60s\", negative_ttl = \"1h\"")).await;
        for _ in 0..2 {
            let reply = gateway.get("/x").await;
            reply.assert_error(404, "HIDDEN").assert_header("frontdesk-cache", "bypass");
        }
        assert_eq!(up.total(), 2);
    }
}

#[tokio::test]
async fn an_error_of_an_upstream_is_excused_whatever_on_status_makes_of_it() {
    for call in
        [r#"on_status.503 = { status = 404, code = "HIDDEN" }"#, r#"on_status.429 = "pass""#]
    {
        let up = Upstream::start().await;
        count(&up, "/it", |reply| reply);
        let cache = "ttl = \"10s\", negative_ttl = \"1h\", stale_if_error = \"1h\"";
        let gateway = with(&up, &route(call, cache)).await;
        gateway.get("/x").await.assert_data(200, json!({"n": 1}));
        gateway.advance(10);
        let status = if call.contains("503") { 503 } else { 429 };
        up.on("GET", "/it", Reply::status(status));
        let excused = gateway.get("/x").await;
        excused.assert_data(200, json!({"n": 1})).assert_header("frontdesk-cache", "stale");
    }
}
