//! `csrf = "header"`, which holds for everything that a cookie authenticates unless a route says otherwise.

use super::*;

const HEADER: (&str, &str) = ("x-csrf", "1");
const SAME: (&str, &str) = ("sec-fetch-site", "same-origin");
const CROSS: (&str, &str) = ("sec-fetch-site", "cross-site");

fn by(
    gateway: &Gateway,
    alice: &Browser,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> Request {
    let request = gateway.request(method, path).header("cookie", &alice.cookie());
    headers.iter().fold(request, |request, (name, value)| request.header(name, value))
}

async fn alice() -> (Idp, Gateway, Browser) {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    let alice = browser(&gateway).logs_in(&idp, "alice").await;
    (idp, gateway, alice)
}

#[track_caller]
fn assert_says(reply: &Answer, what: &str) {
    reply.assert_error(403, "CSRF_FAILED");
    assert!(
        reply.json()["error"]["message"].as_str().is_some_and(|text| text.contains(what)),
        "{reply:?}"
    );
}

#[tokio::test]
async fn c1_c7_b11_the_header_is_asked_for_at_every_method() {
    let (_idp, gateway, alice) = alice().await;
    for method in ["GET", "POST"] {
        assert_says(&by(&gateway, &alice, method, "/me", &[SAME]).await, "x-csrf");
        assert_says(&by(&gateway, &alice, method, "/me", &[SAME, ("x-csrf", "")]).await, "x-csrf");
        assert_says(&by(&gateway, &alice, method, "/me", &[SAME, HEADER, HEADER]).await, "x-csrf");
        by(&gateway, &alice, method, "/me", &[SAME, HEADER]).await.assert_status(200);
        by(&gateway, &alice, method, "/me", &[("origin", ORIGIN), HEADER]).await.assert_status(200);
    }
    by(&gateway, &alice, "HEAD", "/me", &[SAME]).await.assert_status(403);
    by(&gateway, &alice, "HEAD", "/me", &[SAME, HEADER]).await.assert_status(200);
    assert_says(&by(&gateway, &alice, "GET", "/me", &[]).await, "x-csrf");
    by(&gateway, &alice, "GET", "/me", &[HEADER]).await.assert_status(200);
    assert_says(&by(&gateway, &alice, "POST", "/me", &[HEADER]).await, "Sec-Fetch-Site");
}

#[tokio::test]
async fn c2_c3_c4_the_header_alone_does_not_make_a_request_ours() {
    let (_idp, gateway, alice) = alice().await;
    for method in ["GET", "POST"] {
        for site in ["cross-site", "same-site", "", "SAME-ORIGIN", "same-origin, cross-site"] {
            let headers = [("sec-fetch-site", site), HEADER, ("origin", ORIGIN)];
            assert_says(&by(&gateway, &alice, method, "/me", &headers).await, "Sec-Fetch-Site");
        }
        for origin in [
            "https://evil.test",
            "null",
            "",
            "https://app.example.com.evil.test",
            "http://app.example.com",
        ] {
            let headers = [("origin", origin), HEADER, ("referer", "https://app.example.com/")];
            assert_says(&by(&gateway, &alice, method, "/me", &headers).await, "Origin");
        }
        assert_says(&by(&gateway, &alice, method, "/me", &[SAME, CROSS, HEADER]).await, "twice");
    }
}

#[tokio::test]
async fn a_link_is_followed_without_the_header_and_a_form_is_not() {
    let (_idp, gateway, alice) = alice().await;
    let tab = [("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
    for site in ["cross-site", "same-site", "same-origin", "none"] {
        let headers = [tab.as_slice(), &[("sec-fetch-site", site)]].concat();
        by(&gateway, &alice, "GET", "/me", &headers).await.assert_status(200);
        by(&gateway, &alice, "POST", "/me", &headers).await.assert_error(403, "CSRF_FAILED");
    }
    let frame = [("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")];
    let own = [frame.as_slice(), &[SAME]].concat();
    by(&gateway, &alice, "GET", "/me", &own).await.assert_status(200);
    let foreign = [frame.as_slice(), &[CROSS]].concat();
    by(&gateway, &alice, "GET", "/me", &foreign).await.assert_error(403, "CSRF_FAILED");
}

#[tokio::test]
async fn the_header_has_the_name_that_the_config_says() {
    let idp = Idp::start().await;
    let gateway = config(&idp, "csrf_header = \"x-requested-with\"", "").start().await;
    let alice = browser(&gateway).logs_in(&idp, "alice").await;
    assert_says(&by(&gateway, &alice, "GET", "/me", &[SAME, HEADER]).await, "x-requested-with");
    let own = ("x-requested-with", "XMLHttpRequest");
    by(&gateway, &alice, "GET", "/me", &[SAME, own]).await.assert_status(200);
}

#[tokio::test]
async fn an_origin_that_is_trusted_sends_the_header_too() {
    let idp = Idp::start().await;
    let trusted = "https://shop.example.org";
    let cors = format!("\n[cors]\norigins = [\"{trusted}\"]\ncredentials = true\n");
    let gateway = config(&idp, "same_site = \"lax\"", &cors).start().await;
    let alice = browser(&gateway).logs_in(&idp, "alice").await;
    let asks = [CROSS, ("origin", trusted)];
    for method in ["GET", "POST"] {
        let headers = [asks.as_slice(), &[HEADER]].concat();
        by(&gateway, &alice, method, "/me", &headers).await.assert_status(200);
        assert_says(&by(&gateway, &alice, method, "/me", &asks).await, "x-csrf");
        let evil = [CROSS, ("origin", "https://evil.test"), HEADER];
        assert_says(&by(&gateway, &alice, method, "/me", &evil).await, "Sec-Fetch-Site");
    }
    let request = gateway.request("OPTIONS", "/me").header("origin", trusted);
    let request = request.header("access-control-request-method", "POST");
    let reply = request.header("access-control-request-headers", "x-csrf").await;
    reply.assert_status(204).assert_header("access-control-allow-origin", trusted);
    assert!(reply.header("access-control-allow-headers").expect("a list").contains("x-csrf"));
}

/// B12: every route of a config, with a body and without.
#[tokio::test]
async fn b12_no_route_is_forgotten() {
    let (idp, users) = (Idp::start().await, Upstream::start().await);
    let mut all = String::from("session = \"required\"\n");
    for method in ["get", "post", "put", "patch", "delete"] {
        let upper = method.to_uppercase();
        all += &format!(
            "[{method}.calls.it]\nupstream = \"users\"\nmethod = \"{upper}\"\npath = \"/it\"\n"
        );
    }
    let maybe = all.replace("required", "optional");
    let public = all.replace("required", "none");
    let files = [
        ("index.toml", &all),
        ("a/[id].toml", &all),
        ("a/[id]/b.toml", &maybe),
        ("files/[...rest].toml", &all),
        ("(group)/hidden.toml", &maybe),
        ("open.toml", &public),
    ];
    let start = || {
        let config = config(&idp, "", "").upstream("users", &users);
        files.iter().fold(config, |config, (file, text)| config.route(file, text))
    };
    let plan = start().compiled();
    let gateway = start().start().await;
    let alice = browser(&gateway).logs_in(&idp, "alice").await;
    let mut asked = 0;
    for route in plan.routes() {
        let path = route.path().replace("{id}", "7").replace("{...rest}", "x/y");
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] {
            let Some(endpoint) = route.methods.find(&method.parse().expect("a method")) else {
                continue;
            };
            if endpoint.session == frontdesk::plan::SessionRule::None {
                continue;
            }
            let bare = by(&gateway, &alice, method, &path, &[]);
            let foreign = by(
                &gateway,
                &alice,
                method,
                &path,
                &[CROSS, HEADER, ("origin", "https://evil.test")],
            );
            let form = by(&gateway, &alice, method, &path, &[CROSS]).body("text/plain", "a=b");
            for request in [bare, foreign, form] {
                let reply = request.await;
                assert_eq!(reply.status, 403, "{method} {path}: {reply:?}");
                asked += 1;
            }
        }
    }
    assert!(asked >= 3 * 25, "{asked}");
    assert_eq!(users.total(), 0);
}
