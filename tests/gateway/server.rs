//! Connections: kept, shared out, ended.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

use crate::harness::*;

const ROUTE: &str = r#"
    session = "none"
    [get.calls.found]
    upstream = "users"
    path = "/users/{$params.id}"
    [post.input.body]
    [post.response]
    shape = '$body'
    [delete.response]
    status = 204
"#;

async fn start() -> (Upstream, Gateway) {
    start_with("").await
}

async fn start_with(server: &str) -> (Upstream, Gateway) {
    let users = Upstream::start().await;
    users.reply_with("GET", "/users/{id}", |request| Reply::json(json!(request.path())));
    let gateway = Gateway::config()
        .gateway(server)
        .upstream("users", &users)
        .route("[id].toml", ROUTE)
        .start()
        .await;
    (users, gateway)
}

fn get(id: &str) -> String {
    format!("GET /{id} HTTP/1.1\r\nhost: a\r\n\r\n")
}

async fn send(stream: &mut TcpStream, text: impl AsRef<[u8]>) {
    stream.write_all(text.as_ref()).await.expect("it is written");
}

#[tokio::test]
async fn a_connection_serves_one_request_after_the_other() {
    let (_users, gateway) = start().await;
    let mut stream = gateway.connect().await;

    for id in 0..10 {
        send(&mut stream, get(&id.to_string())).await;
        let reply = read_replies(&mut stream, "GET").await.remove(0);
        assert_eq!(reply.body, format!(r#"{{"data":"/users/{id}"}}"#));
        assert_eq!(reply.header("connection"), None);
    }
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let gate = Gate::new();
    let (users, gateway) = start().await;
    users.once("GET", "/users/0", Reply::json(json!("slow")).when(&gate));
    let mut stream = gateway.connect().await;
    let requests: String = (0..40).map(|id| get(&id.to_string())).collect();

    send(&mut stream, requests).await;
    users.wait_for(1).await;
    gate.open();
    let replies = read_replies(&mut stream, &"GET ".repeat(40)).await;

    assert_eq!(replies[0].body, r#"{"data":"slow"}"#);
    for (id, reply) in replies.iter().enumerate().skip(1) {
        assert_eq!(reply.body, format!(r#"{{"data":"/users/{id}"}}"#));
    }
}

/// Each reply is made as its own request wants it, whatever came behind it.
#[tokio::test]
async fn pipelined_requests_of_several_kinds_do_not_mix() {
    let gate = Gate::new();
    let (users, gateway) = start().await;
    users.once("GET", "/users/0", Reply::json(json!("slow")).when(&gate));
    let mut stream = gateway.connect().await;
    let head = get("1").replace("GET", "HEAD");
    let post = "POST /2 HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 5\r\n\r\n[\"a\"]";
    let chunked = "POST /2 HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n2\r\n[1\r\n1;x\r\n]\r\n0\r\n\r\n";
    let delete = get("3").replace("GET", "DELETE");
    let last = "GET /4 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";

    send(&mut stream, [&get("0"), &head, post, &delete, chunked, &head, last].concat()).await;
    users.wait_for(1).await;
    gate.open();
    let replies = read_until_closed(&mut stream, "GET HEAD POST DELETE POST HEAD GET").await;

    let bodies: Vec<&str> = replies.iter().map(|reply| reply.body.as_str()).collect();
    assert_eq!(
        bodies,
        [
            r#"{"data":"slow"}"#,
            "",
            r#"{"data":["a"]}"#,
            "",
            r#"{"data":[1]}"#,
            "",
            r#"{"data":"/users/4"}"#,
        ]
    );
    let last: Vec<bool> = replies.iter().map(|one| one.header("connection").is_some()).collect();
    assert_eq!(last, [false, false, false, false, false, false, true]);
}

#[tokio::test]
async fn http_1_0_is_spoken_too() {
    let (_users, gateway) = start().await;

    let replies = gateway.exchange("GET /1 HTTP/1.0\r\n\r\n", "GET").await;
    assert_eq!(replies[0].body, r#"{"data":"/users/1"}"#);

    let mut stream = gateway.connect().await;
    for _ in 0..2 {
        send(&mut stream, "GET /1 HTTP/1.0\r\nconnection: keep-alive\r\n\r\n").await;
        assert_eq!(read_replies(&mut stream, "GET").await[0].status, 200);
    }
}

#[tokio::test]
async fn nothing_is_read_behind_the_last_request() {
    let (users, gateway) = start().await;
    let last = "GET /1 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";

    let replies = gateway.exchange(format!("{last}{}", get("2")), "GET").await;

    assert_eq!(replies.len(), 1, "{replies:?}");
    replies[0].assert_last();
    assert_eq!(users.count("GET /users/2"), 0);
}

#[tokio::test]
async fn the_rest_of_a_body_is_not_taken_for_a_request() {
    let (users, gateway) = start().await;
    let inner = get("smuggled");
    let length = inner.len();
    let post = |path: &str, kind: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nhost: a\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n{inner}"
        )
    };

    for (path, kind, status) in [("/1", "text/plain", 415), ("/1/2/3", "text/plain", 404)] {
        let mut stream = gateway.connect().await;
        send(&mut stream, post(path, kind)).await;
        let replies = read_replies(&mut stream, "POST").await;
        assert_eq!(replies[0].status, status);
        // Whether it stays open is its own affair; what was in the body is never executed.
        let _ = stream.shutdown().await;
        assert_eq!(read_until_closed(&mut stream, "").await.len(), 0);
    }
    assert_eq!(users.total(), 0);
}

#[tokio::test]
async fn a_body_is_asked_for_when_the_client_waits_for_that() {
    let (_users, gateway) = start().await;
    let mut stream = gateway.connect().await;

    send(&mut stream, "POST /1 HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 3\r\nexpect: 100-continue\r\n\r\n").await;
    let mut told = [0; 25];
    stream.read_exact(&mut told).await.expect("a line");
    assert_eq!(&told, b"HTTP/1.1 100 Continue\r\n\r\n");
    send(&mut stream, "[1]").await;
    let replies = read_replies(&mut stream, "POST").await;

    assert_eq!(replies[0].body, r#"{"data":[1]}"#);
    send(&mut stream, get("2")).await;
    assert_eq!(read_replies(&mut stream, "GET").await[0].status, 200);
}

#[tokio::test]
async fn half_a_request_holds_up_nobody() {
    let (_users, gateway) = start().await;
    let mut halves = Vec::new();
    for half in [
        "",
        "\r\n",
        "GET",
        "GET /1 HTTP/1.1\r\nhost:",
        "POST /1 HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n[",
        "POST /1 HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n5\r\n[1",
    ] {
        let mut stream = gateway.connect().await;
        send(&mut stream, half).await;
        halves.push(stream);
    }

    for _ in 0..3 {
        gateway.get("/2").await.assert_data(200, json!("/users/2"));
    }

    // And the halves become whole.
    send(&mut halves[2], " /3 HTTP/1.1\r\nhost: a\r\n\r\n").await;
    let replies = read_replies(&mut halves[2], "GET").await;
    assert_eq!(replies[0].body, r#"{"data":"/users/3"}"#);
    send(&mut halves[4], "\"b\",\"c\"]").await;
    let replies = read_replies(&mut halves[4], "POST").await;
    assert_eq!(replies[0].body, r#"{"data":["b","c"]}"#);
}

#[tokio::test]
async fn a_request_may_come_byte_by_byte() {
    let (_users, gateway) = start().await;
    let mut stream = gateway.connect().await;
    stream.set_nodelay(true).expect("a socket");
    let post = "\r\nPOST /1 HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 7\r\n\r\n\"a\r\n\r\nb";
    let post = post.replace("\"a\r\n\r\nb", "[ 1,2 ]");

    for byte in (post + &get("2")).bytes() {
        send(&mut stream, [byte]).await;
        tokio::task::yield_now().await;
    }
    let replies = read_replies(&mut stream, "POST GET").await;

    assert_eq!(replies[0].body, r#"{"data":[1,2]}"#);
    assert_eq!(replies[1].body, r#"{"data":"/users/2"}"#);
}

#[tokio::test]
async fn a_large_body_and_a_large_reply_come_through() {
    let (_users, gateway) = start_with("max_body = \"8MiB\"\n").await;
    let text = "é".repeat(1_500_000);

    let reply = gateway.post("/1", json!([text])).await;

    reply.assert_status(200);
    assert_eq!(reply.json()["data"][0].as_str().map(str::len), Some(text.len()));
}

#[tokio::test]
async fn several_listeners_serve_side_by_side() {
    let (_users, gateway) =
        start_with("listen = [\"127.0.0.1:0\", \"127.0.0.1:0\", \"[::1]:0\"]\n").await;

    assert_eq!(gateway.addresses.len(), 3);
    for address in &gateway.addresses {
        let reply = reqwest::get(format!("http://{address}/1")).await.expect("a reply");
        assert_eq!(reply.text().await.expect("a body"), r#"{"data":"/users/1"}"#);
    }
}

#[tokio::test]
async fn a_unix_socket_is_a_listener() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("frontdesk.sock");
    // One that was left behind is replaced.
    drop(std::os::unix::net::UnixListener::bind(&path).expect("a socket"));
    let (_users, gateway) = start_with(&format!("listen = \"unix:{}\"\n", path.display())).await;

    let mut stream = UnixStream::connect(&path).await.expect("a connection");
    stream
        .write_all(b"GET /1 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        .await
        .expect("it is written");
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.expect("a reply");
    assert!(reply.ends_with(r#"{"data":"/users/1"}"#), "{reply}");

    let mut stream = UnixStream::connect(&path).await.expect("a connection");
    stream.write_all(b"nonsense\r\n\r\n").await.expect("it is written");
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.expect("a reply");
    assert!(reply.contains("BAD_REQUEST"), "{reply}");
    gateway.stop();
}

#[tokio::test]
async fn a_file_that_is_no_socket_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("precious");
    std::fs::write(&path, "data").expect("a file");
    let config = Gateway::config().gateway(&format!("listen = \"unix:{}\"\n", path.display()));

    let (code, said) = Program::fails(config);

    assert_eq!(code, Some(1));
    assert!(said.contains("precious"), "{said}");
    assert_eq!(std::fs::read_to_string(&path).expect("the file"), "data");
}

#[tokio::test]
async fn an_address_in_use_is_told_by_name() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address");
    let config = || Gateway::config().gateway(&format!("listen = \"{address}\"\n"));

    let (code, said) = Program::fails(config());

    assert_eq!(code, Some(1));
    let said = said.replace(&address.to_string(), "ADDRESS");
    insta::assert_snapshot!(said, @r"
    error: cannot listen on ADDRESS: Address already in use (os error 98)

    the gateway was not started
    ");
}

#[tokio::test]
async fn connections_beyond_the_most_wait_for_their_turn() {
    let (users, gateway) = start_with("max_connections = 1\n").await;
    let mut first = gateway.connect().await;
    send(&mut first, get("1")).await;
    read_replies(&mut first, "GET").await;

    let mut second = gateway.connect().await;
    send(&mut second, get("2")).await;
    for _ in 0..20 {
        send(&mut first, get("1")).await;
        read_replies(&mut first, "GET").await;
    }
    assert_eq!(users.count("GET /users/2"), 0);
    drop(first);

    assert_eq!(read_replies(&mut second, "GET").await[0].status, 200);
}

#[tokio::test]
async fn requests_in_flight_are_served_before_the_end() {
    let gate = Gate::new();
    let (users, mut gateway) = start().await;
    users.once("GET", "/users/1", Reply::json(json!("slow")).when(&gate));
    let mut waiting = gateway.connect().await;
    send(&mut waiting, get("1")).await;
    let mut idle = gateway.connect().await;
    send(&mut idle, get("2")).await;
    read_replies(&mut idle, "GET").await;
    users.wait_for(2).await;

    gateway.begin_stop();

    // An idle connection is closed, which also says that the stop has begun.
    assert_eq!(read_until_closed(&mut idle, "").await.len(), 0);
    while TcpStream::connect(gateway.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    gate.open();
    let replies = read_until_closed(&mut waiting, "GET").await;
    assert_eq!(replies.len(), 1);
    assert_eq!(replies[0].body, r#"{"data":"slow"}"#);
    replies[0].assert_last();
    gateway.stop();
}

#[tokio::test]
async fn the_process_ends_when_the_last_request_is_served() {
    let users = Upstream::start().await;
    for (signal, requests) in [("TERM", 1), ("INT", 2)] {
        let gate = Gate::new();
        users.on("GET", "/users/1", Reply::json(json!("slow")).when(&gate));
        let program =
            Gateway::config().upstream("users", &users).route("[id].toml", ROUTE).launch();
        let mut stream = TcpStream::connect(program.address).await.expect("a connection");
        send(&mut stream, get("1")).await;
        users.wait_for(requests).await;

        program.signal(signal);
        program.wait_for("stopping: the requests in flight are served");
        gate.open();
        let replies = read_until_closed(&mut stream, "GET").await;

        assert_eq!(replies.len(), 1, "{signal}");
        let line = program.wait_for("stopped");
        assert_eq!(line["level"], "INFO");
    }
}

#[tokio::test]
async fn clients_that_leave_leave_nothing_behind() {
    let (users, gateway) = start().await;
    users.on("GET", "/users/slow", Reply::hang());
    for round in 1..=5 {
        let mut stream = gateway.connect().await;
        send(&mut stream, get("slow")).await;
        users.wait_for(round).await;
        drop(stream);
        users.wait_for_cancelled(round).await;
    }
    gateway.get("/1").await.assert_status(200);
}

#[tokio::test]
async fn many_at_once_are_all_served() {
    let (users, gateway) = start_with("workers = 2\n").await;
    let gateway = Arc::new(gateway);
    let asking: Vec<_> = (0..200)
        .map(|id| {
            let url = gateway.url(&format!("/{id}"));
            tokio::spawn(async move { reqwest::get(url).await.expect("a reply").status() })
        })
        .collect();
    for one in asking {
        assert_eq!(one.await.expect("no panic"), 200);
    }
    assert_eq!(users.total(), 200);
}
