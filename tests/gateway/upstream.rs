//! Upstreams that misbehave: the client always gets valid JSON, and the right code.

use std::time::Duration;

use async_compression::tokio::write::{BrotliEncoder, GzipEncoder, ZlibEncoder, ZstdEncoder};
use tokio::io::AsyncWriteExt;

use crate::harness::*;

const IT: &str = "get.calls.it = { upstream = \"up\", path = \"/it\", timeout = \"500ms\" }";
const FALLBACK: &str =
    "get.calls.it = { upstream = \"up\", path = \"/it\", timeout = \"500ms\", fallback = 0 }";

/// Asserts how both a required and an optional call see this reply.
async fn assert_seen(reply: Reply, status: u16, code: &str) {
    let shown = format!("{reply:?}").chars().take(200).collect::<String>();
    let up = Upstream::start().await;
    up.on("GET", "/it", reply);

    let required = serving(&up, IT).await.get("/x").await;
    assert_eq!(required.status, status, "{shown}: {required:?}");
    required.assert_error(status, code);

    let partial = json!({"partial": [{"call": "it", "code": code}]});
    let optional = serving(&up, FALLBACK).await.get("/x").await;
    optional.assert_json(200, json!({"data": 0, "meta": partial}));
}

async fn assert_broken(reply: Reply) {
    assert_seen(reply, 502, "UPSTREAM_ERROR").await;
}

fn good() -> Reply {
    Reply::json(json!({"a": "some text that is long enough to be cut"}))
}

#[tokio::test]
async fn a_connection_that_breaks_is_502() {
    assert_broken(Reply::close()).await;
    assert_broken(Reply::reset()).await;
    assert_broken(good().truncated()).await;
    assert_broken(good().truncated().then(Then::Reset)).await;
    assert_broken(good().chunked(7).truncated()).await;
    assert_broken(good().longer_length(10).then(Then::Close)).await;
    assert_broken(good().content_length(5)).await;
}

#[tokio::test]
async fn what_is_not_http_is_502() {
    for raw in [
        "garbage\r\n\r\n",
        "HTTP/1.1 200",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 abc OK\r\ncontent-length: 0\r\n\r\n",
        "HTTP/9.9 200 OK\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nbad header\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n1",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n12",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n1\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n1",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n1",
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
        "SSH-2.0-OpenSSH_9.6\r\n",
        "\0\0\0\0",
    ] {
        assert_broken(Reply::raw(raw, Then::Close)).await;
    }
}

#[tokio::test]
async fn heads_that_never_end_are_502() {
    let many: String = (0..2000).map(|n| format!("x-{n}: {n}\r\n")).collect();
    assert_broken(Reply::raw(format!("HTTP/1.1 200 OK\r\n{many}\r\n"), Then::Close)).await;
    let long = format!("HTTP/1.1 200 OK\r\nx: {}", "y".repeat(2 << 20));
    assert_broken(Reply::raw(long, Then::Hang)).await;
}

#[tokio::test]
async fn what_hangs_or_drips_is_504() {
    let slow = Duration::from_millis(50);
    for reply in [
        Reply::hang(),
        good().drip(slow),
        good().cut(3).then(Then::Hang),
        good().longer_length(5).then(Then::Hang),
        Reply::raw("HTTP/1.1 200 OK\r\n", Then::Hang),
        Reply::raw("HTTP/1.1 100 Continue\r\n\r\n", Then::Hang),
    ] {
        assert_seen(reply, 504, "UPSTREAM_TIMEOUT").await;
    }
}

#[tokio::test]
async fn nobody_there_is_503() {
    let up = Upstream::start().await;
    let url = up.url();
    drop(up);
    let gateway =
        Gateway::config().upstream_at("up", &url, "").open_route("x.toml", IT).start().await;
    gateway.get("/x").await.assert_error(503, "UPSTREAM_UNAVAILABLE");

    let unknown =
        Gateway::config().upstream_at("up", "http://no.such.host.invalid", "timeout = \"20s\"");
    let route = "get.calls.it = { upstream = \"up\", path = \"/it\" }";
    let gateway = unknown.open_route("x.toml", route).start().await;
    let reply = gateway.get("/x").await;
    assert!([503, 504].contains(&reply.status), "{reply:?}");
    assert!(!reply.body.contains("invalid"), "{reply:?}");
}

