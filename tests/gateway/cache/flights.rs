//! One request for all who ask at once.

use futures_util::future::join_all;
use tokio::io::AsyncWriteExt;

use super::*;

/// An upstream whose answer waits for the gate.
async fn held(gate: &Gate) -> Upstream {
    let up = Upstream::start().await;
    let held = gate.clone();
    count(&up, "/it", move |reply| reply.when(&held));
    up
}

const SHARED: &str = r#"{ ttl = "30s", scope = "shared", stale_if_error = "1h" }"#;

#[tokio::test]
async fn a_thousand_requests_on_four_workers_are_one_request_to_the_upstream() {
    let gate = Gate::new();
    let up = held(&gate).await;
    let config = Gateway::config().workers(4).upstream_with("up", &up, "timeout = \"30s\"");
    let text = format!("deadline = \"30s\"\n{}", route(SHARED));
    let gateway = config.route("x.toml", &text).start().await;
    let asked = join_all((0..1000).map(|_| gateway.get("/x").sent()));
    let asked = tokio::spawn(asked);
    up.wait_for(1).await;
    // Those that come while it is open are hits; those before wait for the one.
    gate.open();
    for reply in asked.await.expect("replies") {
        reply.assert_data(200, json!({"n": 1}));
    }
    assert_eq!(up.total(), 1);
}

#[tokio::test]
async fn when_an_answer_is_over_one_request_fetches_another() {
    let up = counting().await;
    let config = Gateway::config().workers(4).upstream("up", &up);
    let gateway = config.route("x.toml", &route(SHARED)).start().await;
    assert_eq!(ask(&gateway).await, is("miss", 1));
    for n in 2..5 {
        gateway.advance(30);
        for reply in join_all((0..300).map(|_| gateway.get("/x").sent())).await {
            reply.assert_data(200, json!({ "n": n }));
        }
        assert_eq!(up.total(), n);
    }
}

#[tokio::test]
async fn the_one_request_goes_on_when_the_first_client_leaves() {
    let gate = Gate::new();
    let up = held(&gate).await;
    up.on("GET", "/other", Reply::hang());
    // The first asks for something else, too, which is cancelled when it leaves.
    let both = route(SHARED) + "[get.calls.other]\nupstream = \"up\"\npath = \"/other\"\n";
    let config = Gateway::config().upstream_with("up", &up, "timeout = \"30s\"");
    let config = config.route("both.toml", &both).route("x.toml", &route(SHARED));
    let gateway = config.start().await;
    let mut first = gateway.connect().await;
    let head = format!("GET /both HTTP/1.1\r\nhost: {}\r\n\r\n", gateway.address);
    first.write_all(head.as_bytes()).await.expect("it is written");
    up.wait_for(2).await;
    let second = gateway.get("/x").sent();
    drop(first);
    assert_eq!(up.cancelled().await.path(), "/other");
    gate.open();
    second.await.assert_data(200, json!({"n": 1}));
    assert_eq!(ask(&gateway).await, is("hit", 1));
    assert_eq!((up.count("GET /it"), up.cancellations()), (1, 1));
}

#[tokio::test]
async fn the_one_request_goes_on_when_the_first_client_has_waited_long_enough() {
    let gate = Gate::new();
    let up = held(&gate).await;
    let config = Gateway::config().upstream_with("up", &up, "timeout = \"30s\"");
    let config = config.route("short.toml", &format!("deadline = \"100ms\"\n{}", route(SHARED)));
    let gateway = config.route("x.toml", &route(SHARED)).start().await;
    gateway.get("/short").await.assert_error(504, "UPSTREAM_TIMEOUT");
    let patient = gateway.get("/x").sent();
    gate.open();
    patient.await.assert_data(200, json!({"n": 1}));
    assert_eq!(up.total(), 1);
}

#[tokio::test]
async fn a_call_with_less_patience_is_not_the_end_of_one_with_more() {
    let up = Upstream::start().await;
    up.on("GET", "/it", Reply::json(json!({"n": 2})));
    up.once("GET", "/it", Reply::hang());
    let config = Gateway::config().upstream_with("up", &up, "timeout = \"20s\"");
    let config = config.route("short.toml", &(route(SHARED) + "timeout = \"200ms\"\n"));
    let gateway = config.route("x.toml", &route(SHARED)).start().await;
    let short = gateway.get("/short").sent();
    up.wait_for(1).await;
    let patient = gateway.get("/x").sent();
    short.await.assert_error(504, "UPSTREAM_TIMEOUT");
    patient.await.assert_data(200, json!({"n": 2}));
    assert_eq!(up.total(), 2);
}

#[tokio::test]
async fn an_error_is_everybodys_who_waited_and_nobodys_who_asks_after_it() {
    let gate = Gate::new();
    let up = counting().await;
    up.once("GET", "/it", Reply::status(500).when(&gate));
    let gateway = with(&up, &route(SHARED)).await;
    let first = gateway.get("/x").sent();
    up.wait_for(1).await;
    let second = gateway.get("/x").sent();
    gate.open();
    first.await.assert_error(502, "UPSTREAM_ERROR");
    let second = second.await;
    assert!(second.status == 502 || said(&second).1 == json!(1), "{second:?}");
    assert_eq!(ask(&gateway).await.1, json!(1));
}

#[tokio::test]
async fn k10_requests_of_two_users_never_wait_for_one_answer() {
    let gate = Gate::new();
    let up = held(&gate).await;
    let text = route(r#"{ ttl = "30s" }"#).replace("\"none\"", "\"optional\"");
    let gateway = with(&up, &text).await;
    let all = [
        gateway.get("/x").user("u1").sent(),
        gateway.get("/x").user("u2").sent(),
        gateway.get("/x").sent(),
        gateway.get("/x").claims(json!({"sub": "u1", "roles": ["admin"]})).sent(),
    ];
    up.wait_for(4).await;
    gate.open();
    let mut numbers = Vec::new();
    for reply in all {
        numbers.push(said(&reply.await).1.to_string());
    }
    numbers.sort();
    assert_eq!(numbers, ["1", "2", "3", "4"]);
}

#[tokio::test]
async fn what_sets_a_cookie_is_not_handed_to_who_waits_for_it() {
    let gate = Gate::new();
    let up = Upstream::start().await;
    let held = gate.clone();
    count(&up, "/it", move |reply| reply.header("set-cookie", "id=secret").when(&held));
    let gateway = with(&up, &route(SHARED)).await;
    let (first, second) = (gateway.get("/x").sent(), gateway.get("/x").sent());
    up.wait_for(1).await;
    gate.open();
    let (first, second) = (said(&first.await).1, said(&second.await).1);
    assert_ne!(first, second);
    assert_eq!(up.total(), 2);
}

#[tokio::test]
async fn a_stop_waits_for_what_is_being_fetched() {
    let gate = Gate::new();
    let up = held(&gate).await;
    let config = Gateway::config().upstream_with("up", &up, "timeout = \"20s\"");
    let gateway = config.route("x.toml", &format!("deadline = \"100ms\"\n{}", route(SHARED)));
    let gateway = gateway.start().await;
    gateway.get("/x").await.assert_error(504, "UPSTREAM_TIMEOUT");
    let stopping = gateway.stopping();
    gate.open();
    stopping.await;
    assert_eq!((up.total(), up.cancellations()), (1, 0));
}
