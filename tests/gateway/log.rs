//! What the log says, and what it never says.

use std::collections::{BTreeMap, BTreeSet};

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::harness::*;

const ROUTE: &str = r#"
    session = "optional"
    [get]
    input.query.q = { type = "string" }
    input.headers.x-note = { type = "string" }
    [get.calls.user]
    upstream = "users"
    path = "/users/{$params.id}"
    query = { q = "{$query.q}" }
    [get.calls.extra]
    upstream = "users"
    path = "/extra"
    optional = true
    [get.response]
    shape = '{user: $user, extra: $extra}'
    [post.input.body]
    properties.name = { type = "integer" }
    [post.calls.saved]
    upstream = "users"
    method = "POST"
    path = "/users"
    json = '$body'
"#;

const KEY: &str = "the-api-key-of-the-service";

fn config(users: &Upstream, level: &str) -> Config {
    Gateway::config()
        .gateway(&format!("[telemetry]\nlevel = \"{level}\"\n"))
        .env("USERS_KEY", KEY)
        .upstream_with("users", users, "headers = { x-api-key = \"${USERS_KEY}\" }\nquery = { appid = \"${USERS_KEY}-in-query\" }")
        .route("users/[id].toml", ROUTE)
}

async fn users() -> Upstream {
    let users = Upstream::start().await;
    users.on("GET", "/users/{id}", Reply::json(json!({"name": "Ada"})));
    users.on("GET", "/extra", Reply::json(json!(1)));
    users.on("GET", "/users/broken", Reply::raw("nonsense the service wrote", Then::Close));
    users.on("GET", "/users/hangs", Reply::hang());
    users.on("POST", "/users", Reply::json(json!({})));
    users
}

async fn ask(program: &Program, text: &str) -> RawReply {
    let mut stream = TcpStream::connect(program.address).await.expect("a connection");
    stream.write_all(text.as_bytes()).await.expect("it is written");
    let methods = text.split(' ').next().unwrap_or_default().to_owned();
    let mut replies = read_until_closed(&mut stream, &methods).await;
    assert_eq!(replies.len(), 1, "{replies:?}");
    replies.remove(0)
}

async fn get(program: &Program, target: &str) -> RawReply {
    ask(program, &format!("GET {target} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")).await
}

/// All lines as JSON, each with what every line has.
fn parsed(lines: &[String]) -> Vec<Value> {
    let read = |line: &String| {
        let value: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        for name in ["timestamp", "level", "target"] {
            assert!(value[name].is_string(), "{name} in {line}");
        }
        value
    };
    lines.iter().map(read).collect()
}

fn access(lines: &[String]) -> Vec<Value> {
    parsed(lines).into_iter().filter(|line| line["target"] == "frontdesk::access").collect()
}

