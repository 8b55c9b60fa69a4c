//! Clients that take their time, and how much of it they get.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::harness::*;

const ROUTE: &str = r#"
    session = "none"
    [get.calls.found]
    upstream = "users"
    path = "/users"
    [post]
    max_body = "1KiB"
    [post.input.body]
    [post.calls.saved]
    upstream = "users"
    method = "POST"
    path = "/users"
    json = '$body'
"#;

async fn start(server: &str) -> (Upstream, Gateway) {
    let users = Upstream::start().await;
    users.on("GET", "/users", Reply::json(json!("found")));
    users.on("POST", "/users", Reply::json(json!("saved")));
    let config = Gateway::config().gateway(server).upstream("users", &users);
    (users, config.route("x.toml", ROUTE).start().await)
}

const GET: &str = "GET /x HTTP/1.1\r\nhost: a\r\n\r\n";
const LENGTH: &str =
    "POST /x HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n";
const CHUNKS: &str = "POST /x HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";

/// Sends this at once, and then this piece again and again; what comes back until the connection ends.
fn drip(gateway: &Gateway, at_once: &str, piece: &'static str) -> JoinHandle<Vec<RawReply>> {
    let (address, at_once) = (gateway.address, at_once.to_owned());
    tokio::spawn(async move {
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        stream.write_all(at_once.as_bytes()).await.expect("it is written");
        let (mut reading, mut writing) = stream.into_split();
        let dripping = async {
            while writing.write_all(piece.as_bytes()).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            std::future::pending::<()>().await;
        };
        let mut bytes = Vec::new();
        tokio::select! {
            () = dripping => {}
            // A reset behind the reply is an end, too.
            _ = reading.read_to_end(&mut bytes) => {}
        }
        parse_replies(&bytes, "")
    })
}

#[tokio::test]
async fn a_head_that_drips_is_cut() {
    let (users, gateway) = start("header_timeout = \"500ms\"\n").await;
    for at_once in ["GET /x HTTP/1.1\r\nhost: a\r\nx: ", "GET /", "\r\nGE"] {
        let replies = drip(&gateway, at_once, "a").await.expect("no panic");
        assert_eq!(replies.len(), 1, "{at_once:?}: {replies:?}");
        replies[0].assert_error(408, "REQUEST_TIMEOUT").assert_last();
    }
    // Headers that never end.
    let replies = drip(&gateway, "GET /x HTTP/1.1\r\n", "x: y\r\n").await.expect("no panic");
    replies[0].assert_error(408, "REQUEST_TIMEOUT").assert_last();
    assert_eq!(users.total(), 0);
    gateway.get("/x").await.assert_data(200, json!("found"));
}

#[tokio::test]
async fn a_body_that_drips_is_cut() {
    let (users, gateway) = start("body_timeout = \"500ms\"\n").await;
    for (head, piece) in [(LENGTH, " "), (CHUNKS, "1\r\n \r\n"), (CHUNKS, "0")] {
        let replies = drip(&gateway, head, piece).await.expect("no panic");
        assert_eq!(replies.len(), 1, "{head:?}: {replies:?}");
        let wanted = if piece == "0" { (400, "BAD_REQUEST") } else { (408, "REQUEST_TIMEOUT") };
        replies[0].assert_error(wanted.0, wanted.1).assert_last();
    }
    // One that stops.
    for text in [LENGTH.to_owned(), format!("{LENGTH}[1"), format!("{CHUNKS}2\r\n[")] {
        let replies = gateway.exchange(text, "").await;
        replies[0].assert_error(408, "REQUEST_TIMEOUT").assert_last();
    }
    assert_eq!(users.total(), 0);
    gateway.post("/x", json!([1])).await.assert_data(200, json!("saved"));
}

#[tokio::test]
async fn a_body_that_nobody_wants_is_not_waited_for() {
    let (_users, gateway) = start("").await;
    for head in [LENGTH.replace("/x", "/nothing"), LENGTH.replace("POST", "PUT")] {
        let mut stream = gateway.connect().await;
        stream.write_all(head.as_bytes()).await.expect("it is written");
        let reply = read_replies(&mut stream, "PUT").await.remove(0);
        assert!(matches!(reply.status, 404 | 405), "{reply:?}");
        reply.assert_last();
    }
}

#[tokio::test]
async fn many_slow_clients_keep_nobody_from_being_served() {
    let (users, gateway) = start("header_timeout = \"1500ms\"\nbody_timeout = \"1500ms\"\n").await;
    let slow: Vec<_> = (0..60)
        .map(|index| match index % 3 {
            0 => drip(&gateway, "GET /x HTTP/1.1\r\nhost: a\r\nx: ", "a"),
            1 => drip(&gateway, LENGTH, " "),
            _ => drip(&gateway, CHUNKS, "1\r\n \r\n"),
        })
        .collect();
    for _ in 0..20 {
        gateway.get("/x").await.assert_data(200, json!("found"));
        gateway.post("/x", json!([1])).await.assert_data(200, json!("saved"));
    }
    for one in slow {
        let replies = one.await.expect("no panic");
        assert_eq!(replies.len(), 1, "{replies:?}");
        replies[0].assert_error(408, "REQUEST_TIMEOUT").assert_last();
    }
    assert_eq!(users.total(), 40);
}

