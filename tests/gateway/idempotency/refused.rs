//! Upstreams that were never reached: nothing was changed, so nothing is kept.

use super::*;

/// Two changes, one after the other, each at its own upstream.
const TWO: &str = r#"
    [post]
    idempotency = "optional"
    input.body = { type = "object", additional = "keep" }
    calls.order = { upstream = "up", method = "POST", path = "/orders", json = '$body' }
    calls.mail = { upstream = "down", method = "POST", path = "/mails", needs = ["order"] }
"#;

/// The address of nobody, until [`Nobody::comes_back`].
struct Nobody(std::net::SocketAddr);

impl Nobody {
    fn new() -> Self {
        Self(std::net::SocketAddr::from(([127, 0, 0, 1], free_port())))
    }

    fn url(&self) -> String {
        format!("http://{}", self.0)
    }

    /// From now on somebody answers there, with 201 and an id.
    async fn comes_back(&self) {
        let listener = tokio::net::TcpListener::bind(self.0).await.expect("the port is free");
        tokio::spawn(async move {
            while let Ok((mut connection, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut head = vec![0; 4096];
                    while let Ok(1..) = connection.read(&mut head).await {
                        let _ = connection.write_all(CREATED).await;
                    }
                });
            }
        });
    }
}

const CREATED: &[u8] = b"HTTP/1.1 201 Created\r\ncontent-type: application/json\r\n\
    content-length: 8\r\nconnection: close\r\n\r\n{\"id\":7}";

#[tokio::test]
async fn an_upstream_that_was_not_reached_leaves_the_key_free() {
    let nobody = Nobody::new();
    let config = Gateway::config().upstream_at("up", &nobody.url(), "");
    let gateway = config.open_route("x.toml", ORDER).start().await;
    assert_free_until_served(&gateway, &nobody).await;
}

#[tokio::test]
async fn an_upstream_that_was_not_reached_leaves_the_key_free_in_a_file() {
    let (nobody, folder) = (Nobody::new(), tempfile::tempdir().unwrap());
    let file = folder.path().join("kept.redb");
    let stores = format!("[stores]\nidempotency = \"file\"\nfile = \"{}\"\n", file.display());
    let config = Gateway::config().gateway(&stores).upstream_at("up", &nobody.url(), "");
    let gateway = config.open_route("x.toml", ORDER).start().await;
    assert_free_until_served(&gateway, &nobody).await;
}

#[tokio::test]
async fn an_upstream_that_was_not_reached_leaves_the_key_free_in_redis() {
    let (nobody, redis) = (Nobody::new(), Redis::start().await);
    let (url, timeout) = (redis.url(), "timeout = \"10s\"");
    let stores =
        format!("[stores]\nidempotency = \"redis\"\nredis = {{ url = \"{url}\", {timeout} }}\n");
    let config = Gateway::config().gateway(&stores).upstream_at("up", &nobody.url(), "");
    let gateway = config.open_route("x.toml", ORDER).start().await;
    assert_free_until_served(&gateway, &nobody).await;
}

async fn assert_free_until_served(gateway: &Gateway, nobody: &Nobody) {
    for _ in 0..2 {
        let reply = order(gateway, "k").await;
        reply.assert_error(503, "UPSTREAM_UNAVAILABLE").assert_no_header("idempotency-replayed");
    }
    nobody.comes_back().await;
    let first = order(gateway, "k").await;
    first.assert_data(201, json!({"id": 7}));
    assert_replay(&order(gateway, "k").await, &first);
}

#[tokio::test]
async fn one_change_that_was_sent_beside_one_that_was_not_is_kept() {
    let (up, nobody) = (shop().await, Nobody::new());
    let config = Gateway::config().upstream("up", &up).upstream_at("down", &nobody.url(), "");
    let gateway = config.open_route("x.toml", TWO).start().await;

    let first = order(&gateway, "k").await;
    first.assert_error(503, "UPSTREAM_UNAVAILABLE");
    nobody.comes_back().await;
    assert_replay(&order(&gateway, "k").await, &first);
    assert_eq!(up.total(), 1);
}

#[tokio::test]
async fn an_optional_change_that_was_not_sent_before_one_that_was_is_kept() {
    let (up, nobody) = (shop().await, Nobody::new());
    let config = Gateway::config().upstream("up", &up).upstream_at("down", &nobody.url(), "");
    let route = TWO.replace("needs = [\"order\"]", "optional = true");
    let route = route.replace("json = '$body'", "json = '$mail'");
    let gateway = config.open_route("x.toml", &route).start().await;

    let first = order(&gateway, "k").await;
    first.assert_status(200).assert_header("frontdesk-partial", "mail");
    assert_replay(&order(&gateway, "k").await, &first);
    assert_eq!(up.total(), 1);
}

#[tokio::test]
async fn a_connection_that_ends_before_an_answer_may_have_changed_something() {
    let up = Upstream::start().await;
    up.on("POST", "/orders", Reply::reset());
    let gateway = serving(&up, ORDER).await;

    let first = order(&gateway, "k").await;
    first.assert_error(502, "UPSTREAM_ERROR");
    assert_replay(&order(&gateway, "k").await, &first);
    assert_eq!(up.total(), 1);
}
