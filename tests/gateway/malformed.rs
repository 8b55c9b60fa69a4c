//! What is not a request, or not a good one, byte by byte.

use tokio::io::AsyncWriteExt;

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

/// Each is answered with this error, the connection ends, and no service hears of it.
async fn assert_refused(status: u16, code: &str, requests: &[&[u8]]) {
    let (users, gateway) = start().await;
    for request in requests {
        let shown = String::from_utf8_lossy(&request[..request.len().min(200)]).into_owned();
        let replies = gateway.exchange(request, "").await;
        assert_eq!(replies.len(), 1, "{shown:?}: {replies:?}");
        assert_eq!(replies[0].status, status, "{shown:?}: {replies:?}");
        replies[0].assert_error(status, code).assert_last();
    }
    assert_eq!(users.total(), 0);
    gateway.get("/x").await.assert_data(200, json!("found"));
}

#[tokio::test]
async fn a_request_line_must_be_one() {
    assert_refused(
        400,
        "BAD_REQUEST",
        &[
            b"nonsense\r\n\r\n",
            b"GET\r\n\r\n",
            b"GET /x\r\n\r\n",
            b"GET /x HTTP/1.1 x\r\nhost: a\r\n\r\n",
            b"GET  /x HTTP/1.1\r\nhost: a\r\n\r\n",
            b" GET /x HTTP/1.1\r\nhost: a\r\n\r\n",
            b"GET /x y HTTP/1.1\r\nhost: a\r\n\r\n",
            b"GET /x HTTP/2.0\r\nhost: a\r\n\r\n",
            b"GET /x HTTP/1.2\r\nhost: a\r\n\r\n",
            b"GET /x http/1.1\r\nhost: a\r\n\r\n",
            b"GET /x HTTP/1.1\rhost: a\r\r",
            b"G\x00T /x HTTP/1.1\r\nhost: a\r\n\r\n",
            b"G(T /x HTTP/1.1\r\nhost: a\r\n\r\n",
            b"GET /x\x00 HTTP/1.1\r\nhost: a\r\n\r\n",
            b"GET /x\x7f HTTP/1.1\r\nhost: a\r\n\r\n",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS client that is wrong here\r\n\r\n",
        ],
    )
    .await;
}

#[tokio::test]
async fn headers_must_be_headers() {
    assert_refused(
        400,
        "BAD_REQUEST",
        &[
            b"GET /x HTTP/1.1\r\nhost: a\r\nno colon\r\n\r\n",
            b"GET /x HTTP/1.1\r\nhost: a\r\n: empty\r\n\r\n",
            b"GET /x HTTP/1.1\r\nhost: a\r\nname : blank\r\n\r\n",
            b"GET /x HTTP/1.1\r\nhost: a\r\nna me: blank\r\n\r\n",
            b"GET /x HTTP/1.1\r\nhost: a\r\nn\xc3\xa9: x\r\n\r\n",
            b"GET /x HTTP/1.1\r\nhost: a\r\nname: nul\x00\r\n\r\n",
            b"GET /x HTTP/1.1\r\nhost: a\r\nname: cr\rlf\r\n\r\n",
            b"GET /x HTTP/1.1\r\nhost: a\r\nname: bell\x07\r\n\r\n",
            b"GET /x HTTP/1.1\r\nhost: a\r\nname: folded\r\n over\r\n\r\n",
            b"GET /x HTTP/1.1\r\n folded: first\r\nhost: a\r\n\r\n",
            b"GET /x HTTP/1.1\r\nhost: a\r\nX User Id: evil\r\n\r\n",
        ],
    )
    .await;
}

#[tokio::test]
async fn there_is_one_host() {
    assert_refused(
        400,
        "BAD_REQUEST",
        &[
            b"GET /x HTTP/1.1\r\n\r\n",
            b"GET /x HTTP/1.1\r\nhost: a\r\nhost: a\r\n\r\n",
            b"GET /x HTTP/1.1\r\nhost: a\r\nHost: b\r\n\r\n",
        ],
    )
    .await;
}

