//! Where a request that a cookie authenticates comes from (`C1` to `C4`, RFC 10017 §6.1.3.3).

use crate::harness::*;

const OURS: &str = "https://app.test";

async fn gateway() -> (Upstream, Gateway) {
    let orders = Upstream::start().await;
    orders.on("*", "/orders", Reply::json(json!({"id": 1})));
    let mut route = String::from(
        "session = \"required\"\ncsrf = \"origin\"\n[get.calls.it]\nupstream = \"orders\"\npath = \"/orders\"\n",
    );
    for method in ["post", "put", "patch", "delete"] {
        let upper = method.to_uppercase();
        route += &format!(
            "[{method}.calls.it]\nupstream = \"orders\"\nmethod = \"{upper}\"\npath = \"/orders\"\n"
        );
    }
    let gateway = Gateway::config()
        .gateway(&format!("origin = \"{OURS}\"\n"))
        .upstream("orders", &orders)
        .route("orders.toml", &route)
        .route("hook.toml", &route.replace("csrf = \"origin\"", "csrf = \"off\""))
        .route("maybe.toml", &route.replace("required", "optional"))
        .start()
        .await;
    (orders, gateway)
}

const CHANGES: [&str; 4] = ["POST", "PUT", "PATCH", "DELETE"];

/// A request of a user whose cookie a browser sends along.
fn by_cookie(gateway: &Gateway, method: &str, path: &str, headers: &[(&str, &str)]) -> Request {
    let request = gateway.request(method, path).cookie_user("alice");
    headers.iter().fold(request, |request, (name, value)| request.header(name, value))
}

#[tokio::test]
async fn c1_a_change_that_does_not_say_where_it_comes_from_is_refused() {
    let (orders, gateway) = gateway().await;
    for method in CHANGES {
        by_cookie(&gateway, method, "/orders", &[]).await.assert_error(403, "CSRF_FAILED");
        let referer = [("referer", "https://app.test/"), ("x-csrf", "1")];
        by_cookie(&gateway, method, "/orders", &referer).await.assert_error(403, "CSRF_FAILED");
    }
    assert_eq!(orders.total(), 0);
}

#[tokio::test]
async fn c2_a_change_that_another_site_makes_a_browser_send_is_refused() {
    let (orders, gateway) = gateway().await;
    for method in CHANGES {
        for site in ["cross-site", "none", "", "SAME-ORIGIN"] {
            let headers = [("sec-fetch-site", site), ("origin", OURS), ("x-csrf", "1")];
            let reply = by_cookie(&gateway, method, "/orders", &headers).await;
            reply.assert_error(403, "CSRF_FAILED");
        }
    }
    assert_eq!(orders.total(), 0);
}

#[tokio::test]
async fn c3_a_sibling_domain_is_another_site() {
    let (orders, gateway) = gateway().await;
    let headers = [("sec-fetch-site", "same-site"), ("origin", OURS)];
    by_cookie(&gateway, "POST", "/orders", &headers).await.assert_error(403, "CSRF_FAILED");
    assert_eq!(orders.total(), 0);
}

#[tokio::test]
async fn c4_an_origin_that_is_not_ours_is_refused() {
    let (orders, gateway) = gateway().await;
    for origin in [
        "https://evil.test",
        "null",
        "",
        "https://app.test.evil.test",
        "https://evilapp.test",
        "http://app.test",
        "https://app.test:444",
        "https://APP.test",
    ] {
        let reply = by_cookie(&gateway, "POST", "/orders", &[("origin", origin)]).await;
        reply.assert_error(403, "CSRF_FAILED");
    }
    assert_eq!(orders.total(), 0);
}

#[tokio::test]
async fn our_own_pages_may_change_something() {
    let (orders, gateway) = gateway().await;
    for method in CHANGES {
        for header in [("sec-fetch-site", "same-origin"), ("origin", OURS)] {
            by_cookie(&gateway, method, "/orders", &[header]).await.assert_status(200);
        }
    }
    assert_eq!(orders.total(), 8);
}

