//! What stands on every reply, and how it is changed.

use crate::harness::*;

const DEFAULTS: &[(&str, &str)] = &[
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
];

const ROUTE: &str = r#"
    [get.calls.it]
    upstream = "up"
    path = "/it"
    [post]
    max_body = "1KiB"
    [post.input.body]
    [post.response]
    shape = '$body'
"#;

async fn gateway(gateway: &str, route: &str) -> (Upstream, Gateway) {
    let up = Upstream::start().await;
    let reply = Reply::json(json!(1)).header("set-cookie", "a=b").header("x-internal", "1");
    let reply = reply.header("content-security-policy", "none").header("x-total", "7");
    up.on("GET", "/it", reply.header("access-control-allow-origin", "*"));
    let config = Gateway::config().gateway(gateway).upstream("up", &up);
    let config = config.open_route("x.toml", &format!("{route}\n{ROUTE}"));
    let gateway = config
        .route("mine.toml", &format!("session = \"required\"\n{route}\n{ROUTE}"))
        .start()
        .await;
    (up, gateway)
}

#[track_caller]
fn assert_defaults(reply: &Answer) {
    for (name, value) in DEFAULTS {
        reply.assert_header(name, value);
        assert_eq!(reply.headers.get_all(*name).iter().count(), 1, "{reply:?}");
    }
    reply.assert_no_header("strict-transport-security");
    reply.assert_no_header("server");
    reply.assert_no_header("x-powered-by");
    assert!(!reply.headers.keys().any(|name| name.as_str().starts_with("access-control-")));
}

#[tokio::test]
async fn security_headers_stand_on_every_reply() {
    let (up, gateway) = gateway("max_uri = \"1KiB\"\nmax_headers = 20\n", "").await;
    let long = format!("/x?q={}", "a".repeat(2000));
    for (request, status) in [
        (gateway.get("/x"), 200),
        (gateway.head("/x"), 200),
        (gateway.get("/mine"), 401),
        (gateway.get("/none"), 404),
        (gateway.get("/x/%2fy"), 400),
        (gateway.request("PUT", "/x"), 405),
        (gateway.request("OPTIONS", "/x"), 405),
        (gateway.poke("/x").body("application/json", "a".repeat(2000)), 413),
        (gateway.get(&long), 414),
        (gateway.poke("/x").body("text/plain", "1"), 415),
        ((0..30).fold(gateway.get("/x"), |one, n| one.header(&format!("x-{n}"), "1")), 431),
    ] {
        let reply = request.await;
        assert_defaults(reply.assert_status(status));
    }
    up.on("GET", "/it", Reply::status(500));
    assert_defaults(gateway.get("/x").await.assert_status(502));
}

#[tokio::test]
async fn security_headers_stand_on_what_is_not_even_a_request() {
    let (_up, gateway) = gateway("[response_headers]\nx-own = \"1\"\n", "").await;
    for bytes in ["nonsense\r\n\r\n", "GET /x HTTP/1.1\r\nhost: a\r\nbad name: x\r\n\r\n"] {
        let replies = gateway.exchange(bytes, "").await;
        let reply = &replies[0];
        reply.assert_error(400, "BAD_REQUEST").assert_last();
        for (name, value) in DEFAULTS.iter().chain(&[("x-own", "1"), ("cache-control", "no-store")])
        {
            assert_eq!(reply.header(name), Some(*value), "{reply:?}");
        }
    }
}

#[tokio::test]
async fn browsers_are_told_to_come_by_https_where_they_do() {
    for (server, sent) in [
        ("", None),
        ("origin = \"http://app.test\"\n", None),
        ("origin = \"https://app.test\"\n", Some("max-age=31536000")),
        (
            "origin = \"https://app.test\"\n[response_headers]\nstrict-transport-security = \"\"\n",
            None,
        ),
        ("[response_headers]\nstrict-transport-security = \"max-age=1\"\n", Some("max-age=1")),
    ] {
        let (_up, gateway) = gateway(server, "").await;
        let reply = gateway.get("/x").await;
        assert_eq!(reply.header("strict-transport-security"), sent, "{server}");
    }
}

