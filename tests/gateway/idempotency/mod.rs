//! A change is made once for a key, and its reply is kept.

mod file;
mod keys;
mod redis;
mod refused;
mod replies;
mod requests;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::*;

/// An upstream that creates things, each with a number of its own.
async fn shop() -> Upstream {
    let up = Upstream::start().await;
    let count = std::sync::atomic::AtomicUsize::new(0);
    up.reply_with("POST", "/orders", move |_| {
        let id = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
        Reply::json(json!({ "id": id })).with_status(201)
    });
    up
}

const ORDER: &str = r#"
    [post]
    idempotency = "optional"
    input.body = { type = "object", additional = "keep" }
    calls.order = { upstream = "up", method = "POST", path = "/orders", json = '$body' }
    response.status = 201
    response.headers.location = "/orders/{$order.id}"
"#;

trait Keyed {
    fn key(self, key: &str) -> Self;
}

impl Keyed for Request {
    fn key(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }
}

/// [`ORDER`] at an endpoint that keeps a reply no longer than its request may take.
fn short() -> String {
    ORDER.replace("[post]", "[post]\ndeadline = \"30s\"\nidempotency_keep = \"30s\"")
}

fn order(gateway: &Gateway, key: &str) -> Request {
    gateway.post("/x", json!({"sku": 1})).key(key)
}

/// The same as [`order`]; its client leaves when the connection is dropped.
async fn order_and_leave(gateway: &Gateway, key: &str) -> TcpStream {
    let mut connection = gateway.connect().await;
    let head = format!(
        "POST /x HTTP/1.1\r\nhost: {}\r\nidempotency-key: {key}\r\ncontent-type: application/json\r\n\
         content-length: 9\r\n\r\n{{\"sku\":1}}",
        gateway.address
    );
    connection.write_all(head.as_bytes()).await.expect("it is written");
    connection
}

#[track_caller]
fn assert_replay(reply: &Answer, first: &Answer) {
    assert_eq!((reply.status, &reply.body), (first.status, &first.body));
    reply.assert_header("idempotency-replayed", "true");
    first.assert_no_header("idempotency-replayed");
    // What is kept does not become another reply by waiting.
    reply.assert_no_header("retry-after");
    assert_ne!(reply.header("x-request-id"), first.header("x-request-id"));
    let own = |reply: &Answer| {
        let mut headers = reply.headers.clone();
        for name in ["idempotency-replayed", "x-request-id", "date", "retry-after"] {
            headers.remove(name);
        }
        headers
    };
    assert_eq!(own(reply), own(first));
}
