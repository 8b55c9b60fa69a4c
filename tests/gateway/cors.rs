//! Which pages of other origins may read replies (`C5`, Fetch standard §3.2).

use crate::harness::*;

const APP: &str = "https://app.example.com";
const EVIL: &str = "https://evil.test";

const CORS: &str = r#"
    [cors]
    origins = ["https://App.example.com:443", "https://*.preview.example.com"]
    credentials = true
"#;

const ROUTE: &str = r#"
    [get.calls.it]
    upstream = "up"
    path = "/it"
    [put.calls.it]
    upstream = "up"
    method = "PUT"
    path = "/it"
"#;

async fn upstream() -> Upstream {
    let up = Upstream::start().await;
    up.on("*", "/it", Reply::json(json!(1)));
    up
}

/// `/x` is open, `/mine` needs a session, and `gateway` stands in `gateway.toml`.
async fn gateway(gateway: &str) -> (Upstream, Gateway) {
    let up = upstream().await;
    let config = Gateway::config().gateway(gateway).upstream("up", &up).open_route("x.toml", ROUTE);
    let config = config.route("mine.toml", &format!("session = \"required\"\n{ROUTE}"));
    let gateway = config.start().await;
    (up, gateway)
}

/// A preflight of a page of this origin that wants to send this method.
fn preflight(gateway: &Gateway, path: &str, origin: &str, method: &str) -> Request {
    let request = gateway.request("OPTIONS", path).header("origin", origin);
    request.header("access-control-request-method", method)
}

#[track_caller]
fn assert_shared(reply: &Answer, origin: &str) {
    reply.assert_header("access-control-allow-origin", origin);
    assert_eq!(reply.headers.get_all("access-control-allow-origin").iter().count(), 1);
    assert!(vary(reply).contains(&"origin".to_owned()), "{reply:?}");
}

#[track_caller]
fn assert_not_shared(reply: &Answer) {
    let names = reply.headers.keys().map(|name| name.as_str());
    let found: Vec<_> = names.filter(|name| name.starts_with("access-control-")).collect();
    assert_eq!(found, [] as [&str; 0], "{reply:?}");
}

/// What `Vary` says, which is one header at most.
#[track_caller]
fn vary(reply: &Answer) -> Vec<String> {
    assert!(reply.headers.get_all("vary").iter().count() < 2, "{reply:?}");
    let text = reply.header("vary").unwrap_or_default();
    text.split(',').map(|one| one.trim().to_ascii_lowercase()).collect()
}

#[tokio::test]
async fn without_cors_nothing_is_shared_and_nothing_depends_on_the_origin() {
    let (up, gateway) = gateway("").await;
    let reply = gateway.get("/x").header("origin", APP).await;
    assert_not_shared(reply.assert_status(200));
    reply.assert_no_header("vary");
    for (path, status) in [("/x", 405), ("/none", 404)] {
        let reply = preflight(&gateway, path, APP, "GET").await;
        assert_not_shared(reply.assert_status(status));
    }
    assert_eq!(up.total(), 1);
}

#[tokio::test]
async fn a_preflight_says_what_may_be_sent() {
    let (up, gateway) = gateway(CORS).await;
    for method in ["GET", "HEAD", "PUT"] {
        let asked = "content-type, X-CSRF, x-evil";
        let request = preflight(&gateway, "/x", APP, method);
        let reply = request.header("access-control-request-headers", asked).await;
        assert_shared(reply.assert_status(204), APP);
        reply
            .assert_header("access-control-allow-credentials", "true")
            .assert_header("access-control-allow-methods", "GET, HEAD, PUT")
            .assert_header(
                "access-control-allow-headers",
                "content-type, authorization, x-csrf, idempotency-key, if-none-match",
            )
            .assert_header("access-control-max-age", "3600")
            .assert_no_header("access-control-expose-headers")
            .assert_no_header("access-control-allow-private-network")
            .assert_no_header("content-type")
            .assert_header("x-content-type-options", "nosniff");
        assert!(reply.header("x-request-id").is_some());
        assert_eq!(reply.body, "");
        for one in ["origin", "access-control-request-method", "access-control-request-headers"] {
            assert!(vary(&reply).contains(&one.to_owned()), "{reply:?}");
        }
    }
    assert_eq!(up.total(), 0);
}