#[tokio::test]
async fn what_is_not_json_is_502() {
    for body in [
        "",
        " ",
        "{",
        "}",
        "{\"a\":1",
        "[1,]",
        "{'a':1}",
        "nul",
        "NaN",
        "Infinity",
        "01",
        "+1",
        "1.",
        ".5",
        "1 2",
        "\"\t\"",
        "\"\\x\"",
        "\"\\ud800\"",
        "// no\n1",
        "<html></html>",
        "\u{feff}1",
        "{\"a\" 1}",
        "-",
        "\"open",
        "tru",
        "1e",
        "[1 2]",
    ] {
        assert_broken(Reply::status(200).body(body)).await;
    }
    for bytes in [&b"\"\xff\""[..], b"\xfe\xff\0{\0}", b"\"\xed\xa0\x80\"", b"\0"] {
        assert_broken(Reply::status(200).body(bytes)).await;
    }
}

#[tokio::test]
async fn json_that_is_nested_too_deeply_is_502() {
    for depth in [65, 1000, 100_000] {
        assert_broken(Reply::status(200).body("[".repeat(depth))).await;
        assert_broken(Reply::status(200).body("[".repeat(depth) + &"]".repeat(depth))).await;
        assert_broken(Reply::status(200).body("{\"a\":".repeat(depth))).await;
    }
    let up = Upstream::start().await;
    let deepest = "[".repeat(64) + &"]".repeat(64);
    up.on("GET", "/it", Reply::status(200).body(deepest));
    serving(&up, IT).await.get("/x").await.assert_status(200);
}

#[tokio::test]
async fn the_content_type_of_an_answer_does_not_matter() {
    for kind in ["text/html", "application/octet-stream", "x"] {
        let up = Upstream::start().await;
        up.on("GET", "/it", good().header("content-type", kind));
        serving(&up, IT).await.get("/x").await.assert_status(200);
    }
}

/// Serves `/it` with a limit of 1000 bytes on the answer.
async fn limited(up: &Upstream) -> Gateway {
    let route = "get.calls.it = { upstream = \"up\", path = \"/it\", max_response = \"1KB\" }";
    serving(up, route).await
}

#[tokio::test]
async fn an_answer_may_be_as_large_as_was_said_and_no_larger() {
    let up = Upstream::start().await;
    let gateway = limited(&up).await;
    let body = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
    for reply in [
        Reply::status(200).body(body(1000)),
        Reply::status(200).body(body(1000)).chunked(100),
        Reply::raw(format!("HTTP/1.1 200 OK\r\n\r\n{}", body(1000)), Then::Close),
    ] {
        up.on("GET", "/it", reply);
        gateway.get("/x").await.assert_status(200);
    }
    for reply in [
        Reply::status(200).body(body(1001)),
        Reply::status(200).body(body(1001)).chunked(100),
        Reply::status(200).body(body(5_000_000)).chunked(10_000),
        Reply::status(200).body(body(100)).content_length(4_000_000_000_000),
        Reply::raw(format!("HTTP/1.1 200 OK\r\n\r\n{}", body(1001)), Then::Hang),
        // A small lie: the rest is no part of the answer.
        Reply::status(200).body(body(5000)).content_length(100),
    ] {
        up.on("GET", "/it", reply);
        gateway.get("/x").await.assert_error(502, "UPSTREAM_ERROR");
    }
}

#[tokio::test]
async fn the_limit_is_the_upstreams_where_the_call_says_none() {
    let up = Upstream::start().await;
    up.on("GET", "/it", Reply::json(json!("x".repeat(2000))));
    let gateway = Gateway::config()
        .upstream_with("up", &up, "max_response = \"1KB\"")
        .open_route("x.toml", IT)
        .start()
        .await;
    gateway.get("/x").await.assert_error(502, "UPSTREAM_ERROR");
}

async fn encoded(encoding: &str, body: &[u8]) -> Vec<u8> {
    macro_rules! with {
        ($encoder:expr) => {{
            let mut encoder = $encoder;
            encoder.write_all(body).await.expect("it is encoded");
            encoder.shutdown().await.expect("it is encoded");
            encoder.into_inner()
        }};
    }
    match encoding {
        "gzip" => with!(GzipEncoder::new(Vec::new())),
        "br" => with!(BrotliEncoder::new(Vec::new())),
        "deflate" => with!(ZlibEncoder::new(Vec::new())),
        _ => with!(ZstdEncoder::new(Vec::new())),
    }
}

const ENCODINGS: [&str; 4] = ["gzip", "br", "deflate", "zstd"];

