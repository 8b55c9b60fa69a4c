//! The admin listener.

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::harness::*;

const ROUTE: &str = r#"
    session = "none"
    [get.calls.found]
    upstream = "users"
    path = "/users"
"#;

async fn start() -> (Upstream, Gateway) {
    let users = Upstream::start().await;
    users.on("GET", "/users", Reply::json(json!(1)));
    let gateway = Gateway::config().upstream("users", &users).route("x.toml", ROUTE).start().await;
    (users, gateway)
}

#[tokio::test]
async fn health_and_readiness_are_asked_there() {
    let (users, gateway) = start().await;

    gateway.admin("/healthz").await.assert_json(200, json!({"status": "ok"}));
    gateway
        .admin("/readyz")
        .await
        .assert_json(200, json!({"status": "ready"}))
        .assert_header("cache-control", "no-store")
        .assert_header("x-content-type-options", "nosniff");
    assert_eq!(users.total(), 0);
}

#[tokio::test]
async fn it_offers_nothing_else() {
    let (_users, gateway) = start().await;

    for path in ["/", "/x", "/healthz/", "/metrics", "/readyz/x"] {
        let reply = gateway.admin(path).await;
        reply.assert_status(404);
        assert_eq!(reply.json()["error"]["code"], "NOT_FOUND", "{path}");
    }
    let host = gateway.admin;
    for request in ["POST /readyz", "DELETE /healthz"] {
        let mut stream = TcpStream::connect(host).await.expect("a connection");
        let text = format!("{request} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        stream.write_all(text.as_bytes()).await.expect("it is written");
        let replies = read_until_closed(&mut stream, "").await;
        assert_eq!(replies[0].status, 405, "{replies:?}");
        assert_eq!(replies[0].header("allow"), Some("GET, HEAD"));
    }
    // And the public listener does not offer what is offered here.
    gateway.get("/readyz").await.assert_error(404, "NOT_FOUND");
    gateway.get("/healthz").await.assert_error(404, "NOT_FOUND");
}

#[tokio::test]
async fn malformed_requests_and_head_are_answered_there_too() {
    let (_users, gateway) = start().await;
    for (text, methods, status) in [
        ("nonsense\r\n\r\n", "", 400),
        ("HEAD /nothing HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n", "HEAD", 404),
        ("HEAD /readyz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n", "HEAD", 200),
    ] {
        let mut stream = TcpStream::connect(gateway.admin).await.expect("a connection");
        stream.write_all(text.as_bytes()).await.expect("it is written");
        let replies = read_until_closed(&mut stream, methods).await;
        assert_eq!(replies.len(), 1, "{text}: {replies:?}");
        assert_eq!(replies[0].status, status, "{text}: {replies:?}");
    }
}

#[tokio::test]
async fn it_is_not_ready_while_it_drains() {
    let gate = Gate::new();
    let (users, mut gateway) = start().await;
    users.once("GET", "/users", Reply::json(json!("slow")).when(&gate));
    let mut waiting = gateway.connect().await;
    waiting.write_all(b"GET /x HTTP/1.1\r\nhost: a\r\n\r\n").await.expect("it is written");
    users.wait_for(1).await;

    gateway.begin_stop();
    while TcpStream::connect(gateway.address).await.is_ok() {
        tokio::task::yield_now().await;
    }

    let reply = gateway.admin("/readyz").await;
    reply.assert_status(503);
    assert_eq!(reply.json()["status"], "draining");
    gateway.admin("/healthz").await.assert_status(200);
    gate.open();
    assert_eq!(read_until_closed(&mut waiting, "GET").await[0].status, 200);
    gateway.stop();
}

#[tokio::test]
async fn it_answers_while_all_workers_are_taken() {
    let users = Upstream::start().await;
    users.on("GET", "/users", Reply::hang());
    let config = Gateway::config().gateway("max_connections = 1\nworkers = 1\n");
    let gateway = config.upstream("users", &users).route("x.toml", ROUTE).start().await;
    let mut waiting = gateway.connect().await;
    waiting.write_all(b"GET /x HTTP/1.1\r\nhost: a\r\n\r\n").await.expect("it is written");
    users.wait_for(1).await;

    gateway.admin("/readyz").await.assert_status(200);
}
