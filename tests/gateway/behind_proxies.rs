//! nginx and haproxy before the gateway: what they pass on is read by both in the same way, so that nobody's request hides
//! in another's, and the connection that all clients share is good for the next one.

use crate::harness::*;

const ROUTE: &str = r#"
    session = "none"
    [get.calls.found]
    upstream = "users"
    path = "/found/{$params.id}"
    [post.input.body]
    [post.calls.saved]
    upstream = "users"
    method = "POST"
    path = "/saved/{$params.id}"
    json = '$body'
"#;

async fn start() -> (Upstream, Gateway) {
    start_with("").await
}

async fn start_with(server: &str) -> (Upstream, Gateway) {
    let users = Upstream::start().await;
    users.reply_with("GET", "/found/{id}", |request| Reply::json(json!(request.path())));
    users.reply_with("POST", "/saved/{id}", |request| {
        Reply::json(json!({ "path": request.path(), "body": request.json() }))
    });
    let config = Gateway::config().gateway(server).upstream("users", &users);
    let gateway = config.route("[id].toml", ROUTE).start().await;
    (users, gateway)
}

async fn proxies(gateway: &Gateway) -> [Proxy; 4] {
    [
        Proxy::nginx(gateway).await,
        Proxy::lenient_nginx(gateway).await,
        Proxy::haproxy(gateway).await,
        Proxy::lenient_haproxy(gateway).await,
    ]
}

