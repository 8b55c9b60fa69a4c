//! Which endpoint answers.

use crate::harness::*;

/// A config whose routes all say who they are, and what the path held.
fn routes(files: &[&str]) -> Config {
    files.iter().fold(Gateway::config(), |config, file| {
        let route = format!(
            "session = \"none\"\n[get.response]\nshape = '{{file: \"{file}\", params: $params}}'"
        );
        config.route(&format!("{file}.toml"), &route)
    })
}

#[track_caller]
fn assert_answers(reply: &Answer, file: &str, params: serde_json::Value) {
    reply.assert_data(200, json!({"file": file, "params": params}));
}

#[tokio::test]
async fn literal_before_segment_before_catch_all_and_back_again() {
    let files = ["a/b/c", "a/[x]/d", "a/[x]/index", "a/[...rest]", "[...all]"];
    let gateway = routes(&files).start().await;

    assert_answers(&gateway.get("/a/b/c").await, "a/b/c", json!(null));
    assert_answers(&gateway.get("/a/z/d").await, "a/[x]/d", json!({"x": "z"}));
    // `b` leads nowhere from here, so `[x]` is tried, and then the rest.
    assert_answers(&gateway.get("/a/b/d").await, "a/[x]/d", json!({"x": "b"}));
    assert_answers(&gateway.get("/a/b").await, "a/[x]/index", json!({"x": "b"}));
    assert_answers(&gateway.get("/a/b/e").await, "a/[...rest]", json!({"rest": ["b", "e"]}));
    assert_answers(&gateway.get("/a").await, "[...all]", json!({"all": ["a"]}));
    assert_answers(&gateway.get("/z/y").await, "[...all]", json!({"all": ["z", "y"]}));
    gateway.get("/").await.assert_error(404, "NOT_FOUND");
}

#[tokio::test]
async fn index_is_the_folder_and_groups_do_not_show() {
    let gateway =
        routes(&["index", "users/index", "(staff)/reports", "(a)/(b)/c/index"]).start().await;

    assert_answers(&gateway.get("/").await, "index", json!(null));
    assert_answers(&gateway.get("/users").await, "users/index", json!(null));
    assert_answers(&gateway.get("/reports").await, "(staff)/reports", json!(null));
    assert_answers(&gateway.get("/c").await, "(a)/(b)/c/index", json!(null));
    for path in
        ["/index", "/users/index", "/(staff)/reports", "/%28staff%29/reports", "/staff/reports"]
    {
        gateway.get(path).await.assert_error(404, "NOT_FOUND");
    }
}

