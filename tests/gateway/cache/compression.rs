//! `[server] compress`: replies in the coding that the client likes best.

use std::io::Read;

use crate::harness::*;

fn plain(reply: &Answer) -> String {
    let (mut out, bytes) = (String::new(), &reply.bytes[..]);
    let read = match reply.header("content-encoding") {
        Some("gzip") => flate2::read::GzDecoder::new(bytes).read_to_string(&mut out),
        Some("br") => brotli::Decompressor::new(bytes, 4096).read_to_string(&mut out),
        Some("zstd") => {
            zstd::stream::read::Decoder::new(bytes).and_then(|mut it| it.read_to_string(&mut out))
        }
        other => panic!("{other:?}: {reply:?}"),
    };
    read.expect("it can be read");
    out
}

fn items(count: usize) -> Value {
    (0..count).map(|n| json!({"id": n, "name": format!("item number {n}")})).collect()
}

async fn up() -> Upstream {
    let up = Upstream::start().await;
    up.on("*", "/it", Reply::json(items(100)));
    up.on("*", "/large", Reply::json(items(20_000)));
    up.on("*", "/small", Reply::json(items(1)));
    up.on("*", "/medium", Reply::json(items(9)));
    up.on("GET", "/text", Reply::text("a text ".repeat(1000)));
    up
}

fn route(path: &str, response: &str) -> String {
    format!(
        "[get.calls.it]\nupstream = \"up\"\npath = \"{path}\"\n[get.response]\n{response}\n\
         [post.calls.it]\nupstream = \"up\"\nmethod = \"POST\"\npath = \"/it\"\n"
    )
}

async fn serving_with(up: &Upstream, server: &str, path: &str, response: &str) -> Gateway {
    let config = Gateway::config().gateway(server).upstream("up", up);
    config.open_route("x.toml", &route(path, response)).start().await
}

const KEPT: &str = "cache = { ttl = \"60s\", scope = \"shared\" }";

#[tokio::test]
async fn each_coding_gives_what_the_plain_reply_says() {
    let up = up().await;
    for path in ["/it", "/large"] {
        for response in ["", KEPT] {
            let gateway = serving_with(&up, "", path, response).await;
            let whole = gateway.get("/x").await;
            whole.assert_no_header("content-encoding").assert_header("vary", "accept-encoding");
            for coding in ["zstd", "br", "gzip"] {
                // The second is from what is kept of the first.
                for _ in 0..2 {
                    let reply = gateway.get("/x").header("accept-encoding", coding).await;
                    reply.assert_status(200).assert_header("content-encoding", coding);
                    reply.assert_header("vary", "accept-encoding");
                    assert!(reply.bytes.len() * 2 < whole.bytes.len());
                    assert_eq!(plain(&reply), whole.body);
                    let weak = format!("W/{}", whole.header("etag").expect("a tag"));
                    reply.assert_header("etag", &weak);
                }
            }
        }
    }
}

#[tokio::test]
async fn the_client_chooses_and_then_the_config() {
    let up = up().await;
    let all = serving_with(&up, "", "/it", "").await;
    let some = serving_with(&up, "compress = [\"gzip\", \"br\"]\n", "/it", "").await;
    let none = serving_with(&up, "compress = []\n", "/it", "").await;
    for (accepted, by_all, by_some) in [
        ("gzip, deflate, br, zstd", Some("zstd"), Some("gzip")),
        ("gzip;q=0.5, br", Some("br"), Some("br")),
        ("*", Some("zstd"), Some("gzip")),
        ("identity, gzip;q=0.5", None, None),
        ("gzip;q=0", None, None),
        ("zstd", Some("zstd"), None),
        ("", None, None),
    ] {
        for (gateway, wanted) in [(&all, by_all), (&some, by_some), (&none, None)] {
            let reply = gateway.get("/x").header("accept-encoding", accepted).await;
            assert_eq!(reply.header("content-encoding"), wanted, "{accepted}");
        }
    }
    none.get("/x").await.assert_no_header("vary");
}

#[tokio::test]
async fn small_bodies_and_those_that_are_no_text_stay_as_they_are() {
    let up = up().await;
    let ask = async |gateway: &Gateway| {
        let reply = gateway.get("/x").header("accept-encoding", "gzip").await;
        reply.header("content-encoding").is_some()
    };
    assert!(!ask(&serving_with(&up, "", "/small", "").await).await);
    let from = "compress_from = \"0KiB\"\n";
    assert!(!ask(&serving_with(&up, from, "/small", "").await).await);
    assert!(ask(&serving_with(&up, from, "/medium", "").await).await);
    assert!(!ask(&serving_with(&up, "", "/medium", "").await).await);
    assert!(!ask(&serving_with(&up, "compress_from = \"1MiB\"\n", "/it", "").await).await);
    for (kind, is_encoded) in [
        ("text/html; charset=utf-8", true),
        ("application/geo+json", true),
        ("Application/JSON", true),
        ("image/png", false),
        ("application/octet-stream", false),
    ] {
        let kind = format!("headers = {{ content-type = \"{kind}\" }}");
        assert_eq!(ask(&serving_with(&up, "", "/it", &kind).await).await, is_encoded, "{kind}");
    }
}

#[tokio::test]
async fn faults_and_replies_to_changes_are_compressed_too() {
    let up = up().await;
    let gateway = serving_with(&up, "", "/it", INPUT).await;
    let made = gateway.poke("/x").header("accept-encoding", "gzip").await;
    made.assert_status(200).assert_header("content-encoding", "gzip").assert_no_header("etag");
    assert!(plain(&made).starts_with("{\"data\":["));
    let fault = gateway.request("PUT", "/x").json(json!({})).header("accept-encoding", "br").await;
    fault.assert_status(400).assert_header("content-encoding", "br");
    assert!(plain(&fault).contains("VALIDATION_ERROR"));
}

/// Much can be wrong with it.
const INPUT: &str = r#"
[put.input.body]
type = "object"
required = [
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
]
"#;

#[tokio::test]
async fn what_the_client_has_in_a_coding_is_304_in_any() {
    let up = up().await;
    for response in ["", KEPT] {
        let gateway = serving_with(&up, "", "/it", response).await;
        let first = gateway.get("/x").header("accept-encoding", "br").await;
        let tag = first.header("etag").expect("a tag");
        for coding in ["br", "gzip", ""] {
            let request = gateway.get("/x").header("accept-encoding", coding);
            let again = request.header("if-none-match", tag).await;
            again.assert_status(304).assert_no_header("content-encoding");
            again.assert_header("vary", "accept-encoding");
            assert_eq!(
                again.header("etag").map(|tag| tag.starts_with("W/")),
                Some(!coding.is_empty())
            );
        }
    }
}

#[tokio::test]
async fn many_who_ask_for_one_coding_of_a_kept_reply_get_the_same_bytes() {
    let up = up().await;
    let config = Gateway::config().workers(4).upstream("up", &up);
    let gateway = config.open_route("x.toml", &route("/large", KEPT)).start().await;
    let all: Vec<_> = (0..40)
        .map(|n| gateway.get("/x").header("accept-encoding", ["br", "zstd"][n % 2]).sent())
        .collect();
    let mut bodies = Vec::new();
    for one in all {
        bodies.push(one.await.assert_status(200).bytes.clone());
    }
    assert!(bodies.iter().enumerate().all(|(n, body)| *body == bodies[n % 2]));
    assert_eq!(up.total(), 1);
}
