//! Which replies are kept, how they come back, and for how long.

use super::*;

#[tokio::test]
async fn the_reply_to_a_key_is_kept_and_comes_back() {
    let up = shop().await;
    let gateway = serving(&up, ORDER).await;

    let first = order(&gateway, "k1").await;
    first.assert_data(201, json!({"id": 1})).assert_header("location", "/orders/1");
    for _ in 0..3 {
        assert_replay(&order(&gateway, "k1").await, &first);
    }
    order(&gateway, "k2").await.assert_data(201, json!({"id": 2}));
    assert_eq!(up.total(), 2);
}

#[tokio::test]
async fn without_a_key_nothing_is_kept() {
    let up = shop().await;
    let gateway = serving(&up, ORDER).await;

    for id in 1..=3 {
        let reply = gateway.post("/x", json!({"sku": 1})).await;
        reply.assert_data(201, json!({ "id": id })).assert_no_header("idempotency-replayed");
    }
}

#[tokio::test]
async fn an_endpoint_that_does_not_say_it_knows_no_keys() {
    let up = shop().await;
    let gateway = serving(&up, &ORDER.replace("optional", "off")).await;

    for id in 1..=3 {
        order(&gateway, "k").await.assert_data(201, json!({ "id": id }));
    }
    gateway.post("/x", json!({})).key("\"broken").await.assert_status(201);
}

#[tokio::test]
async fn a_key_above_the_methods_is_for_those_that_have_keys() {
    let up = Upstream::start().await;
    up.on("*", "/**", Reply::json(json!("ok")));
    let route = r#"
        idempotency = "required"
        get.calls.it = { upstream = "up", path = "/it" }
        put.calls.it = { upstream = "up", path = "/it", method = "PUT" }
        delete.calls.it = { upstream = "up", path = "/it", method = "DELETE" }
        post.calls.it = { upstream = "up", path = "/it", method = "POST" }
        patch.calls.it = { upstream = "up", path = "/it", method = "PATCH" }
    "#;
    let gateway = serving(&up, route).await;

    for (method, status) in
        [("GET", 200), ("PUT", 200), ("DELETE", 200), ("POST", 400), ("PATCH", 400)]
    {
        gateway.request(method, "/x").await.assert_status(status);
    }
    for method in ["PUT", "POST", "PATCH"] {
        gateway.request(method, "/x").key("k").await.assert_status(200);
        let again = gateway.request(method, "/x").key("k").await;
        assert_eq!(again.header("idempotency-replayed").is_some(), method != "PUT", "{method}");
    }
}

#[tokio::test]
async fn after_a_change_was_sent_every_reply_is_kept() {
    let up = Upstream::start().await;
    let gateway = serving(&up, ORDER).await;
    let answers = [
        (Reply::json(json!({"why": "taken"})).with_status(409), 409, "CONFLICT"),
        (Reply::json(json!({})).with_status(422), 422, "UNPROCESSABLE"),
        (Reply::json(json!({})).with_status(429), 503, "UPSTREAM_UNAVAILABLE"),
        (Reply::status(500), 502, "UPSTREAM_ERROR"),
        (Reply::text("no JSON").with_status(201), 502, "UPSTREAM_ERROR"),
        (Reply::reset(), 502, "UPSTREAM_ERROR"),
    ];
    for (at, (answer, status, code)) in answers.into_iter().enumerate() {
        up.on("POST", "/orders", answer);
        let first = order(&gateway, &format!("k{at}")).await;
        first.assert_error(status, code);
        assert_replay(&order(&gateway, &format!("k{at}")).await, &first);
        assert_eq!(up.total(), at + 1);
    }
}

#[tokio::test]
async fn an_error_of_ones_own_after_a_change_is_kept() {
    let up = shop().await;
    let route = format!(
        "errors = \"problem\"\n{ORDER}\n[[post.fail]]\nwhen = 'true'\nstatus = 402\ncode = \"DECLINED\""
    );
    let gateway = serving(&up, &route).await;

    let first = order(&gateway, "k").await;
    first.assert_status(402).assert_header("content-type", "application/problem+json");
    assert_replay(&order(&gateway, "k").await, &first);
    assert_eq!(up.total(), 1);
}

#[tokio::test]
async fn a_program_that_fails_after_a_change_leaves_a_kept_500() {
    let up = shop().await;
    let gateway = serving(&up, &format!("{ORDER}\nresponse.shape = '$order.id.x'")).await;

    let first = order(&gateway, "k").await;
    first.assert_error(500, "INTERNAL_ERROR");
    assert_replay(&order(&gateway, "k").await, &first);
    assert_eq!(up.total(), 1);
}

