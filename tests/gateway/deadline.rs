//! Timeouts, the deadline of a request, and clients that leave.

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::harness::*;

async fn hanging() -> Upstream {
    let up = Upstream::start().await;
    up.on("*", "/hang/**", Reply::hang());
    up.on("*", "/ok/**", Reply::json(json!("ok")));
    up
}

/// A request whose client leaves when the connection is dropped.
async fn asking(gateway: &Gateway, method: &str) -> TcpStream {
    let mut connection = gateway.connect().await;
    let head =
        format!("{method} /x HTTP/1.1\r\nhost: {}\r\ncontent-length: 0\r\n\r\n", gateway.address);
    connection.write_all(head.as_bytes()).await.expect("it is written");
    connection
}

#[tokio::test]
async fn a_call_that_is_too_slow_is_504_and_cancelled() {
    let up = hanging().await;
    let route = r#"get.calls.it = { upstream = "up", path = "/hang/1", timeout = "100ms" }"#;
    let gateway = serving(&up, route).await;

    gateway.get("/x").await.assert_error(504, "UPSTREAM_TIMEOUT");
    up.cancelled().await;
}

#[tokio::test]
async fn the_timeout_is_the_upstreams_where_the_call_says_none() {
    let up = hanging().await;
    let gateway = Gateway::config()
        .upstream_with("up", &up, "timeout = \"100ms\"")
        .open_route("x.toml", r#"get.calls.it = { upstream = "up", path = "/hang/1" }"#)
        .start()
        .await;

    gateway.get("/x").await.assert_error(504, "UPSTREAM_TIMEOUT");
}

#[tokio::test]
async fn a_body_that_drips_counts_against_the_timeout() {
    let up = Upstream::start().await;
    let drip = std::time::Duration::from_millis(20);
    up.on("GET", "/drip", Reply::json(json!("x".repeat(1000))).drip(drip));
    let route = r#"get.calls.it = { upstream = "up", path = "/drip", timeout = "200ms" }"#;
    let gateway = serving(&up, route).await;

    gateway.get("/x").await.assert_error(504, "UPSTREAM_TIMEOUT");
    up.cancelled().await;
}

#[tokio::test]
async fn an_optional_call_that_is_too_slow_is_cancelled_while_the_request_goes_on() {
    let (up, gate) = (hanging().await, Gate::new());
    up.on("GET", "/gated", Reply::json(json!(2)).when(&gate));
    let route = r#"
        get.calls.slow = { upstream = "up", path = "/hang/1", timeout = "100ms", fallback = 0 }
        get.calls.gated = { upstream = "up", path = "/gated" }
    "#;
    let gateway = serving(&up, route).await;

    let reply = gateway.get("/x").sent();
    assert_eq!(up.cancelled().await.path(), "/hang/1");
    gate.open();

    let partial = json!({"partial": [{"call": "slow", "code": "UPSTREAM_TIMEOUT"}]});
    reply.await.assert_json(200, json!({"data": {"slow": 0, "gated": 2}, "meta": partial}));
}

#[tokio::test]
async fn a_request_that_two_calls_share_lives_as_long_as_one_of_them_waits() {
    let (up, gate) = (Upstream::start().await, Gate::new());
    up.on("GET", "/it", Reply::json(json!("it")).when(&gate));
    up.on("GET", "/hang", Reply::hang());
    let route = r#"
        get.calls.hasty = { upstream = "up", path = "/it", timeout = "100ms", fallback = 0 }
        get.calls.patient = { upstream = "up", path = "/it" }
        get.calls.mark = { upstream = "up", path = "/hang", timeout = "200ms", fallback = 0, when = "$hasty == 0" }
    "#;
    let gateway = serving(&up, route).await;

    let reply = gateway.get("/x").sent();
    // When this one is given up, the hasty one was before.
    up.cancelled().await;
    gate.open();

    assert_eq!(reply.await.json()["data"], json!({"hasty": 0, "patient": "it", "mark": 0}));
    assert_eq!((up.count("GET /it"), up.cancellations()), (1, 1));
}

#[tokio::test]
async fn at_the_deadline_a_required_call_that_is_open_is_504() {
    let up = hanging().await;
    let route = r#"
        deadline = "200ms"
        get.calls.ok = { upstream = "up", path = "/ok/1" }
        get.calls.it = { upstream = "up", path = "/hang/1", timeout = "20s" }
        get.calls.next = { upstream = "up", path = "/ok/2", query = { it = "{$it}" } }
    "#;
    let gateway = serving(&up, route).await;

    gateway.get("/x").await.assert_error(504, "UPSTREAM_TIMEOUT");
    assert_eq!(up.cancelled().await.path(), "/hang/1");
    assert_eq!(up.total(), 2);
}

#[tokio::test]
async fn at_the_deadline_optional_calls_that_are_open_make_a_partial_reply() {
    let up = hanging().await;
    let route = r#"
        deadline = "200ms"
        get.calls.ok = { upstream = "up", path = "/ok/1" }
        get.calls.it = { upstream = "up", path = "/hang/1", timeout = "20s", fallback = 7 }
        get.calls.next = { upstream = "up", path = "/ok/2", query = { it = "{$it}" }, optional = true }
    "#;
    let gateway = serving(&up, route).await;

    let reply = gateway.get("/x").await;

    reply.assert_header("frontdesk-partial", "it, next");
    assert_eq!(reply.json()["data"], json!({"ok": "ok", "it": 7, "next": null}), "{reply:?}");
    up.cancelled().await;
    assert_eq!(up.total(), 2);
}

#[tokio::test]
async fn what_allow_reads_and_is_open_at_the_deadline_is_no_yes() {
    let up = hanging().await;
    let route = r#"
        deadline = "200ms"
        [get]
        allow = "$owner == null"
        calls.owner = { upstream = "up", path = "/hang/1", optional = true, timeout = "20s" }
        calls.it = { upstream = "up", path = "/ok/1" }
    "#;
    let gateway = serving(&up, route).await;

    gateway.get("/x").await.assert_error(504, "UPSTREAM_TIMEOUT");
}

#[tokio::test]
async fn a_change_that_was_sent_survives_the_deadline_and_the_gateway_waits_for_it() {
    let (up, gate) = (Upstream::start().await, Gate::new());
    up.on("POST", "/change", Reply::json(json!(1)).when(&gate));
    let route = r#"
        deadline = "200ms"
        post.calls.change = { upstream = "up", method = "POST", path = "/change", timeout = "20s" }
        post.calls.later = { upstream = "up", method = "POST", path = "/later", needs = ["change"] }
    "#;
    let gateway = serving(&up, route).await;

    gateway.poke("/x").await.assert_error(504, "UPSTREAM_TIMEOUT");
    let stopping = gateway.stopping();
    gate.open();
    stopping.await;

    assert_eq!((up.total(), up.cancellations()), (1, 0));
}

#[tokio::test]
async fn a_change_that_is_too_slow_is_given_up() {
    let up = hanging().await;
    let route = r#"post.calls.it = { upstream = "up", method = "POST", path = "/hang/1", timeout = "100ms" }"#;
    let gateway = serving(&up, route).await;

    gateway.poke("/x").await.assert_error(504, "UPSTREAM_TIMEOUT");
    up.cancelled().await;
    assert_eq!(up.total(), 1);
}

#[tokio::test]
async fn a_client_that_leaves_cancels_its_reads() {
    let up = hanging().await;
    let route = r#"
        get.calls.a = { upstream = "up", path = "/hang/1", timeout = "20s" }
        get.calls.b = { upstream = "up", path = "/hang/2", timeout = "20s" }
    "#;
    let gateway = serving(&up, route).await;

    let client = asking(&gateway, "GET").await;
    up.wait_for(2).await;
    drop(client);

    up.wait_for_cancelled(2).await;
}

#[tokio::test]
async fn a_client_that_leaves_before_a_change_is_sent_stops_it() {
    let (up, gate) = (Upstream::start().await, Gate::new());
    up.on("GET", "/read", Reply::json(json!(1)).when(&gate));
    let route = r#"
        post.calls.read = { upstream = "up", path = "/read", timeout = "20s" }
        post.calls.change = { upstream = "up", method = "POST", path = "/change/{$read}" }
    "#;
    let gateway = serving(&up, route).await;

    let client = asking(&gateway, "POST").await;
    up.wait_for(1).await;
    drop(client);
    up.cancelled().await;
    gate.open();

    gateway.stopping().await;
    assert_eq!(up.total(), 1);
}

const ORDERED: &str = r#"
    post.calls.first = { upstream = "up", method = "POST", path = "/first", timeout = "20s" }
    post.calls.read = { upstream = "up", path = "/read", needs = ["first"] }
    post.calls.second = { upstream = "up", method = "POST", path = "/second", json = "{first: $first, read: $read}" }
"#;

#[tokio::test]
async fn once_a_change_was_sent_the_request_runs_to_its_end_without_its_client() {
    let (up, gate) = (Upstream::start().await, Gate::new());
    up.on("POST", "/first", Reply::json(json!(1)).when(&gate));
    up.on("GET", "/read", Reply::json(json!(2)));
    up.on("POST", "/second", Reply::json(json!(3)));
    let gateway = serving(&up, ORDERED).await;

    let client = asking(&gateway, "POST").await;
    up.wait_for(1).await;
    drop(client);
    // The gateway answers others; it may well have noticed by then.
    gateway.get("/x").await.assert_error(405, "METHOD_NOT_ALLOWED");
    gate.open();

    let requests = up.wait_for(3).await;
    assert_eq!(requests[2].json(), json!({"first": 1, "read": 2}));
    gateway.stopping().await;
    assert_eq!(up.cancellations(), 0);
}

#[tokio::test]
async fn it_does_so_while_the_gateway_stops_too() {
    let (up, gate) = (Upstream::start().await, Gate::new());
    up.on("POST", "/first", Reply::json(json!(1)).when(&gate));
    up.on("GET", "/read", Reply::json(json!(2)));
    up.on("POST", "/second", Reply::json(json!(3)));
    let mut gateway = serving(&up, ORDERED).await;

    let client = asking(&gateway, "POST").await;
    up.wait_for(1).await;
    gateway.begin_stop();
    drop(client);
    let stopping = gateway.stopping();
    gate.open();
    stopping.await;

    assert_eq!((up.total(), up.cancellations()), (3, 0));
}

#[tokio::test]
async fn requests_in_flight_are_answered_while_the_gateway_stops() {
    let (up, gate) = (Upstream::start().await, Gate::new());
    up.on("GET", "/a", Reply::json(json!(1)).when(&gate));
    up.on("GET", "/b/1", Reply::json(json!(2)));
    let route = r#"
        get.calls.a = { upstream = "up", path = "/a" }
        get.calls.b = { upstream = "up", path = "/b/{$a}" }
    "#;
    let mut gateway = serving(&up, route).await;

    let reply = gateway.get("/x").sent();
    up.wait_for(1).await;
    gateway.begin_stop();
    let stopping = gateway.stopping();
    gate.open();

    reply.await.assert_data(200, json!({"a": 1, "b": 2}));
    stopping.await;
}