#[tokio::test]
async fn encoded_bodies_are_decoded_and_counted_as_decoded() {
    let up = Upstream::start().await;
    let gateway = limited(&up).await;
    let small = json!("x".repeat(998));
    let bomb = format!("\"{}\"", "x".repeat(20_000_000));
    for encoding in ENCODINGS {
        let send = |body: Vec<u8>| {
            let reply = Reply::status(200).header("content-encoding", encoding);
            up.on("GET", "/it", reply.body(body));
        };
        let body = encoded(encoding, small.to_string().as_bytes()).await;
        send(body.clone());
        gateway.get("/x").await.assert_data(200, small.clone());
        // Cut off, spoilt, not encoded at all.
        send(body[..body.len() / 2].to_vec());
        gateway.get("/x").await.assert_error(502, "UPSTREAM_ERROR");
        send(b"{\"plain\": true}".to_vec());
        gateway.get("/x").await.assert_error(502, "UPSTREAM_ERROR");

        send(encoded(encoding, bomb.as_bytes()).await);
        gateway.get("/x").await.assert_error(502, "UPSTREAM_ERROR");
    }
}

#[tokio::test]
async fn encodings_are_read_whatever_their_case_and_unknown_ones_are_502() {
    let up = Upstream::start().await;
    let gateway = limited(&up).await;
    let zipped = encoded("gzip", b"1").await;
    for name in ["GZIP", "x-gzip"] {
        up.on(
            "GET",
            "/it",
            Reply::status(200).header("content-encoding", name).body(zipped.clone()),
        );
        gateway.get("/x").await.assert_data(200, json!(1));
    }
    for name in ["identity", "Identity", ""] {
        up.on("GET", "/it", Reply::status(200).header("content-encoding", name).body("1"));
        gateway.get("/x").await.assert_data(200, json!(1));
    }
    for name in ["compress", "gzip, br", "x", "aes128gcm"] {
        up.on("GET", "/it", Reply::status(200).header("content-encoding", name).body("1"));
        gateway.get("/x").await.assert_error(502, "UPSTREAM_ERROR");
    }
    let twice =
        Reply::status(200).header("content-encoding", "gzip").header("content-encoding", "br");
    up.on("GET", "/it", twice.body(zipped));
    gateway.get("/x").await.assert_error(502, "UPSTREAM_ERROR");
}

#[tokio::test]
async fn a_body_in_several_gzip_members_is_one_body() {
    let up = Upstream::start().await;
    let gateway = limited(&up).await;
    let body = [encoded("gzip", b"[1,").await, encoded("gzip", b"2]").await].concat();
    up.on("GET", "/it", Reply::status(200).header("content-encoding", "gzip").body(body));
    gateway.get("/x").await.assert_data(200, json!([1, 2]));
}

#[tokio::test]
async fn an_encoding_without_a_body_is_no_mistake() {
    let up = Upstream::start().await;
    let gateway = limited(&up).await;
    for encoding in ENCODINGS {
        up.on("GET", "/it", Reply::status(204).header("content-encoding", encoding));
        gateway.get("/x").await.assert_data(200, json!(null));
        up.on("GET", "/it", Reply::status(404).header("content-encoding", encoding));
        gateway.get("/x").await.assert_error(404, "NOT_FOUND");
    }
}

#[tokio::test]
async fn connections_are_reused_also_after_encoded_and_chunked_bodies() {
    let up = Upstream::start().await;
    let gateway = limited(&up).await;
    for encoding in ENCODINGS {
        let body = encoded(encoding, b"1").await;
        let reply = Reply::status(200).header("content-encoding", encoding).body(body);
        up.on("GET", "/it", reply.chunked(5));
        gateway.get("/x").await.assert_data(200, json!(1));
    }
    up.on("GET", "/it", Reply::json(json!(1)));
    gateway.get("/x").await.assert_data(200, json!(1));
    assert_eq!(up.connections(), 1);
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let (up, elsewhere) = (Upstream::start().await, Upstream::start().await);
    for status in [301, 302, 303, 307, 308] {
        let to = format!("{}/stolen", elsewhere.url());
        up.on("*", "/**", Reply::status(status).header("location", &to));
        let gateway = Gateway::config()
            .upstream_with("up", &up, "headers = { x-api-key = \"${KEY}\" }")
            .env("KEY", "secret")
            .open_route("x.toml", IT)
            .start()
            .await;
        let reply = gateway.get("/x").await;
        reply.assert_error(502, "UPSTREAM_ERROR").assert_no_header("location");
    }
    assert_eq!((up.total(), elsewhere.total()), (5, 0));
}

const CHANGE: &str = "post.calls.it = { upstream = \"up\", method = \"POST\", path = \"/it\" }";

