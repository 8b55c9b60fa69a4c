//! All of JSON Schema, on bodies and parameters, as clients see it.

use crate::harness::*;

/// An endpoint that gives its body back, and files beside it.
async fn echo(schema: &str, files: &[(&str, &str)]) -> Gateway {
    let route = format!(
        "session = \"none\"\n[post.response]\nshape = '$body'\n[post.input.body]\n{schema}"
    );
    let config = Gateway::config().route("echo.toml", &route);
    let config = files.iter().fold(config, |config, (name, text)| config.route(name, text));
    config.start().await
}

#[track_caller]
fn mistakes(reply: &Answer) -> Vec<String> {
    reply.assert_error(400, "VALIDATION_ERROR");
    let details = reply.json()["error"]["details"].clone();
    let line = |one: &Value| format!("{}: {} ({})", one["field"], one["message"], one["rule"]);
    details.as_array().expect("details").iter().map(|one| line(one).replace('"', "")).collect()
}

#[tokio::test]
async fn every_mistake_of_a_body_comes_back_at_once_in_plain_words() {
    let gateway = echo(
        r#"
        required = ["title", "items"]
        [post.input.body.properties]
        title = { type = "string", minLength = 5, maxLength = 80, trim = true }
        email = { type = "string", format = "email", lowercase = true }
        tags = { type = "array", items = { type = "string" }, uniqueItems = true, maxItems = 2 }
        items = { type = "array", minItems = 1, items = { "$ref" = "order.json#/$defs/item" } }
        "#,
        &[(
            "order.json",
            r#"{"$defs": {"item": {"required": ["sku"], "properties": {
                "sku": {"type": "string"}, "price": {"type": "number", "minimum": 0, "multipleOf": 0.01}
            }}}}"#,
        )],
    )
    .await;

    let reply = gateway
        .post(
            "/echo",
            json!({
                "title": "  abc  ", "email": "nobody", "tags": ["a", "a", "b"],
                "items": [{"sku": "1"}, {"price": 0.001}, {"sku": 2, "price": -1}],
            }),
        )
        .await;
    insta::assert_snapshot!(mistakes(&reply).join("\n"), @r"
    body.title: must have at least 5 characters (minLength)
    body.email: must be an e-mail address (format)
    body.tags: must have at most 2 items (maxItems)
    body.tags: must not have the same item twice (uniqueItems)
    body.items[1].price: must be a multiple of 0.01 (multipleOf)
    body.items[1].sku: is required (required)
    body.items[2].sku: must be text (type)
    body.items[2].price: must be at least 0 (minimum)
    ");

    let sent = json!({"title": " A title ", "email": "Ada@Example.com", "items": [{"sku": "1", "admin": true}]});
    let kept = json!({"title": "A title", "email": "ada@example.com", "items": [{"sku": "1"}]});
    gateway.post("/echo", sent).await.assert_data(200, kept);
}

#[tokio::test]
async fn a_page_size_is_brought_into_range() {
    let route = r#"
        session = "none"
        [get]
        input.query.limit = { type = "integer", minimum = 1, maximum = 100, default = 20, clamp = true }
        input.query.q = { type = "string", trim = true, lowercase = true, minLength = 2 }
        [get.response]
        shape = '$query'
    "#;
    let gateway = Gateway::config().route("list.toml", route).start().await;

    for (query, limit) in [
        ("", 20),
        ("limit=0", 1),
        ("limit=1000", 100),
        ("limit=-99999999999999999999", 1),
        ("limit=7", 7),
    ] {
        let reply = gateway.get(&format!("/list?{query}")).await;
        reply.assert_data(200, json!({"limit": limit, "q": null}));
    }
    gateway.get("/list?q=%20ADA+").await.assert_data(200, json!({"limit": 20, "q": "ada"}));
    assert_eq!(
        mistakes(&gateway.get("/list?q=%20a%20&limit=x").await),
        [
            "query.limit: must be a whole number (type)",
            "query.q: must have at least 2 characters (minLength)"
        ]
    );
}

#[tokio::test]
async fn an_integer_reaches_the_upstream_in_digits() {
    let service = Upstream::start().await;
    service.on("GET", "/list", Reply::json(json!({})));
    let route = r#"
        session = "none"
        [post]
        input.query.limit = { type = "integer", minimum = 1, maximum = 100, clamp = true }
        input.query.page = { type = "integer", minimum = 1, maximum = 100 }
        [post.input.body.properties.n]
        type = "integer"
        maximum = 100
        [post.calls.list]
        upstream = "service"
        path = "/list"
        query.limit = "{$query.limit}"
        query.n = "{$body.n}"
    "#;
    let config = Gateway::config().upstream("service", &service);
    let gateway = config.route("list.toml", route).start().await;

    let none = || json!({});
    for text in ["1000e-1", "0.1e1", "1E1", "1.0", "1e999", "-0", "1e-1", "-"] {
        for name in ["limit", "page"] {
            let reply = gateway.post(&format!("/list?{name}={text}"), none()).await;
            assert_eq!(mistakes(&reply), [format!("query.{name}: must be a whole number (type)")]);
        }
    }
    gateway.post("/list?limit=1000", none()).await.assert_status(200);
    for body in ["{\"n\": 1e2}", "{\"n\": 100.0}", "{\"n\": 1000e-1}"] {
        let request = gateway.request("POST", "/list").body("application/json", body);
        request.await.assert_status(200);
    }
    let sent: Vec<String> = service.requests().iter().map(|one| one.target.clone()).collect();
    assert_eq!(sent, ["/list?limit=100", "/list?n=100", "/list?n=100", "/list?n=100"]);
}

