//! Requests at once, requests that are left, and requests that are not the same.

use super::*;

#[tokio::test]
async fn a_key_in_flight_is_409_and_then_replayed() {
    let (up, gate) = (Upstream::start().await, Gate::new());
    up.on("POST", "/orders", Reply::json(json!({"id": 1})).when(&gate));
    let gateway = serving(&up, ORDER).await;

    let first = order(&gateway, "k").sent();
    up.wait_for(1).await;
    let second = order(&gateway, "k").await;
    second.assert_error(409, "CONFLICT").assert_header("retry-after", "1");
    gateway.post("/x", json!({"sku": 2})).key("k").await.assert_error(422, "UNPROCESSABLE");
    gate.open();

    let first = first.await;
    first.assert_data(201, json!({"id": 1}));
    assert_replay(&order(&gateway, "k").await, &first);
    assert_eq!(up.total(), 1);
}

#[tokio::test]
async fn a_key_in_flight_is_409_also_when_replies_are_kept_for_a_short_time() {
    let (up, gate) = (Upstream::start().await, Gate::new());
    up.on("POST", "/orders", Reply::json(json!({"id": 1})).when(&gate));
    let gateway = serving(&up, &short()).await;

    let first = order(&gateway, "k").sent();
    up.wait_for(1).await;
    gateway.advance(39);
    order(&gateway, "k").await.assert_error(409, "CONFLICT").assert_header("retry-after", "1");
    gate.open();
    let first = first.await;
    assert_replay(&order(&gateway, "k").await, &first);
    assert_eq!(up.total(), 1);
}

