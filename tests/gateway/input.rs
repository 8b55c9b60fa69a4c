//! What a request may say, and what becomes of it: path, query, headers, cookies.

use crate::harness::*;

/// An endpoint that gives back what it sees.
async fn echo(inputs: &str) -> Gateway {
    let route = format!(
        r#"
        session = "none"
        [get]
        {inputs}
        [get.response]
        shape = '{{query: $query, headers: $headers, cookies: $cookies}}'
        "#
    );
    Gateway::config().route("echo.toml", &route).start().await
}

/// The mistakes of a reply, as `field: message (rule)`.
#[track_caller]
fn mistakes(reply: &Answer) -> Vec<String> {
    reply.assert_error(400, "VALIDATION_ERROR");
    let body = reply.json();
    let details = body["error"]["details"].as_array().expect("details");
    let text = |detail: &Value, name: &str| detail[name].as_str().expect("text").to_owned();
    details
        .iter()
        .map(|one| {
            let (field, message) = (text(one, "field"), text(one, "message"));
            format!("{field}: {message} ({})", text(one, "rule"))
        })
        .collect()
}

#[tokio::test]
async fn query_text_becomes_the_declared_type() {
    let gateway = echo(
        r#"
        input.query.whole = { type = "integer" }
        input.query.number = { type = "number" }
        input.query.flag = { type = "boolean" }
        input.query.text = { type = "string" }
        input.query.plain = {}
        input.query.ids = { type = "array", items = { type = "integer" } }
        input.query.tags = { type = "array" }
        "#,
    )
    .await;

    let path = "/echo?whole=9007199254740993&number=1.50&flag=false&text=30&plain=true\
                &ids=1&tags=a&ids=2&tags=true";
    let reply = gateway.get(path).await;

    reply.assert_status(200);
    // As text: another JSON library would round the numbers.
    let query = r#"{"whole":9007199254740993,"number":1.50,"flag":false,"text":"30","plain":"true","ids":[1,2],"tags":["a","true"]}"#;
    assert!(reply.body.contains(query), "{}", reply.body);
}

#[tokio::test]
async fn what_is_left_out_is_null_or_its_default() {
    let gateway = echo(
        r#"
        input.query.limit = { type = "integer", default = 20 }
        input.query.sort = { enum = ["new", "old"], default = "new" }
        input.query.ids = { type = "array", default = ["a"] }
        input.query.q = { type = "string" }
        input.headers.accept-language = { type = "string", default = "en" }
        input.cookies.theme = { enum = ["light", "dark"], default = "light" }
        "#,
    )
    .await;
    let defaults = json!({
        "query": {"limit": 20, "sort": "new", "ids": ["a"], "q": null},
        "headers": {"accept-language": "en"},
        "cookies": {"theme": "light"},
    });

    gateway.get("/echo").await.assert_data(200, defaults.clone());
    // Empty counts as absent, except for text.
    let mut empty = defaults;
    empty["query"]["q"] = json!("");
    gateway.get("/echo?limit=&q=").await.assert_data(200, empty);
}

#[tokio::test]
async fn what_does_not_fit_is_refused_with_its_field_message_and_rule() {
    let gateway = echo(
        r#"
        input.query.limit = { type = "integer", minimum = 1, maximum = 100 }
        input.query.price = { type = "number", minimum = 0.5 }
        input.query.flag = { type = "boolean" }
        input.query.sort = { enum = ["new", "old"] }
        input.query.size = { enum = [1, 2] }
        input.query.name = { type = "string", pattern = "^[a-z]+$" }
        input.query.ids = { type = "array", items = { type = "integer", maximum = 9 } }
        "#,
    )
    .await;
    for (query, mistake) in [
        ("limit=x", "query.limit: must be a whole number (type)"),
        ("limit=1.5", "query.limit: must be a whole number (type)"),
        ("limit=%201", "query.limit: must be a whole number (type)"),
        ("limit=0x10", "query.limit: must be a whole number (type)"),
        ("limit=01", "query.limit: must be a whole number (type)"),
        ("limit=1e400", "query.limit: must be a whole number (type)"),
        ("limit=NaN", "query.limit: must be a whole number (type)"),
        ("limit=0", "query.limit: must be at least 1 (minimum)"),
        ("limit=-9223372036854775809", "query.limit: must be at least 1 (minimum)"),
        ("limit=101", "query.limit: must be at most 100 (maximum)"),
        ("limit=99999999999999999999", "query.limit: must be at most 100 (maximum)"),
        ("price=0.4", "query.price: must be at least 0.5 (minimum)"),
        ("price=Infinity", "query.price: must be a number (type)"),
        ("flag=1", "query.flag: must be true or false (type)"),
        ("flag=TRUE", "query.flag: must be true or false (type)"),
        ("sort=newest", "query.sort: must be one of new, old (enum)"),
        ("sort=", "query.sort: must be one of new, old (enum)"),
        ("size=3", "query.size: must be one of 1, 2 (enum)"),
        ("size=x", "query.size: must be a whole number (type)"),
        ("name=A", "query.name: does not have the form that is expected (pattern)"),
        ("name=a%0Ab", "query.name: does not have the form that is expected (pattern)"),
        ("limit=1&limit=2", "query.limit: must be given once (type)"),
        ("limit=1&limit=1", "query.limit: must be given once (type)"),
        ("ids=1&ids=x", "query.ids[1]: must be a whole number (type)"),
        ("ids=10", "query.ids[0]: must be at most 9 (maximum)"),
    ] {
        let reply = gateway.get(&format!("/echo?{query}")).await;
        assert_eq!(mistakes(&reply), [mistake], "{query}");
    }
}