/// Requests of the next clients get replies of their own.
async fn assert_not_poisoned(proxy: &Proxy, after: &str) {
    for id in ["v1", "v2", "v3"] {
        let get = format!("GET /{id} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        let replies = proxy.exchange(get, "GET").await;
        assert_eq!(replies.len(), 1, "{} after {after:?}: {replies:?}", proxy.name);
        let wanted = format!(r#"{{"data":"/found/{id}"}}"#);
        assert_eq!(replies[0].body, wanted, "{} after {after:?}", proxy.name);
    }
}

/// Never a request in the eyes of the proxy: what is before it has it close the connection.
const HIDDEN: &str = "GET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n";

fn post(headers: &str, body: &str) -> String {
    format!(
        "POST /attack HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: application/json\r\n{headers}\r\n\r\n{body}"
    )
}

/// A body that ends early for whoever reads chunks, and one that ends early for whoever reads the length.
fn both_ways(headers: &str) -> [String; 2] {
    let inner = HIDDEN;
    let early_chunks = format!("0\r\n\r\n{inner}");
    let all = early_chunks.len().to_string();
    let early_length = format!("{:x}\r\n{inner}\r\n0\r\n\r\n", inner.len());
    let first_line = (early_length.find('\n').unwrap_or(0) + 1).to_string();
    [
        post(&headers.replace("LENGTH", &all), &early_chunks),
        post(&headers.replace("LENGTH", &first_line), &early_length),
    ]
}

/// Where the one may see a coding and the other none.
const CODINGS: &[&str] = &[
    "transfer-encoding: chunked",
    "Transfer-Encoding: Chunked",
    "transfer-encoding : chunked",
    "transfer-encoding: xchunked",
    "transfer-encoding: chunked, identity",
    "transfer-encoding: identity, chunked",
    "transfer-encoding: identity",
    "transfer-encoding:\tchunked",
    "transfer-encoding: \x0bchunked",
    "transfer-encoding: \"chunked\"",
    "transfer-encoding: chunked\r\ntransfer-encoding: identity",
    "transfer-encoding: identity\r\ntransfer-encoding: chunked",
    "transfer-encoding: chunked\r\ntransfer-encoding: chunked",
    "transfer_encoding: chunked",
    "transfer-encoding:\r\n chunked",
    "x: y\r\n transfer-encoding: chunked",
    "x: y\rtransfer-encoding: chunked",
    "x: y\ntransfer-encoding: chunked",
    "\0transfer-encoding: chunked",
    "connection: transfer-encoding\r\ntransfer-encoding: chunked",
];

/// Where the one may see another length than the other.
const LENGTHS: &[&str] = &[
    "content-length: LENGTH",
    "content-length: +LENGTH",
    "content-length: LENGTH\r\ncontent-length: 0",
    "content-length: 0\r\ncontent-length: LENGTH",
    "content-length: LENGTH, 0",
    "content-length: 0, LENGTH",
    "content-length:  LENGTH ",
    "content-length: 0LENGTH",
    "content-length: 0xLENGTH",
    "content-length : LENGTH",
    "content_length: LENGTH",
    "content-length: LENGTH\r\nconnection: content-length",
    "x: y\ncontent-length: LENGTH",
    "\x0bcontent-length: LENGTH",
    "content-length\0: LENGTH",
];

/// Chunks that may be the last for the one and not for the other.
const CHUNKS: &[&str] = &[
    "0;a\nb\r\n\r\n",
    "0\n\r\n",
    "0\r\n\n",
    "0x0\r\n\r\n",
    "-1\r\n\r\n",
    "\r\n\r\n",
    "1\r\nZZ\r\n0\r\n\r\n",
    "3;\n[1]\r\n0\r\n\r\n",
    "3\r\n[1]\r0\r\n\r\n",
    "10000000000000003\r\n[1]\r\n0\r\n\r\n",
    "0\r\ncontent-length: 5\r\n\r\n",
    "0\r\ntransfer-encoding: chunked\r\n\r\n",
];

/// Heads that may end elsewhere for the other.
const HEADS: &[&str] = &[
    "GET /attack HTTP/1.1\r\nhost: a\r\nconnection: close\r\nx: y\n\n",
    "GET /attack HTTP/1.1\r\nhost: a\r\nconnection: close\r\nx: y\r\r",
    "GET /attack HTTP/1.1\r\nhost: a\r\nhost: b\r\nconnection: close\r\n\r\n",
    "GET /attack HTTP/1.1\r\nconnection: close\r\n\r\n",
    "GET http://b/attack HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
    "GET /attack\r\n\r\n",
    "GET /attack HTTP/1.0\r\n\r\n",
    "GET /attack HTTP/1.1 ",
    "POST /attack HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "CONNECT a:80 HTTP/1.1\r\nhost: a:80\r\nconnection: close\r\n\r\n",
    "GET /attack HTTP/1.1\r\nhost: a\r\nconnection: upgrade, close\r\nupgrade: websocket\r\n\r\n",
    "GET /attack%0d%0a%0d%0a HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
];

fn attacks() -> Vec<String> {
    let mut all = Vec::new();
    for coding in CODINGS {
        all.extend(both_ways(&format!("content-length: LENGTH\r\n{coding}")));
        all.extend(both_ways(&format!("{coding}\r\ncontent-length: LENGTH")));
        all.extend(both_ways(coding));
    }
    all.extend(LENGTHS.iter().flat_map(|length| both_ways(length)));
    let bomb = format!("3;{}\r\n[1]\r\n0\r\n\r\n", "x".repeat(9000));
    for body in CHUNKS.iter().copied().chain([bomb.as_str()]) {
        all.push(post("transfer-encoding: chunked", &format!("{body}{HIDDEN}")));
    }
    all.extend(HEADS.iter().map(|head| format!("{head}{HIDDEN}")));
    let length = format!("content-length: {}", HIDDEN.len());
    all.push(post(&length, HIDDEN).replace("POST", "GET"));
    for expected in ["100-continue", "200-ok"] {
        all.push(post(&format!("{length}\r\nexpect: {expected}"), HIDDEN));
    }
    all
}

#[tokio::test]
async fn nothing_is_smuggled_through_a_proxy() {
    let (users, gateway) = start().await;
    for proxy in proxies(&gateway).await {
        for attack in attacks() {
            users.forget();
            proxy.raw(&attack).await;
            let shown: String = attack.chars().take(300).collect();
            assert_not_poisoned(&proxy, &shown).await;
            let asked: Vec<_> = users.requests().iter().map(|one| one.path().to_owned()).collect();
            assert!(
                !asked.iter().any(|path| path.contains("smuggled")),
                "{}: {shown:?}",
                proxy.name
            );
            // The attack itself may have been a good request for both, but once at most.
            assert!(matches!(asked.len(), 3 | 4), "{}: {shown:?}: {asked:?}", proxy.name);
        }
    }
}

#[tokio::test]
async fn good_requests_come_through_a_proxy() {
    let (users, gateway) = start().await;
    for proxy in proxies(&gateway).await {
        users.forget();
        let kind = "host: a\r\ncontent-type: application/json\r\n";
        let requests = [
            "GET /g1 HTTP/1.1\r\nhost: a\r\n\r\n".to_owned(),
            format!("POST /p1 HTTP/1.1\r\n{kind}content-length: 3\r\n\r\n[1]"),
            format!(
                "POST /p2 HTTP/1.1\r\n{kind}transfer-encoding: chunked\r\n\r\n1\r\n[\r\n2;x=y\r\n2]\r\n0\r\n\r\n"
            ),
            "HEAD /g2 HTTP/1.1\r\nhost: a\r\n\r\n".to_owned(),
            "GET /g3?q=a%20b HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n".to_owned(),
        ];
        let replies = proxy.exchange(requests.concat(), "GET POST POST HEAD GET").await;
        let bodies: Vec<_> = replies.iter().map(|reply| reply.body.as_str()).collect();
        let saved =
            |id: &str, body: &str| format!(r#"{{"data":{{"path":"/saved/{id}","body":{body}}}}}"#);
        assert_eq!(
            bodies,
            [
                r#"{"data":"/found/g1"}"#,
                &saved("p1", "[1]"),
                &saved("p2", "[2]"),
                "",
                r#"{"data":"/found/g3"}"#
            ],
            "{}",
            proxy.name
        );
        assert_eq!(users.total(), 5);
    }
}

/// A reply that ends the gateway's connection ends nothing for the proxy's next client.
#[tokio::test]
async fn a_refusal_behind_a_proxy_is_for_its_own_client_only() {
    let (_users, gateway) = start_with("max_headers = 20\nmax_header_bytes = \"2KiB\"\n").await;
    let many: String = (0..50).map(|number| format!("x-{number}: a\r\n")).collect();
    let large = format!("x: {}\r\n", "a".repeat(4000));
    for proxy in proxies(&gateway).await {
        for (target, headers, status, code) in [
            ("/r", many.as_str(), 431, "HEADERS_TOO_LARGE"),
            ("/r", &large, 431, "HEADERS_TOO_LARGE"),
            ("/r%zz", "", 400, "BAD_REQUEST"),
        ] {
            let get =
                format!("GET {target} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{headers}\r\n");
            let replies = proxy.exchange(get, "GET").await;
            assert_eq!((replies.len(), replies[0].status), (1, status), "{}", proxy.name);
            // What a proxy refuses itself has a page of its own.
            if replies[0].header("content-type") == Some("application/json") {
                replies[0].assert_error(status, code);
            }
            assert_not_poisoned(&proxy, "a refusal").await;
        }
    }
}