/// They may take all places, but not for longer than they are given.
#[tokio::test]
async fn slow_clients_that_take_all_places_lose_them() {
    let server = "header_timeout = \"600ms\"\nmax_connections = 8\n";
    let (_users, gateway) = start(server).await;
    let mut slow: Vec<_> =
        (0..8).map(|_| drip(&gateway, "GET /x HTTP/1.1\r\nhost: a\r\nx: ", "a")).collect();
    let mut silent = Vec::new();
    for _ in 0..8 {
        silent.push(gateway.connect().await);
    }

    // Behind them in the queue.
    gateway.get("/x").await.assert_data(200, json!("found"));

    for one in slow.drain(..) {
        let replies = one.await.expect("no panic");
        replies[0].assert_error(408, "REQUEST_TIMEOUT").assert_last();
    }
    for mut stream in silent {
        assert_eq!(read_until_closed(&mut stream, "").await.len(), 0);
    }
}

#[tokio::test]
async fn who_says_nothing_is_told_nothing() {
    let (_users, gateway) = start("header_timeout = \"100ms\"\n").await;
    for text in ["", "\r\n"] {
        assert_eq!(gateway.exchange(text, "").await.len(), 0);
    }
}

#[tokio::test]
async fn an_idle_connection_is_closed_and_has_its_own_time() {
    let server = "header_timeout = \"600ms\"\nkeep_alive = \"2s\"\n";
    let (users, gateway) = start(server).await;
    let mut stream = gateway.connect().await;
    for _ in 0..2 {
        stream.write_all(GET.as_bytes()).await.expect("it is written");
        assert_eq!(read_replies(&mut stream, "GET").await[0].status, 200);
        // Longer than a head may take, which has not begun.
        tokio::time::sleep(Duration::from_millis(700)).await;
    }
    assert_eq!(read_until_closed(&mut stream, "").await.len(), 0);
    assert_eq!(users.total(), 2);
}

#[tokio::test]
async fn an_idle_connection_does_not_get_the_time_of_a_head_too() {
    let (_users, gateway) = start("header_timeout = \"60s\"\nkeep_alive = \"200ms\"\n").await;
    // The head is there with the connection, or a while behind it.
    for wait in [0, 100] {
        let mut stream = gateway.connect().await;
        tokio::time::sleep(Duration::from_millis(wait)).await;
        stream.write_all(GET.as_bytes()).await.expect("it is written");
        assert_eq!(read_replies(&mut stream, "GET").await[0].status, 200);
        let closed = tokio::time::timeout(Duration::from_secs(20), stream.read(&mut [0])).await;
        assert_eq!(closed.expect("it is closed").expect("it ends well"), 0);
    }
}

#[tokio::test]
async fn a_head_has_its_own_time_from_its_first_byte_on() {
    let (_users, gateway) = start("header_timeout = \"300ms\"\nkeep_alive = \"60s\"\n").await;
    let mut stream = gateway.connect().await;
    stream.write_all(GET.as_bytes()).await.expect("it is written");
    assert_eq!(read_replies(&mut stream, "GET").await[0].status, 200);
    tokio::time::sleep(Duration::from_millis(500)).await;
    stream.write_all(b"GET /x").await.expect("it is written");
    let replies = read_until_closed(&mut stream, "").await;
    replies[0].assert_error(408, "REQUEST_TIMEOUT").assert_last();
}