#[tokio::test]
async fn a_catch_all_is_an_array_of_decoded_segments() {
    let gateway = routes(&["files/[...path]", "docs/[[...path]]"]).start().await;

    let reply = gateway.raw_get("/files/a%20b/c%3Fd/%C3%A9", "").await;
    assert!(reply.contains(r#"{"path":["a b","c?d","é"]}"#), "{reply}");
    gateway.get("/files").await.assert_error(404, "NOT_FOUND");
    assert_answers(&gateway.get("/docs").await, "docs/[[...path]]", json!({"path": []}));
    assert_answers(
        &gateway.get("/docs/a/b").await,
        "docs/[[...path]]",
        json!({"path": ["a", "b"]}),
    );
}

#[tokio::test]
async fn a_trailing_slash_and_another_case_are_other_paths() {
    let gateway = routes(&["users/index", "users/[id]"]).start().await;

    for path in ["/users/", "/Users", "/USERS/1", "/users/1/", "/userss", "/user", "/users/1/x"] {
        gateway.get(path).await.assert_error(404, "NOT_FOUND");
    }
    assert_answers(&gateway.get("/users/A").await, "users/[id]", json!({"id": "A"}));
    let encoded = gateway.raw_get("/%75sers", "").await;
    assert!(encoded.starts_with("HTTP/1.1 200"), "{encoded}");
}

#[tokio::test]
async fn a_trailing_slash_is_no_segment_of_a_catch_all() {
    let gateway = routes(&["files/[...path]", "docs/[[...path]]"]).start().await;

    for path in ["/files/", "/files/a/", "/docs/", "/docs/a/"] {
        gateway.get(path).await.assert_error(404, "NOT_FOUND");
    }
}

#[tokio::test]
async fn files_that_are_not_routes_are_passed_over() {
    let gateway = routes(&["users"])
        .file("routes/README.md", "text")
        .file("routes/users.json", "{")
        .file("routes/users.toml.bak", "nonsense")
        .start()
        .await;

    assert_answers(&gateway.get("/users").await, "users", json!(null));
    gateway.get("/README").await.assert_error(404, "NOT_FOUND");
}

const METHODS: &str = r#"
    session = "none"
    [get.response]
    shape = '"read"'
    headers = { x-own = "a" }
    [post.response]
    status = 201
    shape = '"made"'
    [delete.response]
    status = 204
"#;

#[tokio::test]
async fn each_method_is_an_endpoint() {
    let gateway = Gateway::config().route("x.toml", METHODS).start().await;

    gateway.get("/x").await.assert_data(200, json!("read"));
    gateway.request("POST", "/x").await.assert_data(201, json!("made"));
    let gone = gateway.request("DELETE", "/x").await;
    gone.assert_status(204).assert_no_header("content-length");
    assert_eq!(gone.body, "");
}

#[tokio::test]
async fn other_methods_are_405_with_allow() {
    let users = Upstream::start().await;
    let gateway = Gateway::config().route("x.toml", METHODS).start().await;

    for method in ["PUT", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "get", "M-SEARCH", "QUERY"] {
        let reply = gateway.request(method, "/x").await;
        reply
            .assert_error(405, "METHOD_NOT_ALLOWED")
            .assert_header("allow", "GET, HEAD, POST, DELETE");
    }
    gateway
        .request("PUT", "/nothing")
        .await
        .assert_error(404, "NOT_FOUND")
        .assert_no_header("allow");
    assert_eq!(users.total(), 0);
}

#[tokio::test]
async fn the_method_cannot_be_overridden() {
    let gateway = Gateway::config().route("x.toml", METHODS).start().await;

    for name in
        ["x-http-method-override", "x-http-method", "x-method-override", "x-original-method"]
    {
        gateway
            .get("/x?_method=DELETE")
            .header(name, "DELETE")
            .await
            .assert_data(200, json!("read"));
    }
}

#[tokio::test]
async fn head_is_get_without_its_body() {
    let gateway = Gateway::config().route("x.toml", METHODS).start().await;
    let get = gateway.get("/x").await;

    let head = gateway.request("HEAD", "/x").await;

    head.assert_status(200);
    assert_eq!(head.body, "");
    for name in ["content-type", "content-length", "x-own"] {
        assert!(get.header(name).is_some(), "{name}");
        assert_eq!(head.header(name), get.header(name), "{name}");
    }
    assert!(head.header("x-request-id").is_some());
}

#[tokio::test]
async fn head_of_a_fault_has_its_headers_and_no_body() {
    let only_post = "session = \"none\"\n[post.response]\nshape = '1'";
    let gateway = Gateway::config().route("x.toml", only_post).start().await;
    let get = gateway.get("/x").await;

    let head = gateway.request("HEAD", "/x").await;

    head.assert_status(405).assert_header("allow", "POST");
    assert_eq!(head.body, "");
    assert_eq!(head.header("content-length"), get.header("content-length"));
    gateway.request("HEAD", "/nothing").await.assert_status(404);
}

#[tokio::test]
async fn head_asks_the_services_as_get_does() {
    let users = Upstream::start().await;
    users.on("GET", "/users", Reply::json(json!([1])));
    let route = "session = \"none\"\n[get.calls.found]\nupstream = \"users\"\npath = \"/users\"";
    let gateway = Gateway::config().upstream("users", &users).route("x.toml", route).start().await;

    gateway.request("HEAD", "/x").await.assert_status(200).assert_header("content-length", "12");

    assert_eq!(users.count("GET /users"), 1);
}

#[tokio::test]
async fn paths_that_two_programs_could_read_in_two_ways_are_refused() {
    let users = Upstream::start().await;
    users.on("GET", "/**", Reply::json(json!("asked")));
    let route = r#"
        session = "none"
        [get.calls.found]
        upstream = "users"
        path = "/{$params.rest}"
    "#;
    let gateway = Gateway::config()
        .upstream("users", &users)
        .route("public/[...rest].toml", route)
        .start()
        .await;

    for path in [
        "/public/../admin",
        "/public/%2e%2e/admin",
        "/public/..%2fadmin",
        "/public/.%2e/admin",
        "/public/..;/admin",
        "/public/%252e%252e/admin",
        "/public/a%5c..%5cadmin",
        "/public//admin",
        "/public/a%00",
        "/public/a%",
        "/public/a%f",
        "/public/a%0d%0ax:y",
        "/public/%ff",
        "//public/a",
    ] {
        let reply = gateway.raw_get(path, "").await;
        assert!(reply.starts_with("HTTP/1.1 400 "), "{path}: {reply}");
        assert!(reply.contains("BAD_REQUEST"), "{path}: {reply}");
    }
    assert_eq!(users.total(), 0);
    for (path, asked) in [
        ("/public/a%20b", "/a%20b"),
        ("/public/a;x=y", "/a;x=y"),
        ("/public/a%3Fb", "/a%3Fb"),
        ("/public/a%23b", "/a%23b"),
        ("/public/@evil.com", "/@evil.com"),
    ] {
        let reply = gateway.raw_get(path, "").await;
        assert!(reply.starts_with("HTTP/1.1 200 "), "{path}: {reply}");
        let target = users.requests().last().expect("a request").target.clone();
        let same = percent_encoding::percent_decode_str(&target)
            .eq(percent_encoding::percent_decode_str(asked));
        assert!(same, "{path} became {target}");
    }
}

#[tokio::test]
async fn neither_query_nor_headers_decide_the_route() {
    let private = "session = \"required\"\n[get.response]\nshape = '1'";
    let open = "session = \"none\"\n[get.response]\nshape = '1'";
    let gateway =
        Gateway::config().route("private.toml", private).route("public.toml", open).start().await;

    for target in ["/private?x=/public", "/private?/public", "/private?_rsc=1", "/%70rivate"] {
        let reply = gateway
            .raw_get(target, "x-original-url: /public\r\nx-rewrite-url: /public\r\nx-forwarded-uri: /public\r\nx-forwarded-prefix: /public\r\n")
            .await;
        assert!(reply.starts_with("HTTP/1.1 401 "), "{target}: {reply}");
    }
    for target in ["/private.json", "/private.rsc", "/private%23/public", "/private;/public"] {
        let reply = gateway.raw_get(target, "").await;
        assert!(reply.starts_with("HTTP/1.1 404 "), "{target}: {reply}");
    }
}