#[tokio::test]
async fn a_preflight_needs_no_session() {
    let (up, gateway) = gateway(CORS).await;
    let reply = preflight(&gateway, "/mine", APP, "PUT").await;
    assert_shared(reply.assert_status(204), APP);
    // Nor do credentials that are none matter: a browser sends none.
    let reply = preflight(&gateway, "/mine", APP, "PUT").bearer("nonsense").await;
    assert_shared(reply.assert_status(204), APP);
    assert_eq!(up.total(), 0);
}

#[tokio::test]
async fn c5_a_preflight_of_a_foreign_origin_is_told_nothing() {
    let (up, gateway) = gateway(CORS).await;
    for origin in [
        EVIL,
        "null",
        "",
        "*",
        "https://app.example.com.evil.test",
        "https://app.example.com.",
        "https://evilapp.example.com",
        "https://user@app.example.com",
        "https://app.example.com@evil.test",
        "https://app.example.com:8443",
        "https://app.example.com/",
        "http://app.example.com",
        "https://APP.example.com",
        "https://preview.example.com",
        "https://evilpreview.example.com",
        "https://a..preview.example.com",
        "https://evil.test/.preview.example.com",
        "https://app.example.com, https://evil.test",
    ] {
        for path in ["/x", "/mine", "/none"] {
            let reply = preflight(&gateway, path, origin, "PUT").await;
            assert_not_shared(reply.assert_status(204));
            assert!(vary(&reply).contains(&"origin".to_owned()), "{reply:?}");
        }
        let reply = gateway.get("/x").header("origin", origin).await;
        assert_not_shared(reply.assert_status(200));
        assert_eq!(vary(&reply), ["origin"]);
    }
    let two = preflight(&gateway, "/x", APP, "GET").header("origin", EVIL).await;
    assert_not_shared(two.assert_status(204));
    let two = gateway.get("/x").header("origin", APP).header("origin", APP).await;
    assert_not_shared(two.assert_status(200));
    assert_eq!(up.count("PUT /it"), 0);
}

#[tokio::test]
async fn a_reply_says_who_may_read_it_and_what_of_it() {
    let (_up, gateway) = gateway(CORS).await;
    for origin in [APP, "https://pr-7.preview.example.com", "https://a.b.preview.example.com"] {
        let reply = gateway.get("/x").header("origin", origin).await;
        assert_shared(reply.assert_data(200, json!(1)), origin);
        reply
            .assert_header("access-control-allow-credentials", "true")
            .assert_header(
                "access-control-expose-headers",
                "etag, ratelimit, ratelimit-policy, retry-after, x-request-id, server-timing, \
                 frontdesk-partial, frontdesk-cache",
            )
            .assert_no_header("access-control-allow-methods")
            .assert_no_header("access-control-max-age");
    }
    // Without an origin it is the same reply to a cache: it must know what it depends on.
    let reply = gateway.get("/x").await;
    assert_not_shared(reply.assert_status(200));
    assert_eq!(vary(&reply), ["origin"]);
}