#[tokio::test]
async fn a_request_on_its_way_is_nobodys_idle_time() {
    let gate = Gate::new();
    let server = "header_timeout = \"600ms\"\nkeep_alive = \"100ms\"\nbody_timeout = \"100ms\"\n";
    let (users, gateway) = start(server).await;
    users.once("GET", "/users", Reply::json(json!("slow")).when(&gate));
    let mut stream = gateway.connect().await;
    stream.write_all(GET.as_bytes()).await.expect("it is written");
    users.wait_for(1).await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    gate.open();
    assert_eq!(read_replies(&mut stream, "GET").await[0].body, r#"{"data":"slow"}"#);
}

#[tokio::test]
async fn without_keep_alive_each_reply_is_the_last() {
    let (users, gateway) = start("keep_alive = \"0s\"\n").await;
    let replies = gateway.exchange(GET.repeat(2), "GET").await;
    assert_eq!(replies.len(), 1, "{replies:?}");
    assert_eq!(replies[0].status, 200);
    replies[0].assert_last();
    assert_eq!(users.total(), 1);
}

#[tokio::test]
async fn a_connection_has_so_many_requests() {
    let (users, gateway) = start("max_requests_per_connection = 3\n").await;
    for _ in 0..2 {
        let replies = gateway.exchange(GET.repeat(5), "GET GET GET").await;
        let last: Vec<_> = replies.iter().map(|one| one.header("connection")).collect();
        assert_eq!(last, [None, None, Some("close")]);
    }
    assert_eq!(users.total(), 6);
}

#[tokio::test]
async fn nothing_is_read_behind_a_last_request_whose_reply_is_large() {
    let large = Reply::json(json!("a".repeat(4 << 20)));
    let (users, gateway) = start("").await;
    users.on("GET", "/users", large);
    let last = "GET /x HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    let mut stream = gateway.connect().await;
    stream.write_all(format!("{last}{GET}").as_bytes()).await.expect("it is written");
    users.wait_for(1).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let replies = read_until_closed(&mut stream, "GET").await;
    assert_eq!((replies.len(), users.total()), (1, 1));
}

const EXPECTS: &str = "content-type: application/json\r\nexpect: 100-continue\r\n";

#[tokio::test]
async fn a_body_that_would_be_refused_is_not_invited() {
    let (users, gateway) = start("").await;
    for (request, status, code) in [
        ("POST /x HTTP/1.1\r\ncontent-length: 5000", 413, "PAYLOAD_TOO_LARGE"),
        ("POST /nothing HTTP/1.1\r\ncontent-length: 50", 404, "NOT_FOUND"),
        ("PUT /x HTTP/1.1\r\ntransfer-encoding: chunked", 405, "METHOD_NOT_ALLOWED"),
    ] {
        let replies =
            gateway.exchange(format!("{request}\r\nhost: a\r\n{EXPECTS}\r\n"), "POST").await;
        assert_eq!(replies.len(), 1, "{request}: {replies:?}");
        replies[0].assert_error(status, code).assert_last();
    }
    assert_eq!(users.total(), 0);
}

#[tokio::test]
async fn who_waits_is_invited_and_who_does_not_is_not() {
    let (_users, gateway) = start("").await;
    let mut stream = gateway.connect().await;
    let length = format!("POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n{EXPECTS}\r\n");
    let chunks =
        format!("POST /x HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n{EXPECTS}\r\n");
    let empty = format!("POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n{EXPECTS}\r\n");
    for (head, body) in [(&length, "[1]"), (&chunks, "3\r\n[1]\r\n0\r\n\r\n"), (&length, "[2]")] {
        stream.write_all(head.as_bytes()).await.expect("it is written");
        let mut told = [0; 25];
        stream.read_exact(&mut told).await.expect("a line");
        assert_eq!(&told, b"HTTP/1.1 100 Continue\r\n\r\n");
        stream.write_all(body.as_bytes()).await.expect("it is written");
        assert_eq!(read_replies(&mut stream, "POST").await[0].body, r#"{"data":"saved"}"#);
    }
    // No body, or one that is there already; an expectation of another kind is none.
    stream.write_all(empty.as_bytes()).await.expect("it is written");
    assert_eq!(read_replies(&mut stream, "POST").await[0].status, 400);
    stream.write_all(format!("{length}[3]").as_bytes()).await.expect("it is written");
    assert_eq!(read_replies(&mut stream, "POST").await[0].status, 200);
    let other = length.replace("100-continue", "tea");
    stream.write_all(format!("{other}[4]").as_bytes()).await.expect("it is written");
    assert_eq!(read_replies(&mut stream, "POST").await[0].status, 200);
}

#[tokio::test]
async fn a_stop_does_not_wait_for_half_a_request_for_ever() {
    let (users, mut gateway) = start("header_timeout = \"800ms\"\n").await;
    let mut stream = gateway.connect().await;
    stream.write_all(b"GET /x HTTP/1.1\r\n").await.expect("it is written");
    gateway.get("/x").await.assert_status(200);

    gateway.begin_stop();

    let replies = read_until_closed(&mut stream, "").await;
    assert!(replies.iter().all(|reply| reply.status == 408), "{replies:?}");
    gateway.stop();
    assert_eq!(users.total(), 1);
}

#[tokio::test]
async fn the_admin_listener_is_as_impatient() {
    let (_users, gateway) = start("header_timeout = \"600ms\"\nmax_headers = 3\n").await;
    for (text, status, code) in [
        ("GET /healthz HTTP/1.1\r\nhost:", 408, "REQUEST_TIMEOUT"),
        (
            "GET /healthz HTTP/1.1\r\nhost: a\r\na: 1\r\nb: 2\r\nc: 3\r\n\r\n",
            431,
            "HEADERS_TOO_LARGE",
        ),
        ("GET /healthz HTTP/1.1\r\n\r\n", 400, "BAD_REQUEST"),
    ] {
        let mut stream = TcpStream::connect(gateway.admin).await.expect("a connection");
        stream.write_all(text.as_bytes()).await.expect("it is written");
        let replies = read_until_closed(&mut stream, "").await;
        assert_eq!(replies.len(), 1, "{text:?}: {replies:?}");
        replies[0].assert_error(status, code).assert_last();
    }
}