#[tokio::test]
async fn there_is_one_line_per_request_with_what_it_became() {
    let users = users().await;
    let program = config(&users, "info").launch();

    let mut ids = Vec::new();
    for target in ["/users/u1", "/nothing", "/users/broken", "/users/a%0d%0ab", "/users/%41%20b"] {
        ids.push(get(&program, target).await.header("x-request-id").expect("an id").to_owned());
    }
    users.once("GET", "/extra", Reply::status(500));
    get(&program, "/users/u2?q=x").await;
    ask(&program, "HEAD /users/u3 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
    ask(&program, "PUT /users/u4 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
    ask(&program, "nonsense\r\n\r\n").await;
    let (code, lines) = program.stop();

    assert_eq!(code, Some(0));
    let lines = access(&lines);
    let said: Vec<String> = lines
        .iter()
        .map(|line| {
            let mut line = line.clone();
            let members = line.as_object_mut().expect("an object");
            for gone in ["timestamp", "target"] {
                members.shift_remove(gone);
            }
            assert!(members.shift_remove("duration_ms").is_some_and(|value| value.is_number()));
            let id = members.shift_remove("request_id").expect("an id");
            assert_eq!(id.as_str().map(str::len), Some(32));
            let members: BTreeMap<_, _> = members.iter().collect();
            serde_json::to_string(&members).expect("JSON")
        })
        .collect();
    insta::assert_snapshot!(said.join("\n"), @r#"
    {"bytes":42,"level":"INFO","method":"GET","path":"/users/u1","route":"/users/{id}","status":200}
    {"bytes":113,"code":"NOT_FOUND","level":"INFO","method":"GET","path":"/nothing","status":404}
    {"bytes":149,"cause":"call `user` to upstream `users`: the answer is broken: client error (SendRequest): invalid HTTP version parsed","code":"UPSTREAM_ERROR","level":"WARN","method":"GET","path":"/users/broken","route":"/users/{id}","status":502}
    {"bytes":176,"cause":"a segment holds a slash, a backslash or a control character","code":"BAD_REQUEST","level":"INFO","method":"GET","path":"/users/a%0d%0ab","status":400}
    {"bytes":42,"level":"INFO","method":"GET","path":"/users/%41%20b","route":"/users/{id}","status":200}
    {"bytes":107,"level":"INFO","method":"GET","partial":"extra","path":"/users/u2","route":"/users/{id}","status":200}
    {"bytes":0,"level":"INFO","method":"HEAD","path":"/users/u3","route":"/users/{id}","status":200}
    {"bytes":132,"code":"METHOD_NOT_ALLOWED","level":"INFO","method":"PUT","path":"/users/u4","status":405}
    {"bytes":118,"cause":"what came is not a request","code":"BAD_REQUEST","level":"INFO","method":"-","path":"-","status":400}
    "#);
    for (id, line) in ids.iter().zip(&lines) {
        assert_eq!(line["request_id"], id.as_str());
    }
}

#[tokio::test]
async fn a_request_has_one_id_everywhere() {
    let users = users().await;
    let program = config(&users, "info").launch();

    let reply = get(&program, "/users/broken").await;
    let (_, lines) = program.stop();

    let id = reply.header("x-request-id").expect("an id");
    reply.assert_error(502, "UPSTREAM_ERROR");
    let asked: BTreeSet<_> =
        users.requests().iter().map(|one| one.header("x-request-id").unwrap().to_owned()).collect();
    assert_eq!(asked, BTreeSet::from([id.to_owned()]));
    let own: Vec<_> = parsed(&lines).into_iter().filter(|line| line["request_id"] == id).collect();
    assert!(!own.is_empty());
    assert_eq!(own.iter().filter(|line| line["target"] == "frontdesk::access").count(), 1);
}

#[tokio::test]
async fn a_client_s_request_id_is_not_taken_over() {
    let users = users().await;
    let gateway = config(&users, "info").start().await;

    let reply = gateway.get("/users/u1").header("x-request-id", "evil\"id").await;

    assert_ne!(reply.header("x-request-id"), Some("evil\"id"));
    assert_eq!(users.requests()[0].header("x-request-id"), reply.header("x-request-id"));
}

#[tokio::test]
async fn the_cause_of_a_fault_is_in_the_log_and_not_in_the_reply() {
    let users = users().await;
    let program = config(&users, "info").launch();

    let reply = get(&program, "/users/broken").await;
    let (_, lines) = program.stop();

    let line = &access(&lines)[0];
    assert_eq!(line["level"], "WARN");
    let cause = line["cause"].as_str().expect("a cause");
    assert!(cause.contains("user"), "{cause}");
    assert!(!reply.body.contains(cause), "{reply:?}");
    let address = users.address().port().to_string();
    assert!(!reply.body.contains(&address), "{reply:?}");
    assert!(!reply.body.contains("nonsense"), "{reply:?}");
}

#[tokio::test]
async fn a_client_that_leaves_has_its_line() {
    let users = users().await;
    let program = config(&users, "info").launch();
    let mut stream = TcpStream::connect(program.address).await.expect("a connection");
    stream.write_all(b"GET /users/hangs HTTP/1.1\r\nhost: a\r\n\r\n").await.expect("it is written");
    users.wait_for(1).await;

    drop(stream);
    users.cancelled().await;
    let (_, lines) = program.stop();

    let lines = access(&lines);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(lines[0]["status"], 499);
}

#[tokio::test]
async fn a_client_that_leaves_while_its_change_runs_has_a_line_that_says_so() {
    let (users, gate) = (users().await, Gate::new());
    users.on("POST", "/users", Reply::json(json!({})).when(&gate));
    let program = config(&users, "info").launch();
    let mut stream = TcpStream::connect(program.address).await.expect("a connection");
    let post = |body: &str| {
        let length = body.len();
        format!(
            "POST /users/u1 HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        )
    };
    stream.write_all(post(r#"{"name": 1}"#).as_bytes()).await.expect("it is written");
    users.wait_for(1).await;

    drop(stream);
    // Its connection is given up before the change ends.
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    gate.open();
    // The service has to answer while the end of the program is waited for.
    let stopped = tokio::task::spawn_blocking(move || program.stop()).await;
    let (_, lines) = stopped.expect("no panic");

    let lines = access(&lines);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(lines[0]["status"], 499);
    let said = "the client left; the change went on, its reply would have been 200";
    assert_eq!(lines[0]["cause"], said);
}

#[tokio::test]
async fn a_client_that_closes_its_sending_side_has_left() {
    let users = users().await;
    let program = config(&users, "info").launch();
    let head = "POST /users/u1 HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n";
    // A whole body, and the half of one.
    for body in [
        "content-length: 11\r\n\r\n{\"name\": 1}",
        "content-length: 11\r\n\r\n{\"na",
        "transfer-encoding: chunked\r\n\r\n3\r\n{\"n",
    ] {
        let mut stream = TcpStream::connect(program.address).await.expect("a connection");
        stream.write_all(format!("{head}{body}").as_bytes()).await.expect("it is written");
        stream.shutdown().await.expect("it is closed");
        read_until_closed(&mut stream, "POST").await;
    }
    let (_, lines) = program.stop();

    let lines = access(&lines);
    assert_eq!(lines.len(), 3, "{lines:?}");
    for line in &lines[1..] {
        assert_eq!((&line["status"], &line["code"]), (&json!(499), &Value::Null), "{line}");
        assert_eq!(line["cause"], "the connection ended before the reply");
    }
    assert_ne!(lines[0]["status"], 400);
}

#[tokio::test]
async fn nothing_from_outside_begins_a_line_of_its_own() {
    let users = users().await;
    let program = config(&users, "info").launch();

    for target in
        ["/a%0d%0a%7b%22level%22:%22ERROR%22%7d", "/a%22%7d%0a", "/%1b[2J", "/a\"b", "/a'b|c"]
    {
        get(&program, target).await;
    }
    let (_, lines) = program.stop();

    assert_eq!(access(&lines).len(), 5, "{lines:?}");
}

/// Everything that a client or a config holds in confidence, in one request each, at every level.
#[tokio::test]
async fn no_line_has_a_secret() {
    let jwt = token(json!({"sub": "u1", "note": "claim-of-the-token"}));
    for level in ["info", "debug", "trace"] {
        let users = users().await;
        let program = config(&users, level).launch();
        let host = "host: a\r\nconnection: close\r\n";

        let head = format!(
            "GET /users/u1?q=the-query-text HTTP/1.1\r\n{host}authorization: Bearer {jwt}\r\nx-note: the-header-text\r\n\r\n"
        );
        assert_eq!(ask(&program, &head).await.status, 200);
        let head = format!(
            "GET /users/u1?q=the-query-text HTTP/1.1\r\n{host}x-csrf: 1\r\ncookie: token={jwt}; other=the-cookie-text\r\n\r\n"
        );
        assert_eq!(ask(&program, &head).await.status, 200);
        let head = format!(
            "GET /users/u1?q=the-query-text HTTP/1.1\r\n{host}authorization: Bearer {jwt}x\r\n\r\n"
        );
        assert_eq!(ask(&program, &head).await.status, 401);
        get(&program, "/users/broken?q=the-query-text").await;
        for body in [r#"{"name": "the-body-text"}"#, r#"{"name": the-body-text"#, r#"{"name": 1}"#]
        {
            let length = body.len();
            ask(&program, &format!("POST /users/u1 HTTP/1.1\r\n{host}content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}")).await;
        }
        users.on("GET", "/users/{id}", Reply::close());
        get(&program, "/users/u1?q=the-query-text").await;
        ask(&program, "GET /users/u1?q=the-query-text HTTP/1.1\r\nbad the-header-text\r\n\r\n")
            .await;
        let (_, lines) = program.stop();

        assert!(access(&lines).len() >= 9, "{level}");
        let signature = jwt.rsplit('.').next().expect("three parts");
        for secret in [
            KEY,
            SECRET,
            &jwt,
            signature,
            "claim-of-the-token",
            "the-query-text",
            "the-header-text",
            "the-cookie-text",
            "the-body-text",
            "nonsense the service wrote",
            "Ada",
        ] {
            let told = lines.iter().find(|line| line.contains(secret));
            assert_eq!(told, None, "`{secret}` at level {level}");
        }
    }
}