#[tokio::test]
async fn the_same_json_written_otherwise_is_the_same_request() {
    let up = shop().await;
    let gateway = serving(&up, ORDER).await;
    let ask =
        |body: &'static str| gateway.request("POST", "/x").key("k").body("application/json", body);

    let first = ask(r#"{"sku":1,"of":{"a":[2],"b":"c"}}"#).await;
    first.assert_status(201);
    for same in [
        r#"{"of":{"b":"c","a":[2]},"sku":1}"#,
        r#"{ "sku": 1.0, "of": { "a": [2e0], "b": "\u0063" } }"#,
    ] {
        assert_replay(&ask(same).await, &first);
    }
    for other in [
        r#"{"sku":1,"of":{"a":["2"],"b":"c"}}"#,
        r#"{"sku":1.5,"of":{"a":[2],"b":"c"}}"#,
        r#"{"sku":1,"of":{"a":[2],"b":"c"},"d":null}"#,
    ] {
        ask(other).await.assert_error(422, "UNPROCESSABLE");
    }
    assert_eq!(up.total(), 1);
}

#[tokio::test]
async fn a_hundred_equal_requests_are_one_change() {
    let up = shop().await;
    let gateway = Gateway::config()
        .gateway("workers = 4\n")
        .upstream("up", &up)
        .open_route("x.toml", ORDER)
        .start()
        .await;

    for key in ["a", "b", "c"] {
        up.forget();
        let replies: Vec<_> = (0..100).map(|_| order(&gateway, key).sent()).collect();
        let mut served = 0;
        for reply in replies {
            let reply = reply.await;
            match (reply.status, reply.header("idempotency-replayed")) {
                (201, None) => served += 1,
                (201, Some("true")) => {}
                _ => drop(reply.assert_error(409, "CONFLICT")),
            }
        }
        assert_eq!((served, up.total()), (1, 1));
    }
}

#[tokio::test]
async fn changes_side_by_side_are_each_sent_once() {
    let up = shop().await;
    let route = r#"
        [post]
        idempotency = "optional"
        input.body = { type = "object", additional = "keep" }
        [post.calls.a]
        upstream = "up"
        method = "POST"
        path = "/orders"
        parallel = true
        [post.calls.b]
        upstream = "up"
        method = "POST"
        path = "/orders"
        parallel = true
        each = '[1, 2, 3]'
    "#;
    let gateway = serving(&up, route).await;

    let first = order(&gateway, "k").await;
    first.assert_status(200);
    assert_replay(&order(&gateway, "k").await, &first);
    assert_eq!(up.total(), 4);
}

#[tokio::test]
async fn a_client_that_leaves_finds_its_reply_later() {
    let (up, gate) = (Upstream::start().await, Gate::new());
    up.on("POST", "/orders", Reply::json(json!({"id": 1})).when(&gate));
    let gateway = serving(&up, ORDER).await;

    let client = order_and_leave(&gateway, "k").await;
    up.wait_for(1).await;
    drop(client);
    order(&gateway, "k").await.assert_error(409, "CONFLICT");
    gate.open();
    let replayed = loop {
        let reply = order(&gateway, "k").await;
        if reply.status != 409 {
            break reply;
        }
    };
    replayed.assert_data(201, json!({"id": 1})).assert_header("idempotency-replayed", "true");
    assert_eq!(up.total(), 1);
}

#[tokio::test]
async fn a_client_that_leaves_before_a_change_leaves_the_key_free() {
    let up = shop().await;
    up.on("GET", "/checked", Reply::json(json!(true)));
    up.once("GET", "/checked", Reply::hang());
    let route = format!(
        "{}\n[post.calls.checked]\nupstream = \"up\"\npath = \"/checked\"",
        ORDER.replace("json =", "needs = [\"checked\"], json =")
    );
    let gateway = serving(&up, &route).await;

    let client = order_and_leave(&gateway, "k").await;
    up.wait_for(1).await;
    order(&gateway, "k").await.assert_error(409, "CONFLICT");
    drop(client);
    up.cancelled().await;

    let reply = loop {
        let reply = order(&gateway, "k").await;
        if reply.status != 409 {
            break reply;
        }
    };
    reply.assert_status(201).assert_no_header("idempotency-replayed");
    assert_eq!(up.count("POST /orders"), 1);
}

#[tokio::test]
async fn a_change_that_outlives_the_deadline_is_not_sent_again() {
    let (up, gate) = (Upstream::start().await, Gate::new());
    up.on("POST", "/orders", Reply::json(json!({"id": 1})).when(&gate));
    let gateway = serving(&up, &format!("deadline = \"200ms\"\n{ORDER}")).await;

    let first = order(&gateway, "k").await;
    first.assert_error(504, "UPSTREAM_TIMEOUT");
    assert_replay(&order(&gateway, "k").await, &first);
    gate.open();
    gateway.advance(3600);
    assert_replay(&order(&gateway, "k").await, &first);
    assert_eq!(up.total(), 1);
}

#[tokio::test]
async fn a_key_for_another_payload_is_422() {
    let up = Upstream::start().await;
    up.on("*", "/**", Reply::json(json!("ok")));
    let route = r#"
        [post]
        idempotency = "optional"
        input.query.dry = { type = "boolean" }
        input.headers.x-tenant = { type = "string" }
        input.cookies.theme = { type = "string" }
        input.body = { type = "object", properties = { a = {} } }
        calls.it = { upstream = "up", method = "POST", path = "/it", json = '$body' }
    "#;
    let gateway =
        Gateway::config().upstream("up", &up).open_route("[id].toml", route).start().await;
    let first = || gateway.post("/1", json!({"a": 1})).key("k");
    let body = |body: &'static str| gateway.poke("/1").body("application/json", body).key("k");

    first().await.assert_status(200);
    for (what, other) in [
        ("body", gateway.post("/1", json!({"a": 2})).key("k")),
        ("no member", gateway.post("/1", json!({})).key("k")),
        ("path", gateway.post("/2", json!({"a": 1})).key("k")),
        ("query", gateway.post("/1?dry=true", json!({"a": 1})).key("k")),
        ("header", first().header("x-tenant", "b")),
        ("cookie", first().header("cookie", "theme=dark")),
    ] {
        let reply = other.await;
        reply.assert_error(422, "UNPROCESSABLE");
        let details = &reply.json()["error"]["details"];
        assert_eq!(details[0]["field"], "headers.idempotency-key", "{what}: {reply:?}");
    }
    // What the endpoint does not see makes no other request.
    for same in [
        body(" {\"a\" : 1}"),
        body("{\"a\": 1, \"stripped\": true}"),
        gateway.post("/1?utm=x", json!({"a": 1})).key("k"),
        first().header("x-other", "b").header("accept-language", "de"),
    ] {
        same.await.assert_status(200).assert_header("idempotency-replayed", "true");
    }
    assert_eq!(up.total(), 1);
}

#[tokio::test]
async fn a_raw_body_is_compared_byte_by_byte_with_its_content_type() {
    let up = Upstream::start().await;
    up.on("*", "/**", Reply::json(json!("ok")));
    let route = r#"
        [post]
        idempotency = "required"
        calls.it = { upstream = "up", method = "POST", path = "/it", body = "raw" }
    "#;
    let gateway = serving(&up, route).await;
    let send = |kind: &str, body: &'static str| gateway.poke("/x").body(kind, body).key("k");

    send("text/plain", "a").await.assert_status(200);
    send("text/plain", "a").await.assert_header("idempotency-replayed", "true");
    send("text/plain", "a ").await.assert_error(422, "UNPROCESSABLE");
    send("text/html", "a").await.assert_error(422, "UNPROCESSABLE");
    assert_eq!(up.total(), 1);
}

#[tokio::test]
async fn a_key_belongs_to_a_session_a_route_and_a_method() {
    let up = shop().await;
    up.on("PATCH", "/orders", Reply::json(json!({"id": "patched"})));
    let patch = ORDER.replace("[post]", "[patch]").replace("\"POST\"", "\"PATCH\"");
    let other = Signer::secret();
    let gateway = Gateway::config()
        .gateway(&format!(
            "[tokens.other]\nissuer = \"https://other.test/\"\naudience = \"api\"\nalgorithms = [\"HS256\"]\n\
             key = {{ secret = \"{SECRET}\" }}\n"
        ))
        .upstream("up", &up)
        .route("x.toml", &format!("session = \"optional\"\n{ORDER}\n{patch}"))
        .route("y.toml", &format!("session = \"optional\"\n{ORDER}"))
        .start()
        .await;
    let elsewhere =
        other.token(json!({"typ": "JWT"}), json!({"iss": "https://other.test/", "sub": "ada"}));
    let requests = || {
        [
            order(&gateway, "k"),
            order(&gateway, "k").user("ada"),
            order(&gateway, "k").user("eve"),
            order(&gateway, "k").bearer(&elsewhere),
            gateway.post("/y", json!({"sku": 1})).key("k").user("ada"),
            gateway.request("PATCH", "/x").json(json!({"sku": 1})).key("k").user("ada"),
        ]
    };

    let mut bodies = Vec::new();
    for request in requests() {
        let reply = request.await;
        reply.assert_status(201).assert_no_header("idempotency-replayed");
        assert!(!bodies.contains(&reply.body), "{reply:?}");
        bodies.push(reply.body);
    }
    for (request, body) in requests().into_iter().zip(bodies) {
        let reply = request.await;
        reply.assert_header("idempotency-replayed", "true");
        assert_eq!(reply.body, body);
    }
    // Another token of the same user, and the same one by cookie.
    let again = order(&gateway, "k").claims(json!({"sub": "ada", "roles": ["admin"]})).await;
    again.assert_header("idempotency-replayed", "true");
    assert_eq!(up.total(), 6);
}

#[tokio::test]
async fn who_lost_a_role_gets_no_kept_reply() {
    let up = shop().await;
    let gateway = Gateway::config()
        .upstream("up", &up)
        .route("x.toml", &format!("session = \"required\"\nroles = [\"buyer\"]\n{ORDER}"))
        .start()
        .await;
    let user = |roles: Value| order(&gateway, "k").claims(json!({"sub": "ada", "roles": roles}));

    user(json!(["buyer"])).await.assert_status(201);
    user(json!([])).await.assert_error(403, "FORBIDDEN");
    order(&gateway, "k").await.assert_error(401, "UNAUTHORIZED");
    user(json!(["buyer"])).await.assert_header("idempotency-replayed", "true");
}
