//! What an endpoint promises about its reply, and what becomes of a reply that is not so.

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::harness::*;

const ROUTE: &str = r#"
    session = "none"
    [get.calls.user]
    upstream = "users"
    path = "/users/{$params.id}"
    [get.response.schema]
    required = ["id"]
    properties.id = { type = "integer" }
    properties.tags = { type = "array", items = { type = "string" } }
    additional = "refuse"
    [delete.response]
    status = 204
    schema = { type = "object" }
"#;

async fn config(mode: &str) -> (Upstream, Config) {
    let users = Upstream::start().await;
    users.on("GET", "/users/good", Reply::json(json!({"id": 1, "tags": ["a"]})));
    users.on("GET", "/users/bad", Reply::json(json!({"id": "secret-id", "tags": ["a", 2]})));
    users.on("GET", "/users/more", Reply::json(json!({"id": 1, "extra": 1})));
    users.on("GET", "/users/many", Reply::json(json!({"id": 1, "tags": vec![1; 300_000]})));
    let server =
        if mode.is_empty() { String::new() } else { format!("validate_responses = \"{mode}\"\n") };
    let config = Gateway::config().gateway(&server).upstream("users", &users);
    (users, config.route("users/[id].toml", ROUTE))
}

#[tokio::test]
async fn nobody_looks_unless_that_is_said() {
    let (_users, config) = config("").await;
    let gateway = config.start().await;
    gateway.get("/users/bad").await.assert_data(200, json!({"id": "secret-id", "tags": ["a", 2]}));
}

#[tokio::test]
async fn fail_is_a_500_without_a_word_of_the_reply() {
    let (_users, config) = config("fail").await;
    let gateway = config.start().await;

    gateway.get("/users/good").await.assert_data(200, json!({"id": 1, "tags": ["a"]}));
    // Without a payload there is nothing to check.
    gateway.request("DELETE", "/users/good").await.assert_status(204);
    for path in ["/users/bad", "/users/more", "/users/many"] {
        let reply = gateway.get(path).await;
        reply.assert_error(500, "INTERNAL_ERROR");
        assert!(!reply.body.contains("secret-id") && !reply.body.contains("tags"), "{reply:?}");
    }
}

#[tokio::test]
async fn log_says_what_is_wrong_once_and_sends_the_reply() {
    let (_users, config) = config("log").await;
    let program = config.launch();

    let mut stream = TcpStream::connect(program.address).await.expect("a connection");
    let ask = "GET /users/bad HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    stream.write_all(ask.as_bytes()).await.expect("it is written");
    let reply = read_until_closed(&mut stream, "GET").await.remove(0);
    let (_, lines) = program.stop();

    assert_eq!((reply.status, reply.body.contains("secret-id")), (200, true), "{reply:?}");
    let told: Vec<Value> = lines
        .iter()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"))
        .filter(|line| line["message"] == "the reply is not as its schema says")
        .collect();
    assert_eq!(told.len(), 1, "{lines:?}");
    assert_eq!(told[0]["mistakes"], "data.id (type), data.tags[1] (type)");
    assert_eq!(told[0]["request_id"].as_str(), reply.header("x-request-id"));
    assert_eq!(told[0]["level"], "WARN");
    assert!(!lines.join("\n").contains("secret-id"), "{lines:?}");
}

#[tokio::test]
async fn the_cause_of_the_500_is_in_the_log() {
    let (_users, config) = config("fail").await;
    let program = config.launch();

    let mut stream = TcpStream::connect(program.address).await.expect("a connection");
    let ask = "GET /users/bad HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    stream.write_all(ask.as_bytes()).await.expect("it is written");
    read_until_closed(&mut stream, "GET").await;
    let (_, lines) = program.stop();

    let cause = "the reply is not as its schema says: data.id (type), data.tags[1] (type)";
    assert!(lines.iter().any(|line| line.contains(cause)), "{lines:?}");
}