#[tokio::test]
async fn every_fault_can_be_read_too() {
    let server = "max_uri = \"1KiB\"\nmax_headers = 20\nmax_body = \"1KiB\"\n";
    let up = upstream().await;
    up.on("GET", "/broken", Reply::status(500));
    let route = r#"
        [get.calls.it]
        upstream = "up"
        path = "/broken"
        [post]
        input.body = {}
        response.shape = '$body'
    "#;
    let config = Gateway::config().gateway(&format!("{server}{CORS}")).upstream("up", &up);
    let config = config.open_route("x.toml", route);
    let gateway = config.route("mine.toml", "session = \"required\"\n[get]\n").start().await;
    let long = format!("/x?q={}", "a".repeat(2000));
    for (request, status) in [
        (gateway.get("/x"), 502),
        (gateway.get("/mine"), 401),
        (gateway.get("/mine").bearer("nonsense"), 401),
        (gateway.get("/none"), 404),
        (gateway.get("/x/"), 404),
        (gateway.get("/x/%2e%2e%2fy"), 400),
        (gateway.request("PUT", "/x"), 405),
        (gateway.request("OPTIONS", "/x"), 405),
        (gateway.request("OPTIONS", "/none"), 404),
        (gateway.poke("/x").body("application/json", "{"), 400),
        (gateway.poke("/x").body("application/json", "a".repeat(2000)), 413),
        (gateway.poke("/x").body("text/plain", "1"), 415),
        (gateway.get(&long), 414),
        ((0..30).fold(gateway.get("/x"), |one, n| one.header(&format!("x-{n}"), "1")), 431),
    ] {
        let reply = request.header("origin", APP).await;
        assert_shared(reply.assert_status(status), APP);
        reply.assert_header("access-control-allow-credentials", "true");
        let exposed = reply.header("access-control-expose-headers").unwrap_or_default();
        assert!(exposed.contains("x-request-id"), "{reply:?}");
    }
}

#[tokio::test]
async fn a_page_sees_that_a_path_is_not_there_and_not_an_error_of_cors() {
    let (_up, gateway) = gateway(CORS).await;
    for path in ["/none", "/x/", "/%2fx"] {
        let reply = preflight(&gateway, path, APP, "DELETE").await;
        assert_shared(reply.assert_status(204), APP);
        let methods = "GET, HEAD, POST, PUT, PATCH, DELETE";
        reply.assert_header("access-control-allow-methods", methods);
    }
    // Of a route that is there, methods are those that it has.
    let reply = preflight(&gateway, "/x", APP, "DELETE").await;
    assert_shared(reply.assert_status(204), APP);
    reply.assert_header("access-control-allow-methods", "GET, HEAD, PUT");
}

#[tokio::test]
async fn other_options_are_no_preflight() {
    let (_up, gateway) = gateway(CORS).await;
    for headers in [
        &[][..],
        &[("origin", APP)],
        &[("access-control-request-method", "GET")],
        &[("origin", APP), ("access-control-request-method", "")],
        &[("origin", APP), ("access-control-request-method", "G T")],
        &[
            ("origin", APP),
            ("access-control-request-method", "GET"),
            ("access-control-request-method", "PUT"),
        ],
    ] {
        let request = gateway.request("OPTIONS", "/x");
        let request =
            headers.iter().fold(request, |request, (name, value)| request.header(name, value));
        let reply = request.await;
        reply.assert_error(405, "METHOD_NOT_ALLOWED").assert_header("allow", "GET, HEAD, PUT");
    }
}

#[tokio::test]
async fn any_origin_may_read_what_is_public() {
    let (_up, gateway) = gateway("[cors]\norigins = [\"*\"]\n").await;
    for origin in [None, Some(EVIL), Some("null")] {
        let request = gateway.get("/x");
        let request = origin.into_iter().fold(request, |one, origin| one.header("origin", origin));
        let reply = request.await;
        reply.assert_status(200).assert_header("access-control-allow-origin", "*");
        reply.assert_no_header("access-control-allow-credentials").assert_no_header("vary");
    }
    let reply = preflight(&gateway, "/x", EVIL, "PUT").await;
    reply.assert_status(204).assert_header("access-control-allow-origin", "*");
    let replies = gateway.exchange("nonsense\r\n\r\n", "").await;
    assert_eq!(replies[0].header("access-control-allow-origin"), Some("*"));
}