#[tokio::test]
async fn a_host_must_be_one_and_the_target_s_own() {
    let (users, gateway) = start().await;
    for (target, host, status) in [
        ("/x", "a b", 400),
        ("/x", "user@a", 400),
        ("/x", "a/b", 400),
        ("/x", "a,b", 400),
        ("/x", "evil.example", 200),
        ("/x", "[::1]:80", 200),
        ("http://a/x", "a", 200),
        ("http://a/x", "A", 200),
        ("http://a/x", "b", 400),
        ("http://user@a/x", "a", 400),
        ("http://a", "a", 404),
        ("a:80", "a:80", 400),
        ("*", "a", 400),
        ("x", "a", 400),
    ] {
        let head = format!("GET {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        let replies = gateway.exchange(head, "GET").await;
        assert_eq!(replies.len(), 1, "{target} {host}: {replies:?}");
        assert_eq!(replies[0].status, status, "{target} {host}: {replies:?}");
        if status == 400 {
            replies[0].assert_error(400, "BAD_REQUEST");
        }
    }
    // Never asked for by another name than its own.
    assert!(users.requests().iter().all(|one| users.url().ends_with(one.header("host").unwrap())));
}

#[tokio::test]
async fn where_a_body_ends_has_one_answer() {
    let with = |headers: &str| {
        format!(
            "POST /x HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n{headers}\r\n\r\n1"
        )
    };
    let requests: Vec<String> = [
        "content-length: 1\r\ncontent-length: 1",
        "content-length: 1\r\ncontent-length: 2",
        "content-length: 1, 1",
        "content-length: +1",
        "content-length: -1",
        "content-length: 0x1",
        "content-length: 1 1",
        "content-length: one",
        "content-length: 99999999999999999999999",
        "content-length:",
        "content-length: 1\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ncontent-length: 1",
        "transfer-encoding: chunked\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ntransfer-encoding: identity",
        "transfer-encoding: chunked, identity",
        "transfer-encoding: identity, chunked",
        "transfer-encoding: xchunked",
        "transfer-encoding: gzip",
        "transfer-encoding: identity",
        "transfer-encoding : chunked",
        "transfer-encoding: \x0bchunked",
        "transfer-encoding:\r\n chunked",
    ]
    .map(with)
    .to_vec();
    let requests: Vec<&[u8]> = requests.iter().map(String::as_bytes).collect();
    assert_refused(400, "BAD_REQUEST", &requests).await;
    let old: &[&[u8]] = &[
        b"POST /x HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n1\r\n1\r\n0\r\n\r\n",
        b"POST /x HTTP/1.0\r\n\r\n1",
    ];
    assert_refused(400, "BAD_REQUEST", old).await;
}

#[tokio::test]
async fn broken_chunks_are_one_error_and_the_end() {
    let with = |body: &str| {
        format!(
            "POST /x HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n{body}"
        )
    };
    let requests: Vec<String> = [
        "x\r\n1\r\n0\r\n\r\n",
        "\r\n1\r\n0\r\n\r\n",
        "-1\r\n1\r\n0\r\n\r\n",
        "0x1\r\n1\r\n0\r\n\r\n",
        "1 1\r\n1\r\n0\r\n\r\n",
        "1\n1\n0\n\n",
        "1\r\n12\r\n0\r\n\r\n",
        "1\r\n1\r0\r\n\r\n",
        "1;a\nb\r\n1\r\n0\r\n\r\n",
        "1;\x00\r\n1\r\n0\r\n\r\n",
        "fffffffffffffffff\r\n1\r\n0\r\n\r\n",
    ]
    .map(with)
    .to_vec();
    let requests: Vec<&[u8]> = requests.iter().map(String::as_bytes).collect();
    assert_refused(400, "BAD_REQUEST", &requests).await;
}

/// Whoever refuses a request without reading its body must not answer again when the body turns out to be broken.
#[tokio::test]
async fn a_broken_body_that_nobody_reads_is_not_answered_twice() {
    let (_users, gateway) = start().await;
    let mut stream = gateway.connect().await;
    let head = "POST /nothing HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";

    stream.write_all(head.as_bytes()).await.expect("it is written");
    stream.write_all(b"nonsense").await.expect("it is written");
    let replies = read_until_closed(&mut stream, "POST").await;

    assert_eq!(replies.len(), 1, "{replies:?}");
    replies[0].assert_error(404, "NOT_FOUND").assert_last();
}

#[tokio::test]
async fn a_target_may_be_so_long_and_no_longer() {
    let (users, gateway) = start().await;
    let ask = |length: usize| {
        let target = format!("/x?{}", "a".repeat(length - 3));
        format!("GET {target} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
    };

    let fits = gateway.exchange(ask(8192), "GET").await;
    assert_eq!(fits[0].status, 200, "{fits:?}");
    for length in [8193, 65_534, 65_535, 70_000, 400_000] {
        let replies = gateway.exchange(ask(length), "GET").await;
        assert_eq!(replies.len(), 1, "{length}: {replies:?}");
        replies[0].assert_error(414, "URI_TOO_LONG").assert_last();
    }
    // One that never ends.
    let mut stream = gateway.connect().await;
    let endless = format!("GET /{}", "a".repeat(10_000));
    stream.write_all(endless.as_bytes()).await.expect("it is written");
    let replies = read_until_closed(&mut stream, "").await;
    replies[0].assert_error(414, "URI_TOO_LONG").assert_last();
    assert_eq!(users.total(), 1);
}

#[tokio::test]
async fn a_head_may_be_so_large_and_no_larger() {
    let (users, gateway) = start().await;
    let ask =
        |headers: &str| format!("GET /x HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{headers}\r\n");
    let many = |count: usize| -> String {
        (0..count).map(|number| format!("x-{number}: a\r\n")).collect()
    };
    let large = |size: usize| format!("x-large: {}\r\n", "a".repeat(size));

    // With those two that are there anyway.
    let fits = gateway.exchange(ask(&many(98)), "GET").await;
    assert_eq!(fits[0].status, 200, "{fits:?}");
    let fits = gateway.exchange(ask(&large(32_000)), "GET").await;
    assert_eq!(fits[0].status, 200, "{fits:?}");
    for headers in [
        many(99),
        many(101),
        many(1000),
        large(33_000),
        large(125_000),
        large(131_073),
        large(400_000),
        many(20_000),
    ] {
        let replies = gateway.exchange(ask(&headers), "GET").await;
        assert_eq!(replies.len(), 1, "{replies:?}");
        replies[0].assert_error(431, "HEADERS_TOO_LARGE");
    }
    // One that never ends.
    let mut stream = gateway.connect().await;
    stream.write_all(b"GET /x HTTP/1.1\r\n").await.expect("it is written");
    stream.write_all(large(200_000).as_bytes()).await.expect("it is written");
    let replies = read_until_closed(&mut stream, "").await;
    replies[0].assert_error(431, "HEADERS_TOO_LARGE").assert_last();
    assert_eq!(users.total(), 2);
}

#[tokio::test]
async fn a_configured_number_of_headers_is_kept_to() {
    let route = "session = \"none\"\n[get.response]\nshape = '1'";
    let gateway = Gateway::config()
        .gateway("max_headers = 5\nmax_header_bytes = \"1KiB\"\nmax_uri = \"1KB\"\n")
        .route("x.toml", route)
        .start()
        .await;
    let ask = |target: &str, headers: &str| {
        format!("GET {target} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{headers}\r\n")
    };

    let fits = gateway.exchange(ask("/x", "a: 1\r\nb: 2\r\nc: 3\r\n"), "GET").await;
    assert_eq!(fits[0].status, 200, "{fits:?}");
    let replies = gateway.exchange(ask("/x", "a: 1\r\nb: 2\r\nc: 3\r\nd: 4\r\n"), "GET").await;
    replies[0].assert_error(431, "HEADERS_TOO_LARGE");
    let replies = gateway.exchange(ask("/x", &format!("a: {}\r\n", "x".repeat(1024))), "GET").await;
    replies[0].assert_error(431, "HEADERS_TOO_LARGE");
    let replies = gateway.exchange(ask(&format!("/x?{}", "x".repeat(998)), ""), "GET").await;
    replies[0].assert_error(414, "URI_TOO_LONG");
}

#[tokio::test]
async fn a_good_request_before_a_malformed_one_is_served() {
    let gate = Gate::new();
    let users = Upstream::start().await;
    users.on("GET", "/users", Reply::json(json!("found")).when(&gate));
    let gateway = Gateway::config().upstream("users", &users).route("x.toml", ROUTE).start().await;
    let mut stream = gateway.connect().await;

    stream
        .write_all(
            b"GET /x HTTP/1.1\r\nhost: a\r\n\r\nnonsense\r\n\r\nGET /x HTTP/1.1\r\nhost: a\r\n\r\n",
        )
        .await
        .expect("it is written");
    users.wait_for(1).await;
    gate.open();
    let replies = read_until_closed(&mut stream, "GET").await;

    // The one behind it is not executed.
    assert_eq!(replies.len(), 2, "{replies:?}");
    assert_eq!(replies[0].body, r#"{"data":"found"}"#);
    replies[1].assert_error(400, "BAD_REQUEST").assert_last();
    assert_eq!(users.total(), 1);
}

#[tokio::test]
async fn each_kind_of_reply_may_stand_before_an_error() {
    let routes = [
        ("head", "HEAD", "[get.response]\nshape = '1'"),
        ("none", "DELETE", "[delete.response]\nstatus = 204"),
        ("list", "GET", "[get.response]\nenvelope = \"none\"\nshape = '[1]'"),
        (
            "text",
            "GET",
            "[get.response]\nenvelope = \"none\"\nshape = '\"HTTP/1.1 400 Bad Request\\r\\n\\r\\n\"'",
        ),
        ("missing", "GET", ""),
        ("missing", "HEAD", ""),
    ];
    let config = routes.iter().filter(|route| !route.2.is_empty()).fold(
        Gateway::config(),
        |config, (name, _, text)| {
            config.route(&format!("{name}.toml"), &format!("session = \"none\"\n{text}"))
        },
    );
    let gateway = config.start().await;
    for (name, method, _) in routes {
        for version in ["1.1", "1.0"] {
            let text = format!(
                "{method} /{name} HTTP/{version}\r\nhost: a\r\nconnection: keep-alive\r\n\r\nnonsense\r\n\r\n"
            );
            let replies = gateway.exchange(text, method).await;
            assert_eq!(replies.len(), 2, "{name} {version}: {replies:?}");
            replies[1].assert_error(400, "BAD_REQUEST").assert_last();
        }
    }
}

#[tokio::test]
async fn a_malformed_head_that_comes_in_pieces_is_refused_all_the_same() {
    let (users, gateway) = start().await;
    let mut stream = gateway.connect().await;
    stream.set_nodelay(true).expect("a socket");

    for byte in b"GET /x HTTP/1.1\r\nhost: a\r\nbad header\r\n\r\n" {
        // Who has been refused may be cut off.
        if stream.write_all(&[*byte]).await.is_err() {
            break;
        }
        tokio::task::yield_now().await;
    }
    let replies = read_until_closed(&mut stream, "").await;

    replies[0].assert_error(400, "BAD_REQUEST").assert_last();
    assert_eq!(users.total(), 0);
}