#[tokio::test]
async fn a_partial_reply_is_kept_as_it_was() {
    let up = shop().await;
    up.on("GET", "/stats", Reply::json(json!("now")));
    up.once("GET", "/stats", Reply::status(500));
    let route = format!(
        "{ORDER}\n[post.calls.stats]\nupstream = \"up\"\npath = \"/stats\"\noptional = true\nneeds = [\"order\"]"
    );
    let gateway = serving(&up, &route).await;

    let first = order(&gateway, "k").await;
    first.assert_status(201).assert_header("frontdesk-partial", "stats");
    assert_replay(&order(&gateway, "k").await, &first);
}

#[tokio::test]
async fn an_optional_change_that_fails_is_a_change_that_was_sent() {
    let up = Upstream::start().await;
    up.on("POST", "/orders", Reply::status(500));
    let route = ORDER.replace("json =", "optional = true, json =");
    let gateway = serving(&up, &route.replace("response.headers", "# ")).await;

    let first = order(&gateway, "k").await;
    first.assert_status(201);
    assert_replay(&order(&gateway, "k").await, &first);
    assert_eq!(up.total(), 1);
}

#[tokio::test]
async fn a_reply_without_a_body_comes_back_without_one() {
    let up = shop().await;
    let gateway = serving(&up, &ORDER.replace("201", "204")).await;

    let first = order(&gateway, "k").await;
    first.assert_status(204);
    assert_replay(&order(&gateway, "k").await, &first);
}

#[tokio::test]
async fn before_a_change_was_sent_the_key_is_free_again() {
    let up = shop().await;
    let route = r#"
        deadline = "1s"
        [post]
        idempotency = "optional"
        input.body = { type = "object", additional = "keep" }
        allow = '$checked.ok'
        calls.checked = { upstream = "up", path = "/checked" }
        [post.calls.order]
        upstream = "up"
        method = "POST"
        path = "/orders"
        json = '$body'
        when = '$checked.send'
        [post.response]
        status = 201
    "#;
    let gateway = serving(&up, route).await;

    let checks = [
        (Reply::status(500), 502),
        (Reply::hang(), 504),
        (Reply::json(json!({"ok": false, "send": true})), 403),
        (Reply::json(json!({"ok": true, "send": false})), 201),
    ];
    for (answer, status) in checks {
        up.once("GET", "/checked", answer);
        order(&gateway, "k").await.assert_status(status).assert_no_header("idempotency-replayed");
    }
    gateway.request("POST", "/x").body("application/json", "{").key("k").await.assert_status(400);
    assert_eq!(up.count("POST /orders"), 0);

    up.on("GET", "/checked", Reply::json(json!({"ok": true, "send": true})));
    let first = order(&gateway, "k").await;
    first.assert_data(201, json!({"checked": {"ok": true, "send": true}, "order": {"id": 1}}));
    assert_replay(&order(&gateway, "k").await, &first);
    assert_eq!(up.count("POST /orders"), 1);
}

#[tokio::test]
async fn a_key_is_kept_for_a_time() {
    let up = shop().await;
    let route = ORDER.replace("[post]", "[post]\nidempotency_keep = \"1h\"");
    let gateway = serving(&up, &route).await;

    let first = order(&gateway, "k").await;
    gateway.advance(3590);
    assert_replay(&order(&gateway, "k").await, &first);
    gateway.advance(20);
    order(&gateway, "k").await.assert_data(201, json!({"id": 2}));
}

#[tokio::test]
async fn a_key_is_kept_for_a_day_where_nothing_is_said() {
    let up = shop().await;
    let gateway = serving(&up, ORDER).await;

    let first = order(&gateway, "k").await;
    gateway.advance(24 * 3600 - 10);
    assert_replay(&order(&gateway, "k").await, &first);
    gateway.advance(20);
    order(&gateway, "k").await.assert_data(201, json!({"id": 2}));
}

#[tokio::test]
async fn memory_is_bounded_and_what_would_end_first_is_forgotten() {
    let up = shop().await;
    let pad = format!("response.extra.pad = '\"{}\"'", "x".repeat(4000));
    let gateway = Gateway::config()
        .gateway("[stores]\nmax_memory = \"20KiB\"\n")
        .upstream("up", &up)
        .open_route("x.toml", &format!("{ORDER}\n{pad}"))
        .start()
        .await;

    for key in 1..=10 {
        order(&gateway, &format!("k{key}")).await.assert_status(201);
        gateway.advance(1);
    }
    for key in 7..=10 {
        order(&gateway, &format!("k{key}")).await.assert_header("idempotency-replayed", "true");
    }
    assert_eq!(up.total(), 10);
    order(&gateway, "k1").await.assert_no_header("idempotency-replayed");
}