#[tokio::test]
async fn a_tree_and_a_route_say_it_key_by_key() {
    let up = upstream().await;
    let config = Gateway::config().gateway(CORS).upstream("up", &up);
    let config = config
        .route("open/_defaults.toml", "session = \"none\"\ncors.origins = [\"*\"]\ncors.credentials = false\n")
        .route("open/x.toml", &format!("cors.max_age = \"5s\"\n{ROUTE}"))
        .route("open/admin.toml", &format!("cors.origins = [\"https://admin.test\"]\n{ROUTE}"))
        .route("open/private.toml", &format!("cors.origins = []\n{ROUTE}"))
        .route("open/mixed.toml", &format!("{ROUTE}\n[put.cors]\norigins = [\"{APP}\"]\ncredentials = true\nexpose_headers = [\"X-Own\"]\n"));
    let gateway = config.start().await;

    let reply = preflight(&gateway, "/open/x", EVIL, "GET").await;
    reply.assert_header("access-control-allow-origin", "*");
    reply.assert_header("access-control-max-age", "5");

    let reply = gateway.get("/open/admin").header("origin", "https://admin.test").await;
    assert_shared(&reply, "https://admin.test");
    reply.assert_no_header("access-control-allow-credentials");
    assert_not_shared(&gateway.get("/open/admin").header("origin", APP).await);

    let reply = gateway.get("/open/private").header("origin", APP).await;
    assert_not_shared(reply.assert_status(200));
    reply.assert_no_header("vary");
    preflight(&gateway, "/open/private", APP, "GET").await.assert_status(405);

    // The method that is asked for decides, and those that do not share with this origin are not offered.
    let put = preflight(&gateway, "/open/mixed", APP, "PUT").await;
    assert_shared(put.assert_status(204), APP);
    put.assert_header("access-control-allow-methods", "GET, HEAD, PUT");
    put.assert_header("access-control-allow-credentials", "true");
    assert_not_shared(&preflight(&gateway, "/open/mixed", EVIL, "PUT").await);
    let get = preflight(&gateway, "/open/mixed", EVIL, "GET").await;
    get.assert_header("access-control-allow-origin", "*");
    get.assert_header("access-control-allow-methods", "GET, HEAD");
    let put = gateway.request("PUT", "/open/mixed").header("origin", APP).await;
    put.assert_header("access-control-expose-headers", "x-own");

    // 405 is the path's own, 404 the gateway's.
    let reply = gateway.request("DELETE", "/open/admin").header("origin", "https://admin.test");
    assert_shared(reply.await.assert_status(405), "https://admin.test");
    let reply = gateway.get("/open/none").header("origin", APP).await;
    assert_shared(reply.assert_status(404), APP);
}

#[tokio::test]
async fn vary_is_one_header_with_the_endpoints_own() {
    let up = upstream().await;
    let route = |vary: &str| format!("{ROUTE}\n[get.response.headers]\nVary = \"{vary}\"\n");
    let gateway = Gateway::config()
        .gateway(CORS)
        .upstream("up", &up)
        .open_route("own.toml", &route("accept-language"))
        .open_route("same.toml", &route("accept, ORIGIN"))
        .open_route("all.toml", &route("*"))
        .start()
        .await;
    for (path, expected) in
        [("/own", "accept-language, Origin"), ("/same", "accept, ORIGIN"), ("/all", "*")]
    {
        let reply = gateway.get(path).header("origin", APP).await;
        vary(reply.assert_header("vary", expected));
    }
    let all = format!("{CORS}[response_headers]\nvary = \"accept, origin\"\n");
    let config = Gateway::config().gateway(&all).upstream("up", &up);
    let gateway = config.open_route("own.toml", &route("accept-language")).start().await;
    let reply = gateway.get("/own").header("origin", APP).await;
    vary(reply.assert_header("vary", "accept-language, Origin, accept"));
    let reply = preflight(&gateway, "/own", EVIL, "GET").await;
    assert!(vary(&reply).contains(&"accept".to_owned()), "{reply:?}");
}

#[tokio::test]
async fn a_private_network_is_opened_in_writing() {
    for (config, sent) in
        [(CORS.to_owned(), None), (format!("{CORS}private_network = true\n"), Some("true"))]
    {
        let (_up, gateway) = gateway(&config).await;
        let asked = |origin| {
            let request = preflight(&gateway, "/x", origin, "GET");
            request.header("access-control-request-private-network", "true")
        };
        let reply = asked(APP).await;
        assert_eq!(reply.header("access-control-allow-private-network"), sent);
        assert_not_shared(&asked(EVIL).await);
        let reply = preflight(&gateway, "/x", APP, "GET").await;
        reply.assert_no_header("access-control-allow-private-network");
    }
}

