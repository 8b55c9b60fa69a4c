//! Where a request ends, byte by byte: what could be read in two ways is answered with 400, and the connection is closed.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::harness::*;

const ROUTE: &str = r#"
    session = "none"
    [get.calls.found]
    upstream = "users"
    path = "/users"
    [post.input.body]
    [post.calls.saved]
    upstream = "users"
    method = "POST"
    path = "/users"
    json = '$body'
"#;

async fn start() -> (Upstream, Gateway) {
    let users = Upstream::start().await;
    users.on("GET", "/users", Reply::json(json!("found")));
    users.on("POST", "/users", Reply::json(json!("saved")));
    let gateway = Gateway::config().upstream("users", &users).route("x.toml", ROUTE).start().await;
    (users, gateway)
}

/// What an attacker hopes is executed. Nothing of it ever is.
const BEHIND: &str = "GET /x HTTP/1.1\r\nhost: a\r\nx-smuggled: 1\r\n\r\n";

/// Each is answered once, with this error, the connection ends, and neither it nor what is behind it is executed.
async fn assert_refused(status: u16, code: &str, requests: impl IntoIterator<Item = String>) {
    let (users, gateway) = start().await;
    for request in requests {
        let shown: String = request.chars().take(200).collect();
        let replies = gateway.exchange(format!("{request}{BEHIND}"), "").await;
        assert_eq!(replies.len(), 1, "{shown:?}: {replies:?}");
        assert_eq!(replies[0].status, status, "{shown:?}: {replies:?}");
        replies[0].assert_error(status, code).assert_last();
    }
    assert_eq!(users.total(), 0);
    gateway.get("/x").await.assert_data(200, json!("found"));
}

/// A POST with these headers and this body.
fn post(headers: &str, body: &str) -> String {
    format!(
        "POST /x HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n{headers}\r\n\r\n{body}"
    )
}

fn chunked(body: &str) -> String {
    post("transfer-encoding: chunked", body)
}

fn get(headers: &str) -> String {
    format!("GET /x HTTP/1.1\r\nhost: a\r\n{headers}\r\n\r\n")
}

#[tokio::test]
async fn f1_a_length_and_a_transfer_coding_are_refused() {
    let requests = [
        "content-length: 5\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ncontent-length: 5",
        "Transfer-Encoding: Chunked\r\nContent-Length: 0",
        "content-length: 5\r\nx: y\r\ntransfer-encoding: chunked",
        "content-length: 5\r\nconnection: content-length\r\ntransfer-encoding: chunked",
    ];
    assert_refused(400, "BAD_REQUEST", requests.map(|headers| post(headers, "0\r\n\r\n"))).await;
}

#[tokio::test]
async fn f2_a_transfer_coding_is_chunked_and_stands_once() {
    let requests = [
        "transfer-encoding: chunked, identity",
        "transfer-encoding: identity, chunked",
        "transfer-encoding: identity",
        "transfer-encoding: xchunked",
        "transfer-encoding: chunkedx",
        "transfer-encoding: chunked;q=1",
        "transfer-encoding: \"chunked\"",
        "transfer-encoding: gzip",
        "transfer-encoding: gzip, chunked",
        "transfer-encoding: chunked,",
        "transfer-encoding: ,chunked",
        "transfer-encoding: chunked, chunked",
        "transfer-encoding:",
        "transfer-encoding : chunked",
        "transfer-encoding\t: chunked",
        " transfer-encoding: chunked",
        "transfer-encoding:  chunked",
        "transfer-encoding:\tchunked",
        "transfer-encoding: chunked ",
        "transfer-encoding: chunked\t",
        "transfer-encoding: \x0bchunked",
        "transfer-encoding: chunked\x0c",
        "transfer-encoding:\r\n chunked",
        "x: y\r\n transfer-encoding: chunked",
        "transfer-encoding: chunked\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\nTransfer-Encoding: identity",
        "transfer-encoding: identity\r\ntransfer-encoding: chunked",
    ];
    assert_refused(400, "BAD_REQUEST", requests.map(|headers| post(headers, "0\r\n\r\n"))).await;
    let old = "POST /x HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n".to_owned();
    assert_refused(400, "BAD_REQUEST", [old]).await;
}