#[tokio::test]
async fn a_schema_in_a_file_may_refer_to_itself_and_to_its_neighbours() {
    let tree = r##"{"$id": "https://example.com/tree", "required": ["name"], "properties": {
        "name": {"$ref": "parts/name.json"}, "children": {"items": {"$ref": "#"}}, "note": {"enum": ["x", null]}
    }}"##;
    let name =
        r##"{"$ref": "#/$defs/text", "$defs": {"text": {"type": "string", "maxLength": 3}}}"##;
    let gateway =
        echo("file = \"tree.json\"", &[("tree.json", tree), ("parts/name.json", name)]).await;

    let good = json!({"name": "a", "note": null, "children": [{"name": "b", "children": []}]});
    gateway.post("/echo", good.clone()).await.assert_data(200, good);
    let bad = json!({"name": "a", "children": [{"name": "b", "children": [{"name": "long", "x": 1}, {}]}]});
    assert_eq!(
        mistakes(&gateway.post("/echo", bad).await),
        [
            "body.children[0].children[0].name: must have at most 3 characters (maxLength)",
            "body.children[0].children[1].name: is required (required)"
        ]
    );
}

#[tokio::test]
async fn a_message_never_holds_what_was_sent() {
    let gateway = echo(
        r#"
        [post.input.body.properties]
        password = { type = "string", minLength = 40, pattern = "^[0-9]+$", format = "uuid" }
        pin = { type = "integer", maximum = 9, multipleOf = 2 }
        choice = { enum = ["a"] }
        any = { anyOf = [{ type = "integer" }, { const = "x" }] }
        list = { uniqueItems = true, contains = { const = 1 } }
        "#,
        &[],
    )
    .await;

    let secret = "correct-horse";
    let body = json!({"password": secret, "pin": 987_654_321, "choice": secret, "any": secret, "list": [secret, secret]});
    let reply = gateway.post("/echo", body).await;

    assert!(mistakes(&reply).len() >= 7, "{reply:?}");
    assert!(!reply.body.contains(secret) && !reply.body.contains("987654321"), "{reply:?}");
}

#[tokio::test]
async fn a_schema_that_branches_into_itself_is_no_way_to_keep_a_worker_busy() {
    let gateway = echo(
        r##"
        "$ref" = "#/$defs/filter"
        [[post.input.body."$defs".filter.anyOf]]
        required = ["op", "args"]
        properties.op = { const = "and" }
        properties.args = { type = "array", items = { "$ref" = "#/$defs/filter" } }
        [[post.input.body."$defs".filter.anyOf]]
        required = ["op", "args"]
        properties.op = { const = "or" }
        properties.args = { type = "array", items = { "$ref" = "#/$defs/filter" } }
        [[post.input.body."$defs".filter.anyOf]]
        type = "integer"
        "##,
        &[],
    )
    .await;
    let nested = |inner: Value| (0..30).fold(inner, |args, _| json!({"op": "or", "args": [args]}));

    gateway.post("/echo", nested(json!(1))).await.assert_status(200);
    let told = mistakes(&gateway.post("/echo", nested(json!("x"))).await);
    let field = format!("body{}", ".args[0]".repeat(30));
    assert!(field.starts_with(told[0].split(['…', ':']).next().unwrap_or("-")), "{told:?}");
}

#[tokio::test]
async fn other_requests_go_on_while_a_large_body_is_checked() {
    let route = "session = \"none\"\n[post]\nmax_body = \"30MB\"\ninput.body = { type = \"array\", items = { type = \"object\", properties.a = { type = \"integer\", maximum = 5 } } }\n[post.response]\nshape = '$body | length'\n[get.response]\nshape = '1'";
    let gateway = Gateway::config().route("x.toml", route).start().await;
    let items = vec!["{\"a\":1,\"b\":2}"; 400_000].join(",");

    let large = gateway.request("POST", "/x").body("application/json", format!("[{items}]"));
    let (reply, small) = tokio::join!(large, gateway.get("/x"));

    reply.assert_data(200, json!(400_000));
    small.assert_data(200, json!(1));
    let bad = format!("[{items},{{\"a\":\"x\"}}]");
    let reply = gateway.request("POST", "/x").body("application/json", bad).await;
    assert_eq!(mistakes(&reply), ["body[400000].a: must be a whole number (type)"]);
    let broken = format!("[{items},]");
    let reply = gateway.request("POST", "/x").body("application/json", broken).await;
    reply.assert_error(400, "INVALID_JSON");
}

#[tokio::test]
async fn mistakes_of_the_address_and_of_a_large_body_are_told_together() {
    let route = "session = \"none\"\n[post]\ninput.query.n = { type = \"integer\" }\ninput.body = { type = \"array\", maxItems = 1 }\n";
    let gateway = Gateway::config().route("x.toml", route).start().await;
    let body = format!("[{}]", vec!["\"................\""; 20_000].join(","));

    let reply = gateway.request("POST", "/x?n=a").body("application/json", body).await;

    assert_eq!(
        mistakes(&reply),
        ["query.n: must be a whole number (type)", "body: must have at most 1 item (maxItems)"]
    );
}