#[test]
fn without_an_origin_in_the_config_the_listener_is_ours() {
    let origins = |listen: &str| {
        let plan = Gateway::config().gateway(&format!("listen = \"{listen}\"\n")).compiled();
        plan.frontends[0]
            .origins
            .iter()
            .map(|origin| origin.as_str().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(origins("192.0.2.1:80"), ["http://192.0.2.1"]);
    let local = origins("127.0.0.1:8080");
    assert!(local.contains(&"http://127.0.0.1:8080".to_owned()), "{local:?}");
    assert!(local.contains(&"http://localhost:8080".to_owned()), "{local:?}");
    assert_eq!(origins("unix:/run/frontdesk.sock"), [] as [&str; 0]);
}

#[tokio::test]
async fn what_changes_nothing_may_come_from_a_link_or_an_address_that_was_typed() {
    let (orders, gateway) = gateway().await;
    let link = [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "document"),
    ];
    by_cookie(&gateway, "GET", "/orders", &link).await.assert_status(200);
    by_cookie(&gateway, "GET", "/orders", &[("sec-fetch-site", "none")]).await.assert_status(200);
    by_cookie(&gateway, "HEAD", "/orders", &[]).await.assert_status(200);
    assert_eq!(orders.total(), 3);
    // A form of another site navigates, too.
    by_cookie(&gateway, "POST", "/orders", &link).await.assert_error(403, "CSRF_FAILED");
    assert_eq!(orders.total(), 3);
}

#[tokio::test]
async fn c8_event_streams_and_sockets_of_another_site_are_refused() {
    let (orders, gateway) = gateway().await;
    let evil = ("origin", "https://evil.test");
    let cross = ("sec-fetch-site", "cross-site");
    for headers in [
        vec![cross, evil, ("accept", "text/event-stream"), ("sec-fetch-mode", "cors")],
        vec![evil, ("accept", "text/event-stream")],
        vec![evil, ("sec-fetch-mode", "websocket"), ("sec-fetch-dest", "websocket")],
        vec![cross, ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")],
        // A frame of another site is not a tab.
        vec![cross, ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")],
    ] {
        let reply = by_cookie(&gateway, "GET", "/orders", &headers).await;
        reply.assert_error(403, "CSRF_FAILED");
    }
    let upgrade = format!(
        "cookie: token={}\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
         sec-websocket-version: 13\r\norigin: https://evil.test\r\n",
        token(json!({}))
    );
    let reply = gateway.raw_get("/orders", &upgrade).await;
    assert!(reply.starts_with("HTTP/1.1 403 "), "{reply}");
    assert_eq!(orders.total(), 0);
    let own = [("sec-fetch-site", "same-origin"), ("accept", "text/event-stream")];
    by_cookie(&gateway, "GET", "/orders", &own).await.assert_status(200);
    by_cookie(&gateway, "GET", "/orders", &[("origin", OURS)]).await.assert_status(200);
}

#[tokio::test]
async fn what_no_cookie_authenticates_is_not_asked() {
    let (orders, gateway) = gateway().await;
    let cross = |request: Request| request.header("sec-fetch-site", "cross-site");
    cross(gateway.request("POST", "/orders").user("alice")).await.assert_status(200);
    cross(gateway.request("POST", "/maybe")).await.assert_status(200);
    let dead = gateway.request("POST", "/maybe").header("cookie", "token=dead");
    let reply = cross(dead).await;
    assert!(reply.assert_status(200).header("set-cookie").is_some());
    assert_eq!(orders.total(), 3);
    cross(gateway.request("POST", "/maybe").cookie_user("a"))
        .await
        .assert_error(403, "CSRF_FAILED");
    assert_eq!(orders.total(), 3);
}

#[tokio::test]
async fn the_check_can_be_switched_off_in_writing() {
    let (orders, gateway) = gateway().await;
    by_cookie(&gateway, "POST", "/hook", &[]).await.assert_status(200);
    let cross = [("sec-fetch-site", "cross-site")];
    by_cookie(&gateway, "POST", "/hook", &cross).await.assert_status(200);
    assert_eq!(orders.total(), 2);
}

#[tokio::test]
async fn the_check_comes_before_the_body_is_read() {
    let (orders, gateway) = gateway().await;
    let head = format!(
        "POST /orders HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncookie: token={}\r\n\
         sec-fetch-site: cross-site\r\ncontent-length: 5\r\n\r\n",
        token(json!({}))
    );
    let reply = gateway.raw(head).await;
    assert!(reply.starts_with("HTTP/1.1 403 "), "{reply}");
    assert_eq!(orders.total(), 0);
}

#[tokio::test]
async fn c6_json_in_a_form_is_415() {
    let orders = Upstream::start().await;
    let route = r#"
        session = "required"
        csrf = "origin"
        [post.input.body]
        properties.a = { type = "integer" }
        [post.calls.it]
        upstream = "orders"
        method = "POST"
        path = "/orders"
        json = '$body'
    "#;
    let config =
        Gateway::config().upstream("orders", &orders).gateway("origin = \"https://app.test\"\n");
    let gateway = config.route("orders.toml", route).start().await;
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "x"]
    {
        let request = by_cookie(&gateway, "POST", "/orders", &[("origin", OURS)]);
        request.body(kind, "{\"a\":1}").await.assert_error(415, "UNSUPPORTED_MEDIA_TYPE");
    }
    assert_eq!(orders.total(), 0);
}

#[tokio::test]
async fn two_answers_to_where_it_comes_from_are_refused() {
    let users = Upstream::start().await;
    let route = "session = \"required\"\n[post.calls.x]\nupstream = \"users\"\nmethod = \"POST\"\npath = \"/x\"\n";
    let gateway = Gateway::config().upstream("users", &users).route("x.toml", route).start().await;

    let reply = gateway
        .request("POST", "/x")
        .cookie_user("u1")
        .header("sec-fetch-site", "same-origin")
        .header("sec-fetch-site", "cross-site")
        .await;

    reply.assert_error(403, "CSRF_FAILED");
    assert_eq!(users.total(), 0);
}
