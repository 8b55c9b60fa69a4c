//! What a key may look like, and which keys upstreams get.

use std::collections::HashSet;

use super::*;

#[tokio::test]
async fn a_key_may_be_required() {
    let up = shop().await;
    let gateway = serving(&up, &ORDER.replace("optional", "required")).await;

    let reply = gateway.post("/x", json!({"sku": 1})).await;
    reply.assert_error(400, "BAD_REQUEST");
    let details = json!([
        {"field": "headers.idempotency-key", "message": "is required", "rule": "required"},
    ]);
    assert_eq!(reply.json()["error"]["details"], details);
    assert_eq!(up.total(), 0);
    order(&gateway, "k").await.assert_status(201);
}

#[tokio::test]
async fn what_is_no_key_is_400_also_where_none_is_needed() {
    let up = shop().await;
    let gateway = serving(&up, ORDER).await;

    let long = "k".repeat(256);
    for bad in ["", " ", "\"\"", "\"open", "a b", "a,b", "\"a\", \"b\"", "\u{e4}", &long] {
        let reply = order(&gateway, bad).await;
        reply.assert_error(400, "BAD_REQUEST");
        assert_eq!(reply.json()["error"]["details"][0]["field"], "headers.idempotency-key");
    }
    order(&gateway, "k").key("k").await.assert_error(400, "BAD_REQUEST");
    assert_eq!(up.total(), 0);
    order(&gateway, &"k".repeat(255)).await.assert_status(201);
}

#[tokio::test]
async fn quotes_are_no_part_of_a_key() {
    let up = shop().await;
    let route = format!("{ORDER}\nresponse.extra.key = '$request.idempotency_key'");
    let gateway = serving(&up, &route).await;

    let first = order(&gateway, "8e03978e-40d5").await;
    assert_eq!(first.json()["key"], "8e03978e-40d5");
    assert_replay(&order(&gateway, "\"8e03978e-40d5\"").await, &first);
    let spaced = order(&gateway, "\"a \\\"b\\\"\"").await;
    assert_eq!(spaced.json()["key"], "a \"b\"");
}

/// Two calls, one of them for each item.
const DERIVED: &str = r#"
    [post]
    idempotency = "optional"
    [post.calls.a]
    upstream = "up"
    method = "POST"
    path = "/a"
    idempotency_key = true
    [post.calls.b]
    upstream = "up"
    method = "POST"
    path = "/b"
    each = '["x", "y", "x"]'
    each_parallel = 1
    needs = ["a"]
    idempotency_key = true
    [post.calls.c]
    upstream = "up"
    method = "POST"
    path = "/c"
    needs = ["b"]
"#;

async fn sent_keys(up: &Upstream, gateway: &Gateway, key: Option<&str>) -> Vec<String> {
    up.forget();
    let request = gateway.poke("/x");
    let reply = match key {
        Some(key) => request.key(key).await,
        None => request.await,
    };
    reply.assert_status(200);
    let keys = |recorded: &upstream_mocks::Recorded| {
        let keys = recorded.header_values("idempotency-key");
        assert_eq!(keys.len(), usize::from(recorded.path() != "/c"), "{recorded:?}");
        keys.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    up.requests().iter().flat_map(|recorded| keys(recorded)).collect()
}

#[tokio::test]
async fn a_call_sends_a_key_that_is_derived_from_the_clients_its_name_and_the_item() {
    let up = Upstream::start().await;
    up.on("*", "/**", Reply::json(json!("ok")));
    let gateway = serving(&up, DERIVED).await;

    let first = sent_keys(&up, &gateway, Some("k-one")).await;
    assert_eq!(first.iter().collect::<HashSet<_>>().len(), 4, "{first:?}");
    for key in &first {
        assert!(key.len() == 64 && key.bytes().all(|byte| byte.is_ascii_hexdigit()), "{key}");
    }
    let other = sent_keys(&up, &gateway, Some("k-two")).await;
    assert!(other.iter().all(|key| !first.contains(key)));
    // The same as before, also by another gateway.
    gateway.advance(25 * 3600);
    assert_eq!(sent_keys(&up, &gateway, Some("k-one")).await, first);
    let second = serving(&up, DERIVED).await;
    assert_eq!(sent_keys(&up, &second, Some("k-one")).await, first);
}

#[tokio::test]
async fn without_a_key_of_the_client_each_request_has_its_own() {
    let up = Upstream::start().await;
    up.on("*", "/**", Reply::json(json!("ok")));
    let gateway = serving(&up, DERIVED).await;

    let mut all = sent_keys(&up, &gateway, None).await;
    all.extend(sent_keys(&up, &gateway, None).await);
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), 8);
}

#[tokio::test]
async fn a_key_is_derived_also_where_no_reply_is_kept() {
    let up = Upstream::start().await;
    up.on("*", "/**", Reply::json(json!("ok")));
    let gateway = serving(&up, &DERIVED.replace("optional", "off")).await;

    let first = sent_keys(&up, &gateway, Some("k")).await;
    assert_eq!(sent_keys(&up, &gateway, Some("k")).await, first);
    assert_ne!(sent_keys(&up, &gateway, Some("l")).await, first);
}