#[tokio::test]
async fn f2_what_frames_a_body_is_no_trailer() {
    let requests = [
        "1\r\n1\r\n0\r\ntransfer-encoding: chunked\r\n\r\n",
        "1\r\n1\r\n0\r\nTransfer-Encoding: identity\r\n\r\n",
        "1\r\n1\r\n0\r\nx: y\r\ncontent-length: 50\r\n\r\n",
        "1\r\n1\r\n0\r\nhost: b\r\n\r\n",
        "1\r\n1\r\n0\r\nno trailer\r\n\r\n",
        "1\r\n1\r\n0\r\n: none\r\n\r\n",
        "1\r\n1\r\n0\r\nx : y\r\n\r\n",
        "1\r\n1\r\n0\r\n x: y\r\n\r\n",
    ];
    assert_refused(400, "BAD_REQUEST", requests.map(chunked)).await;

    // Others mean nothing, and what is behind them is a request.
    let (users, gateway) = start().await;
    let last = "GET /x HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    let sent = chunked("1\r\n1\r\n0\r\nx-user-id: evil\r\nx-checksum: 1\r\n\r\n") + last;
    let replies = gateway.exchange(sent, "POST GET").await;
    let bodies: Vec<_> = replies.iter().map(|reply| reply.body.as_str()).collect();
    assert_eq!(bodies, [r#"{"data":"saved"}"#, r#"{"data":"found"}"#]);
    assert!(users.requests().iter().all(|one| one.header("x-user-id").is_none()));
}

#[tokio::test]
async fn f3_a_length_is_one_number() {
    let requests = [
        "content-length: 1\r\ncontent-length: 1",
        "content-length: 1\r\nContent-Length: 2",
        "content-length: 1, 1",
        "content-length: 1,",
        "content-length: 1;1",
        "content-length: +1",
        "content-length: -1",
        "content-length: -0",
        "content-length: 0x1",
        "content-length: 1e0",
        "content-length: 1.0",
        "content-length: 1_0",
        "content-length: 1 1",
        "content-length:  1",
        "content-length: 1 ",
        "content-length:  1 ",
        "content-length:\t1",
        "content-length: \x0b1",
        "content-length: one",
        "content-length: \u{661}",
        "content-length: \"1\"",
        "content-length: 18446744073709551616",
        "content-length: 99999999999999999999999",
        "content-length:",
        "content-length : 1",
        " content-length: 1",
    ];
    assert_refused(400, "BAD_REQUEST", requests.map(|headers| post(headers, "1"))).await;
}

#[tokio::test]
async fn f4_a_line_ends_with_two_bytes_and_holds_no_others_of_their_kind() {
    let mut requests = vec![
        "GET /x HTTP/1.1\nhost: a\n\n".to_owned(),
        "GET /x HTTP/1.1\nhost: a\r\n\r\n".to_owned(),
        "GET /x HTTP/1.1\r\nhost: a\n\r\n".to_owned(),
        "GET /x HTTP/1.1\r\nhost: a\r\n\n".to_owned(),
        "\nGET /x HTTP/1.1\r\nhost: a\r\n\r\n".to_owned(),
        "GET /x HTTP/1.1\rhost: a\r\r".to_owned(),
        "GET /x\0 HTTP/1.1\r\nhost: a\r\n\r\n".to_owned(),
        "GET /x\t HTTP/1.1\r\nhost: a\r\n\r\n".to_owned(),
        "GET /x HTTP/1.1\r\n folded: first\r\nhost: a\r\n\r\n".to_owned(),
    ];
    let headers = [
        "name: nul\0",
        "name: cr\rlf",
        "name: cr\r\r\nx: y",
        "name: lf\nx: y",
        "name: bell\x07",
        "name: del\x7f",
        "name: folded\r\n over",
        "name: folded\r\n\tover",
        "name : blank",
        "name\t: tab",
        "na me: blank",
        "name\0: nul",
        "no colon",
        ": empty",
        "(name): x",
        "n\u{e9}: x",
    ];
    requests.extend(headers.map(get));
    assert_refused(400, "BAD_REQUEST", requests).await;
}

#[tokio::test]
async fn f5_there_is_one_host() {
    let requests = [
        "GET /x HTTP/1.1\r\n\r\n",
        "GET /x HTTP/1.1\r\nhost: a\r\nhost: a\r\n\r\n",
        "GET /x HTTP/1.1\r\nhost: a\r\nHost: b\r\n\r\n",
        "GET /x HTTP/1.0\r\nhost: a\r\nhost: b\r\n\r\n",
        "GET /x HTTP/1.1\r\nhost: a b\r\n\r\n",
        "GET /x HTTP/1.1\r\nhost: a, b\r\n\r\n",
        "GET /x HTTP/1.1\r\nhost: user@a\r\n\r\n",
        "GET /x HTTP/1.1\r\nhost: a/x\r\n\r\n",
        "GET http://b/x HTTP/1.1\r\nhost: a\r\n\r\n",
        "GET http://a/x HTTP/1.1\r\n\r\n",
    ];
    assert_refused(400, "BAD_REQUEST", requests.map(str::to_owned)).await;
}

#[tokio::test]
async fn f6_chunks_have_one_reading_and_little_beside_them() {
    let bomb = "a".repeat(9000);
    let requests = [
        "\r\n1\r\n0\r\n\r\n",
        "x\r\n1\r\n0\r\n\r\n",
        "-1\r\n1\r\n0\r\n\r\n",
        "+1\r\n1\r\n0\r\n\r\n",
        "0x1\r\n1\r\n0\r\n\r\n",
        " 1\r\n1\r\n0\r\n\r\n",
        "1 1\r\n1\r\n0\r\n\r\n",
        "1\n1\n0\n\n",
        "1\r\n12\r\n0\r\n\r\n",
        "1\r\n1\r0\r\n\r\n",
        "1;a\nb\r\n1\r\n0\r\n\r\n",
        "1;a\rb\r\n1\r\n0\r\n\r\n",
        "1;\0\r\n1\r\n0\r\n\r\n",
        "1\r\n1\r\n0\r\n\n",
        "fffffffffffffffff\r\n1\r\n0\r\n\r\n",
        "10000000000000001\r\n1\r\n0\r\n\r\n",
        &format!("1;{bomb}\r\n1\r\n0\r\n\r\n"),
        &format!("{}0\r\n\r\n", "1;abcdefgh\r\n1\r\n".repeat(2000)),
        &format!("1\r\n1\r\n0\r\n{}\r\n", "a: b\r\n".repeat(3000)),
        &format!("1{}\r\n1\r\n0\r\n\r\n", " ".repeat(9000)),
        &format!("{}1\r\n1\r\n0\r\n\r\n", "0".repeat(9000)),
    ];
    assert_refused(400, "BAD_REQUEST", requests.map(chunked)).await;
}

#[tokio::test]
async fn f7_nothing_behind_a_refused_request_is_executed() {
    let (users, gateway) = start().await;
    for refused in [
        "nonsense\r\n\r\n".to_owned(),
        get("bad header"),
        post("content-length: 5\r\ntransfer-encoding: chunked", "0\r\n\r\n"),
        get(&format!("large: {}", "a".repeat(40_000))),
        format!("GET /{} HTTP/1.1\r\nhost: a\r\n\r\n", "a".repeat(9000)),
    ] {
        // All at once, and behind the reply.
        let mut stream = gateway.connect().await;
        let sent = format!("{refused}{BEHIND}{BEHIND}");
        stream.write_all(sent.as_bytes()).await.expect("it is written");
        let _ = stream.write_all(BEHIND.as_bytes()).await;
        let replies = read_until_closed(&mut stream, "").await;
        assert_eq!(replies.len(), 1, "{replies:?}");
        replies[0].assert_last();
    }
    assert_eq!(users.total(), 0);
}

#[tokio::test]
async fn f8_a_head_has_so_many_headers_and_bytes_and_no_more() {
    let many = |count: usize| -> String {
        (0..count).map(|number| format!("x-{number}: a\r\n")).collect()
    };
    for most in [1, 5, 96, 97, 100, 128, 129, 300] {
        let server = format!("max_headers = {most}\n");
        let route = "session = \"none\"\n[get.input.headers.x-last]\n[get.response]\nshape = '$headers.\"x-last\"'";
        let gateway = Gateway::config().gateway(&server).route("x.toml", route).start().await;
        let ask = |count: usize| {
            let (others, last) = match count {
                0 | 1 => (String::new(), ""),
                _ => (many(count - 2), "x-last: seen\r\n"),
            };
            format!("GET /x HTTP/1.1\r\nhost: a\r\n{others}{last}\r\n")
        };
        let mut stream = gateway.connect().await;
        for _ in 0..2 {
            stream.write_all(ask(most).as_bytes()).await.expect("it is written");
            let reply = read_replies(&mut stream, "GET").await.remove(0);
            assert_eq!(reply.status, 200, "{most}: {reply:?}");
            let seen = if most == 1 { r#"{"data":null}"# } else { r#"{"data":"seen"}"# };
            assert_eq!(reply.body, seen, "{most}");
        }
        let over = gateway.exchange(ask(most.max(2) + 1), "GET").await;
        assert_eq!(over.len(), 1, "{most}: {over:?}");
        over[0].assert_error(431, "HEADERS_TOO_LARGE").assert_last();
    }
    let large = get(&format!("large: {}", "a".repeat(33_000)));
    let crowd = get(&many(30_000));
    let name = get(&format!("{}: x", "a".repeat(70_000)));
    assert_refused(431, "HEADERS_TOO_LARGE", [large, crowd, name]).await;
}

/// A body behind many headers is the body still.
#[tokio::test]
async fn f8_many_headers_do_not_hide_where_the_body_ends() {
    let (users, gateway) = start().await;
    let many: String = (0..95).map(|number| format!("x-{number}: a\r\n")).collect();
    for (framing, body) in
        [("content-length: 3", "[1]"), ("transfer-encoding: chunked", "3\r\n[1]\r\n0\r\n\r\n")]
    {
        let last = "GET /x HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
        let sent = post(&format!("{many}{framing}"), body) + last;
        let replies = gateway.exchange(sent, "POST GET").await;
        let bodies: Vec<_> = replies.iter().map(|reply| reply.body.as_str()).collect();
        assert_eq!(bodies, [r#"{"data":"saved"}"#, r#"{"data":"found"}"#], "{framing}");
    }
    assert_eq!(users.total(), 4);
}

#[tokio::test]
async fn f9_other_protocols_are_refused_at_once() {
    let (users, gateway) = start().await;
    for bytes in [
        // HTTP/2 with prior knowledge, in full and its first line alone.
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".as_slice(),
        b"PRI * HTTP/2.0\r\n\r\n",
        // TLS, of which no line ever ends.
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        // A proxy that announces its client.
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nGET /x HTTP/1.1\r\nhost: a\r\n\r\n",
        b"GET /x HTTP/2.0\r\nhost: a\r\n\r\n",
        b"GET /x HTTP/1.2\r\nhost: a\r\n\r\n",
        b"GET /x\r\n\r\n",
    ] {
        let shown = String::from_utf8_lossy(bytes).into_owned();
        let replies = gateway.exchange(bytes, "").await;
        assert_eq!(replies.len(), 1, "{shown:?}");
        replies[0].assert_error(400, "BAD_REQUEST").assert_last();
    }
    assert_eq!(users.total(), 0);
}

#[tokio::test]
async fn f9_an_upgrade_is_not_taken_up() {
    let (users, gateway) = start().await;
    let mut stream = gateway.connect().await;
    for upgrade in ["websocket", "h2c", "WebSocket, h2c"] {
        let headers = format!("connection: Upgrade, HTTP2-Settings\r\nupgrade: {upgrade}");
        let with_body = post(&format!("{headers}\r\ncontent-length: 3"), "[1]");
        stream.write_all((get(&headers) + &with_body).as_bytes()).await.expect("it is written");
        let replies = read_replies(&mut stream, "GET POST").await;
        assert_eq!(replies[0].body, r#"{"data":"found"}"#);
        assert_eq!(replies[1].body, r#"{"data":"saved"}"#);
        for reply in replies {
            assert_eq!((reply.header("connection"), reply.header("upgrade")), (None, None));
        }
    }
    assert_eq!(users.total(), 6);
}

#[tokio::test]
async fn f9_a_tunnel_is_not_built() {
    let (users, gateway) = start().await;
    let target = users.address();
    for body in ["", "content-length: 3\r\n"] {
        let sent = format!("CONNECT {target} HTTP/1.1\r\nhost: {target}\r\n{body}\r\n{BEHIND}");
        let mut stream = gateway.connect().await;
        stream.write_all(sent.as_bytes()).await.expect("it is written");
        stream.shutdown().await.expect("a socket");
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all).await;
        let text = String::from_utf8_lossy(&all);
        assert!(!text.contains(" 200 "), "{text}");
    }
    assert_eq!(users.count("GET /users"), 0);
}

#[tokio::test]
async fn a_head_request_that_is_refused_has_no_body_in_its_reply() {
    let (_users, gateway) = start().await;
    let head = "HEAD /x HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n";
    let replies = gateway.exchange(head, "HEAD").await;
    assert_eq!((replies.len(), replies[0].status), (1, 400));
    replies[0].assert_last();
}

#[tokio::test]
async fn why_a_request_is_refused_is_said() {
    let (_users, gateway) = start().await;
    for (request, said) in [
        ("GET /x HTTP/1.1\r\n\r\n", "There is no Host header."),
        ("GET /x HTTP/1.1\nhost: a\r\n\r\n", "A line does not end as it should."),
        ("GET /x HTTP/2.0\r\nhost: a\r\n\r\n", "HTTP/1.1 and HTTP/1.0 are spoken here."),
    ] {
        let replies = gateway.exchange(request, "").await;
        let body: Value = serde_json::from_str(&replies[0].body).expect("JSON");
        assert_eq!(body["error"]["message"], said);
    }
}

#[tokio::test]
async fn who_has_said_all_gets_the_refusal_too() {
    let (_users, gateway) = start().await;
    let mut stream = gateway.connect().await;
    stream.write_all(b"GET /x HTTP/1.1\r\n\r\n").await.expect("it is written");
    stream.shutdown().await.expect("a socket");
    let replies = read_until_closed(&mut stream, "").await;
    replies[0].assert_error(400, "BAD_REQUEST").assert_last();
}