#[tokio::test]
async fn defaults_are_changed_and_taken_away_for_all() {
    let config = r#"
        [response_headers]
        X-Content-Type-Options = ""
        referrer-policy = "same-origin"
        x-own = "${OWN:-mine}"
    "#;
    let (_up, gateway) = gateway(config, "").await;
    for path in ["/x", "/none", "/mine"] {
        let reply = gateway.get(path).await;
        reply.assert_no_header("x-content-type-options");
        reply.assert_header("referrer-policy", "same-origin");
        reply.assert_header("x-own", "mine");
        reply.assert_header("cross-origin-resource-policy", "same-origin");
    }
}

#[tokio::test]
async fn an_endpoints_own_headers_win() {
    let route = r#"
        [get.response.headers]
        Content-Security-Policy = "sandbox"
        referrer-policy = false
        x-content-type-options = "{null}"
    "#;
    let (up, gateway) = gateway("", route).await;
    let reply = gateway.get("/x").await;
    assert_eq!(reply.headers.get_all("content-security-policy").iter().count(), 1);
    reply.assert_header("content-security-policy", "sandbox");
    reply.assert_no_header("referrer-policy");
    // A header that comes to nothing is none, and the default stands.
    reply.assert_header("x-content-type-options", "nosniff");

    // What a payload needs, a fault does not.
    up.on("GET", "/it", Reply::status(500));
    let fault = gateway.get("/x").await;
    let (name, value) = DEFAULTS[3];
    fault.assert_status(502).assert_header(name, value);
    assert_defaults(&gateway.post("/x", json!(1)).await);
}

#[tokio::test]
async fn replies_to_a_session_are_kept_by_its_browser_at_most() {
    let (up, gateway) = gateway("[response_headers]\ncache-control = \"public\"\n", "").await;
    gateway.get("/x").await.assert_header("cache-control", "public");
    for (request, control) in [
        (gateway.get("/mine").user("a"), "private, no-cache"),
        (gateway.post("/mine", json!(1)).user("a"), "no-store"),
    ] {
        request.await.assert_status(200).assert_header("cache-control", control);
    }
    // Faults are not kept either, whosever they are.
    up.on("GET", "/it", Reply::status(404));
    for (path, status) in [("/x", 404), ("/mine", 401), ("/none", 404)] {
        let reply = gateway.get(path).await;
        reply.assert_status(status).assert_header("cache-control", "no-store");
    }
}

#[tokio::test]
async fn an_endpoint_says_itself_what_may_be_kept() {
    let route = "[get.response]\nheaders.Cache-Control = \"private, max-age=60\"\n";
    let (up, gateway) = gateway("", route).await;
    let reply = gateway.get("/mine").user("a").await;
    reply.assert_header("cache-control", "private, max-age=60");
    gateway.get("/x").await.assert_header("cache-control", "private, max-age=60");
    up.on("GET", "/it", Reply::status(500));
    let fault = gateway.get("/mine").user("a").await;
    fault.assert_status(502).assert_header("cache-control", "no-store");
    gateway.get("/mine").await.assert_status(401).assert_header("cache-control", "no-store");
}

#[tokio::test]
async fn upstream_headers_pass_by_list_only() {
    let route = r#"
        [get.response.headers]
        x-total = '{$calls.it.headers."x-total"}'
    "#;
    let (_up, gateway) = gateway("", route).await;
    let reply = gateway.get("/x").await;
    reply.assert_status(200).assert_header("x-total", "7");
    reply.assert_no_header("set-cookie").assert_no_header("x-internal");
    assert_defaults(&reply);
}

#[test]
fn cookies_of_an_upstream_cannot_be_listed() {
    let route = "[get.calls.it]\nupstream = \"up\"\npath = \"/\"\n\
                 [get.response.headers]\nset-cookie = '{$calls.it.headers.\"set-cookie\"}'\n";
    let config = Gateway::config().upstream_at("up", "http://up.test", "");
    let mistakes = config.open_route("x.toml", route).mistakes();
    assert!(mistakes.contains("the header `set-cookie` cannot be written here"), "{mistakes}");
}