#[tokio::test]
async fn one_value_for_an_array_is_an_array_of_one() {
    let gateway =
        echo(r#"input.query.ids = { type = "array", items = { type = "integer" } }"#).await;

    let reply = gateway.get("/echo?ids=7").await;

    assert_eq!(reply.json()["data"]["query"], json!({"ids": [7]}));
    let reply = gateway.get("/echo?ids=1,2").await;
    assert_eq!(mistakes(&reply), ["query.ids[0]: must be a whole number (type)"]);
}

#[tokio::test]
async fn further_query_keys_are_ignored_or_refused_as_declared() {
    let ignoring = echo(r#"input.query.a = { type = "string" }"#).await;
    let reply = ignoring.get("/echo?a=1&b=2&A=3&constructor=4").await;
    reply.assert_data(200, json!({"query": {"a": "1"}, "headers": null, "cookies": null}));

    let refusing = echo(
        r#"
        input.additional_query = "refuse"
        input.query.a = { type = "string" }
        "#,
    )
    .await;
    refusing.get("/echo?a=1").await.assert_status(200);
    let reply = refusing.get("/echo?a=1&b=2&A=3").await;
    assert_eq!(
        mistakes(&reply),
        ["query.b: is not known here (additional)", "query.A: is not known here (additional)"]
    );
}

#[tokio::test]
async fn what_is_required_must_be_there() {
    let gateway = echo(
        r#"
        input.query.q = { type = "string", required = true }
        input.query.n = { type = "integer", required = true }
        input.headers.x-tenant = { type = "string", required = true }
        input.cookies.theme = { type = "string", required = true }
        "#,
    )
    .await;

    let reply = gateway.get("/echo?q=&n=").await;

    assert_eq!(
        mistakes(&reply),
        [
            "query.n: is required (required)",
            "headers.x-tenant: is required (required)",
            "cookies.theme: is required (required)",
        ]
    );
    let whole = gateway.get("/echo?q=a&n=1").header("X-Tenant", "t").header("cookie", "theme=x");
    whole.await.assert_status(200);
}

#[tokio::test]
async fn all_mistakes_are_told_at_once() {
    let route = r#"
        session = "none"
        input.params.id = { type = "integer" }
        [post]
        input.query.limit = { type = "integer" }
        input.headers.x-depth = { type = "integer" }
        input.cookies.theme = { enum = ["light"] }
        [post.input.body]
        type = "object"
        required = ["name"]
        properties.age = { type = "integer" }
        properties.name = {}
        [post.response]
        shape = '[$params, $query, $headers, $cookies, $body]'
    "#;
    let gateway = Gateway::config().route("users/[id].toml", route).start().await;

    let reply = gateway
        .post("/users/x?limit=y", json!({"age": "z"}))
        .header("x-depth", "deep")
        .header("cookie", "theme=dark")
        .await;

    insta::assert_snapshot!(mistakes(&reply).join("\n"), @r"
    params.id: must be a whole number (type)
    query.limit: must be a whole number (type)
    headers.x-depth: must be a whole number (type)
    cookies.theme: must be one of light (enum)
    body.age: must be a whole number (type)
    body.name: is required (required)
    ");
}

#[tokio::test]
async fn the_path_is_converted_and_checked() {
    let numbers = r#"
        session = "none"
        input.params.id = { type = "integer", minimum = 1 }
        [get.response]
        shape = '$params'
    "#;
    let patterns = r#"
        session = "none"
        input.params.slug = { type = "string", pattern = "^[a-z]{1,5}$" }
        [get.response]
        shape = '$params'
    "#;
    let gateway = Gateway::config()
        .route("number/[id].toml", numbers)
        .route("pattern/[slug].toml", patterns)
        .start()
        .await;

    gateway.get("/number/7").await.assert_data(200, json!({"id": 7}));
    assert_eq!(
        mistakes(&gateway.get("/number/0").await),
        ["params.id: must be at least 1 (minimum)"]
    );
    gateway.get("/pattern/abc").await.assert_data(200, json!({"slug": "abc"}));
    assert_eq!(
        mistakes(&gateway.get("/pattern/abcdef").await),
        ["params.slug: does not have the form that is expected (pattern)"]
    );
}

#[tokio::test]
async fn headers_are_found_in_any_case_and_must_not_come_twice() {
    let gateway = echo(
        r#"
        input.headers.X-Tenant = { type = "string" }
        input.headers.x-ids = { type = "array", items = { type = "integer" } }
        "#,
    )
    .await;

    let reply =
        gateway.get("/echo").header("x-TENANT", "a b").header("x-ids", "1").header("x-ids", "2");
    assert_eq!(reply.await.json()["data"]["headers"], json!({"x-tenant": "a b", "x-ids": [1, 2]}));

    let twice = gateway.get("/echo").header("x-tenant", "a").header("x-tenant", "b");
    assert_eq!(mistakes(&twice.await), ["headers.x-tenant: must be given once (type)"]);
}

#[tokio::test]
async fn a_header_that_is_not_utf_8_is_refused_where_it_is_read() {
    let gateway = echo(r#"input.headers.x-name = { type = "string" }"#).await;
    let host = gateway.address;
    let ask = |header: &[u8]| {
        let head = format!("GET /echo HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
        [head.as_bytes(), header, b"\r\n\r\n"].concat()
    };

    let replies = gateway.exchange(ask(b"x-name: caf\xe9"), "GET").await;
    replies[0].assert_error(400, "BAD_REQUEST");
    let replies = gateway.exchange(ask(b"x-other: caf\xe9"), "GET").await;
    assert_eq!(replies[0].status, 200);
    let replies = gateway.exchange(ask("x-name: café".as_bytes()), "GET").await;
    assert!(replies[0].body.contains("café"), "{replies:?}");
}

#[tokio::test]
async fn only_declared_cookies_are_seen() {
    let gateway = echo(r#"input.cookies.theme = { type = "string" }"#).await;

    let reply = gateway.get("/echo").header("cookie", "a=1; theme=dark; token=secret; Theme=x");
    assert_eq!(reply.await.json()["data"]["cookies"], json!({"theme": "dark"}));

    let twice = gateway.get("/echo").header("cookie", "theme=a; theme=b");
    assert_eq!(mistakes(&twice.await), ["cookies.theme: must be given once (type)"]);
    let odd = gateway.get("/echo").header("cookie", "=;;=; theme");
    assert_eq!(odd.await.json()["data"]["cookies"], json!({"theme": null}));
}

#[tokio::test]
async fn nothing_that_is_not_declared_reaches_a_service() {
    let users = Upstream::start().await;
    users.on("GET", "/users", Reply::json(json!([])));
    let route = r#"
        session = "none"
        [get]
        input.query.limit = { type = "integer" }
        [get.calls.users]
        upstream = "users"
        path = "/users"
        query = { limit = "{$query.limit}" }
    "#;
    let gateway = Gateway::config().upstream("users", &users).route("x.toml", route).start().await;

    let reply = gateway
        .get("/x?limit=5&admin=true&limit%00=6")
        .header("x-secret", "s")
        .header("cookie", "a=b")
        .header("authorization", "Bearer abc")
        .header("x-forwarded-for", "1.2.3.4")
        .header("forwarded", "for=1.2.3.4")
        .await;

    reply.assert_status(200);
    let request = &users.requests()[0];
    assert_eq!(request.query(), Some("limit=5"));
    let mut names: Vec<String> =
        request.headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
    names.sort();
    insta::assert_debug_snapshot!(names, @r#"
    [
        "accept",
        "host",
        "traceparent",
        "user-agent",
        "x-request-id",
    ]
    "#);
}

#[tokio::test]
async fn the_query_is_decoded_as_forms_are() {
    let gateway = echo(r#"input.query."a b" = { type = "string" }"#).await;

    for query in ["a+b=x+y%2B%C3%A9%26", "a%20b=x%20y%2b%c3%a9%26", "&&a+b=x+y%2B%C3%A9%26&"] {
        let reply = gateway.get(&format!("/echo?{query}")).await;
        assert_eq!(reply.json()["data"]["query"], json!({"a b": "x y+é&"}), "{query}");
    }
    let reply = gateway.get("/echo?a+b").await;
    assert_eq!(reply.json()["data"]["query"], json!({"a b": ""}));
    let reply = gateway.get("/echo?a+b=x=y?z/").await;
    assert_eq!(reply.json()["data"]["query"], json!({"a b": "x=y?z/"}));
}

#[tokio::test]
async fn a_query_that_is_not_text_is_refused() {
    let gateway = echo(r#"input.query.a = { type = "string" }"#).await;
    for query in ["a=%", "a=%2", "a=%zz", "%=1", "other=%", "a=%ff", "a=%C3", "a=%ed%a0%80"] {
        let reply = gateway.raw_get(&format!("/echo?{query}"), "").await;
        assert!(reply.starts_with("HTTP/1.1 400 "), "{query}: {reply}");
        assert!(reply.contains("BAD_REQUEST"), "{query}: {reply}");
    }
}

#[tokio::test]
async fn there_is_an_end_to_query_parameters() {
    let gateway = Gateway::config()
        .gateway("max_parameters = 3\n")
        .route(
            "echo.toml",
            r#"
            session = "none"
            [get]
            input.query.a = { type = "array" }
            [get.response]
            shape = '$query'
            "#,
        )
        .start()
        .await;

    gateway.get("/echo?a=1&a=2&b=3").await.assert_data(200, json!({"a": ["1", "2"]}));
    gateway.get("/echo?a=1&a=2&b=3&c=4").await.assert_error(400, "BAD_REQUEST");
}
