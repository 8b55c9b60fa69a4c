use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::{Gate, Reply, Then, Upstream};

/// Sends these bytes over a new connection, and gives all that comes back until it ends.
async fn exchange(upstream: &Upstream, bytes: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(upstream.address()).await?;
    stream.write_all(bytes.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

async fn json_of(url: String) -> Value {
    reqwest::get(url).await.unwrap().text().await.unwrap().parse().unwrap()
}

#[tokio::test]
async fn the_newest_route_answers_and_limited_ones_take_turns() {
    let upstream = Upstream::start().await;
    upstream.on("GET", "/x/{any}", Reply::json(0));
    upstream.once("GET", "/x/1", Reply::json(1));
    upstream.once("GET", "/x/1", Reply::json(2));
    let url = upstream.url() + "/x/1";
    assert_eq!(json_of(url.clone()).await, 1);
    assert_eq!(json_of(url.clone()).await, 2);
    assert_eq!(json_of(url.clone()).await, 0);
    upstream.on("*", "/x/*", Reply::json(3));
    assert_eq!(json_of(url.clone()).await, 3);
    assert_eq!(reqwest::get(upstream.url() + "/y").await.unwrap().status(), 404);
    assert_eq!((upstream.count("GET /x/1"), upstream.total()), (4, 5));
}

#[tokio::test]
async fn a_request_is_kept_as_it_came() {
    let upstream = Upstream::start().await;
    upstream.reply_with("POST", "/**", |request| Reply::text(request.text()));
    let head = "POST /a%2Fb/../c?x=1&x=%32+3 HTTP/1.1\r\nhOst: u\r\nX-Key: a\r\nx-key:  b\r\n\
                transfer-encoding: chunked\r\nconnection: close\r\n\r\n";
    let answer = exchange(&upstream, &format!("{head}3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n")).await;
    assert!(answer.unwrap().ends_with("\r\ncontent-length: 5\r\n\r\nabcde"));

    let request = &upstream.requests()[0];
    assert_eq!(request.head, head.as_bytes());
    assert_eq!((request.path(), request.query()), ("/a%2Fb/../c", Some("x=1&x=%32+3")));
    assert_eq!(request.segments(), ["a/b", "..", "c"]);
    assert_eq!(request.query_value("x").unwrap(), "1");
    assert_eq!(request.query_pairs()[1].1, "2 3");
    assert_eq!(request.header_values("X-KEY"), ["a", "b"]);
    assert_eq!(request.headers[0].0, "hOst");
}

#[tokio::test]
async fn connections_are_kept_alive() {
    let upstream = Upstream::start().await;
    upstream.on("GET", "/", Reply::json(json!({"a": 1})));
    let client = reqwest::Client::new();
    for _ in 0..3 {
        client.get(upstream.url()).send().await.unwrap().bytes().await.unwrap();
    }
    assert_eq!(upstream.connections(), 1);
    let of_each: Vec<_> = upstream.requests().iter().map(|r| (r.connection, r.nth)).collect();
    assert_eq!(of_each, [(1, 1), (1, 2), (1, 3)]);
}

#[tokio::test]
async fn a_gate_holds_replies_back() {
    let upstream = Upstream::start().await;
    let gate = Gate::new();
    upstream.on("GET", "/slow", Reply::json(1).when(&gate));
    let request = tokio::spawn(reqwest::get(upstream.url() + "/slow"));
    upstream.wait_for(1).await;
    assert!(!request.is_finished());
    gate.open();
    assert_eq!(request.await.unwrap().unwrap().status(), 200);
    assert_eq!(upstream.cancellations(), 0);
}

#[tokio::test]
async fn a_client_that_leaves_is_noticed() {
    let upstream = Upstream::start().await;
    upstream.on("GET", "/slow", Reply::hang());
    let request = tokio::spawn(reqwest::get(upstream.url() + "/slow"));
    upstream.wait_for(1).await;
    request.abort();
    assert_eq!(upstream.cancelled().await.path(), "/slow");
    upstream.wait_for_cancelled(1).await;
}

#[tokio::test]
async fn a_reply_is_as_broken_as_it_says() {
    let upstream = Upstream::start().await;
    let get = "GET / HTTP/1.1\r\n\r\n";
    upstream.once("GET", "/", Reply::raw("hello", Then::Close));
    assert_eq!(exchange(&upstream, get).await.unwrap(), "hello");
    upstream.once("GET", "/", Reply::close());
    assert_eq!(exchange(&upstream, get).await.unwrap(), "");
    upstream.once("GET", "/", Reply::reset());
    let error = exchange(&upstream, get).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    upstream.once("GET", "/", Reply::text("abcdef").truncated());
    let answer = exchange(&upstream, get).await.unwrap();
    assert!(answer.ends_with("content-length: 6\r\n\r\nabc"), "{answer}");
    upstream.once("GET", "/", Reply::text("abc").content_length(2).then(Then::Close));
    let answer = exchange(&upstream, get).await.unwrap();
    assert!(answer.ends_with("content-length: 2\r\n\r\nabc"), "{answer}");
    let drip = Duration::from_millis(1);
    upstream.once("GET", "/", Reply::text("abc").chunked(2).drip(drip).then(Then::Close));
    let answer = exchange(&upstream, get).await.unwrap();
    assert!(answer.ends_with("chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"), "{answer}");
}

#[tokio::test]
async fn what_is_no_request_is_400() {
    let upstream = Upstream::start().await;
    let answer = exchange(&upstream, "nonsense\r\n\r\n").await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert_eq!(upstream.total(), 0);
}

#[tokio::test]
async fn head_has_no_body_and_204_no_length() {
    let upstream = Upstream::start().await;
    upstream.on("HEAD", "/", Reply::text("abc"));
    upstream.on("GET", "/", Reply::status(204));
    let answer = exchange(&upstream, "HEAD / HTTP/1.1\r\nconnection: close\r\n\r\n").await.unwrap();
    assert!(answer.ends_with("content-length: 3\r\n\r\n"), "{answer}");
    let answer = exchange(&upstream, "GET / HTTP/1.1\r\nconnection: close\r\n\r\n").await.unwrap();
    assert_eq!(answer, "HTTP/1.1 204 No Content\r\n\r\n");
}

#[tokio::test]
async fn dropping_it_ends_its_connections() {
    let upstream = Upstream::start().await;
    upstream.on("GET", "/", Reply::hang());
    let request = tokio::spawn(reqwest::get(upstream.url()));
    upstream.wait_for(1).await;
    let address = upstream.address();
    drop(upstream);
    assert!(request.await.unwrap().is_err());
    Upstream::start_at(address).await.unwrap();
}