#[tokio::test]
async fn an_idle_connection_that_dies_in_use_is_not_seen_by_the_client_of_a_read() {
    let up = Upstream::start().await;
    for (nth, bad) in [(2, Reply::close()), (2, Reply::reset())] {
        up.forget();
        up.reply_with("*", "/it", move |request| {
            if request.nth == nth { bad.clone() } else { Reply::json(json!("it")) }
        });
        let gateway = serving(&up, IT).await;
        gateway.get("/x").await.assert_data(200, json!("it"));
        gateway.get("/x").await.assert_data(200, json!("it"));
        assert_eq!(up.total(), 3);
    }
}

#[tokio::test]
async fn a_head_call_is_repeated_too() {
    let up = Upstream::start().await;
    up.reply_with("HEAD", "/it", |request| {
        if request.nth == 2 { Reply::close() } else { Reply::status(200) }
    });
    let route = "get.calls.it = { upstream = \"up\", path = \"/it\", method = \"HEAD\" }";
    let gateway = serving(&up, route).await;
    gateway.get("/x").await.assert_status(200);
    gateway.get("/x").await.assert_status(200);
    assert_eq!(up.total(), 3);
}

#[tokio::test]
async fn a_change_is_never_sent_twice() {
    for bad in [Reply::close(), Reply::reset()] {
        let up = Upstream::start().await;
        up.reply_with("POST", "/it", move |request| {
            if request.nth == 2 { bad.clone() } else { Reply::json(json!("it")) }
        });
        let gateway = serving(&up, CHANGE).await;
        gateway.poke("/x").await.assert_status(200);
        gateway.poke("/x").await.assert_error(502, "UPSTREAM_ERROR");
        assert_eq!(up.total(), 2);
        gateway.poke("/x").await.assert_status(200);
    }
}

#[tokio::test]
async fn a_read_is_repeated_once_and_no_more() {
    let up = Upstream::start().await;
    up.on("GET", "/it", Reply::close());
    serving(&up, IT).await.get("/x").await.assert_error(502, "UPSTREAM_ERROR");
    assert_eq!(up.total(), 2);
}

#[tokio::test]
async fn a_read_is_not_repeated_once_an_answer_has_begun() {
    let up = Upstream::start().await;
    up.on("GET", "/it", good().truncated());
    serving(&up, IT).await.get("/x").await.assert_error(502, "UPSTREAM_ERROR");
    assert_eq!(up.total(), 1);
}

#[tokio::test]
async fn an_orderly_close_after_an_answer_costs_nobody_an_error() {
    for reply in [
        Reply::json(json!(1)).then(Then::Close),
        Reply::json(json!(1)).header("connection", "close").then(Then::Close),
        Reply::json(json!(1)).header("connection", "close"),
    ] {
        let up = Upstream::start().await;
        up.on("*", "/it", reply);
        let gateway = serving(&up, &format!("{IT}\n{CHANGE}")).await;
        for _ in 0..5 {
            gateway.get("/x").await.assert_data(200, json!(1));
        }
        assert_eq!(up.count("GET /it"), 5);
    }
}

#[tokio::test]
async fn what_is_left_over_behind_an_answer_poisons_nobody() {
    let up = Upstream::start().await;
    let smuggled = "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n1HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n\"poison\"";
    up.once("GET", "/it", Reply::raw(smuggled, Then::KeepAlive));
    up.on("GET", "/it", Reply::json(json!("good")));
    let gateway = serving(&up, IT).await;

    // What is left over may cost the connection, and with it the first answer.
    let first = gateway.get("/x").await.json();
    assert!([json!({"data": 1}), json!({"data": "good"})].contains(&first), "{first}");
    gateway.get("/x").await.assert_data(200, json!("good"));
}

#[tokio::test]
async fn of_equal_keys_the_last_one_counts() {
    let up = Upstream::start().await;
    up.on("GET", "/it", Reply::status(200).body(r#"{"a":1,"b":2,"a":3}"#));
    let reply = serving(&up, IT).await.get("/x").await;
    assert_eq!(reply.json()["data"], json!({"a": 3, "b": 2}), "{reply:?}");
}

#[tokio::test]
async fn an_egress_proxy_is_asked_where_one_is_written() {
    let (proxy, elsewhere) = (Upstream::start().await, Upstream::start().await);
    proxy.on("GET", "http:/**", Reply::json(json!("by proxy")));
    let lines = format!("proxy = \"{}\"", proxy.url());
    let gateway = Gateway::config()
        .upstream_at("up", "http://users.internal:7001", &lines)
        .open_route("x.toml", IT)
        .start()
        .await;

    gateway.get("/x").await.assert_data(200, json!("by proxy"));
    assert_eq!(proxy.requests()[0].target, "http://users.internal:7001/it");
    assert_eq!(elsewhere.total(), 0);
}