#[tokio::test]
async fn an_origin_that_shares_credentials_may_change_something() {
    let (up, gateway) = gateway(CORS).await;
    let put = |site: Option<&str>, origin: &str| {
        let request = gateway.request("PUT", "/mine").by_our_page().cookie_user("a");
        let request = request.header("origin", origin);
        site.into_iter().fold(request, |request, site| request.header("sec-fetch-site", site))
    };
    for site in [Some("cross-site"), Some("same-site"), None] {
        let reply = put(site, APP).await;
        assert_shared(reply.assert_status(200), APP);
    }
    assert_eq!(up.total(), 3);
    // A pattern is not written out, and everybody else is as foreign as before.
    let preview = "https://pr-7.preview.example.com";
    for (site, origin) in [
        (Some("cross-site"), EVIL),
        (Some("cross-site"), "null"),
        (Some("cross-site"), preview),
        (Some("same-site"), preview),
        (None, preview),
        (None, EVIL),
        (Some("none"), APP),
        (Some(""), APP),
    ] {
        let reply = put(site, origin).await;
        reply.assert_error(403, "CSRF_FAILED");
    }
    let two = put(Some("cross-site"), APP).header("origin", EVIL).await;
    two.assert_error(403, "CSRF_FAILED");
    assert_eq!(up.total(), 3);
    // That it was refused can be read.
    assert_shared(put(Some("none"), APP).await.assert_status(403), APP);
}

#[tokio::test]
async fn an_origin_that_shares_no_credentials_may_not() {
    let up = upstream().await;
    let config = Gateway::config().gateway(CORS).upstream("up", &up);
    let gateway = config
        .route("a.toml", &format!("session = \"required\"\ncors.credentials = false\n{ROUTE}"))
        .route("b.toml", &format!("session = \"required\"\ncors.origins = []\n{ROUTE}"))
        .start()
        .await;
    for path in ["/a", "/b"] {
        let request = gateway.request("PUT", path).cookie_user("a").header("origin", APP);
        request.header("sec-fetch-site", "cross-site").await.assert_error(403, "CSRF_FAILED");
    }
    assert_eq!(up.total(), 0);
}

#[tokio::test]
async fn h3_no_header_makes_another_method_or_path_of_a_preflight() {
    let (up, gateway) = gateway(CORS).await;
    for (name, value) in [
        ("x-http-method-override", "PUT"),
        ("x-method-override", "PUT"),
        ("x-original-url", "/none"),
        ("x-forwarded-uri", "/none"),
        ("access_control_request_method", "DELETE"),
        ("x-forwarded-host", "app.example.com"),
    ] {
        let reply = preflight(&gateway, "/x", APP, "GET").header(name, value).await;
        assert_shared(reply.assert_status(204), APP);
        reply.assert_header("access-control-allow-methods", "GET, HEAD, PUT");
        let reply = gateway.get("/mine").header("origin", APP).header(name, value).await;
        assert_shared(reply.assert_status(401), APP);
    }
    // An alias of `Origin` is not it.
    for name in ["x-origin", "_origin", "origin_", "x-original-origin"] {
        assert_not_shared(&gateway.get("/x").header(name, APP).await);
    }
    assert_eq!(up.count("PUT /it"), 0);
}

#[tokio::test]
async fn an_upgrade_gets_no_special_treatment() {
    let (_up, gateway) = gateway(CORS).await;
    let headers = "upgrade: websocket\r\nsec-websocket-version: 13\r\n\
                   sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\norigin: https://evil.test\r\n";
    let reply = gateway.raw_get("/x", headers).await;
    assert!(reply.starts_with("HTTP/1.1 200 "), "{reply}");
    assert!(!reply.contains("access-control-"), "{reply}");
}
