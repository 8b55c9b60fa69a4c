//! `unauthenticated = "login"`

use super::*;

const TAB: [(&str, &str); 3] =
    [("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document"), ("sec-fetch-site", "none")];

fn with(request: Request, headers: &[(&str, &str)]) -> Request {
    headers.iter().fold(request, |request, (name, value)| request.header(name, value))
}

#[tokio::test]
async fn a_navigation_without_a_session_is_sent_to_the_login_and_comes_back() {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    let reply = with(gateway.get("/page?a=1&b=%26c"), &TAB).await;
    reply.assert_status(303).assert_header("cache-control", "no-store");
    let to = reply.header("location").expect("a location").to_owned();
    assert_eq!(to, "/auth/login?return_to=%2Fpage%3Fa%3D1%26b%3D%2526c");
    let alice = browser(&gateway);
    let reply = alice.navigate(&to).await;
    let back = idp.authorize(reply.header("location").expect("a location"), "alice");
    let reply = alice.navigate(back.strip_prefix(ORIGIN).expect("ours")).await;
    assert!(reply.body.contains("content=\"0; url=/page?a=1&amp;b=%26c\""), "{reply:?}");
    alice.navigate("/page?a=1&b=%26c").await.assert_data(200, json!({"who": "alice"}));
    // Browsers that say nothing of themselves.
    let old =
        gateway.get("/page").header("accept", "text/html,application/xhtml+xml,*/*;q=0.8").await;
    old.assert_status(303).assert_header("location", "/auth/login?return_to=%2Fpage");
}

#[tokio::test]
async fn a_link_of_another_site_is_followed_once_more_by_ourselves_before_anybody_logs_in() {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    for site in ["cross-site", "same-site"] {
        let link = [TAB[0], TAB[1], ("sec-fetch-site", site)];
        let reply = with(gateway.get("/page?a=1"), &link).await;
        reply.assert_status(200).assert_no_header("set-cookie");
        assert!(reply.body.contains("content=\"0; url=/page?a=1\""), "{reply:?}");
    }
    // With the cookie, which comes along then, or without it.
    let own = [TAB[0], TAB[1], ("sec-fetch-site", "same-origin")];
    with(gateway.get("/page?a=1"), &own).await.assert_status(303);
}

#[tokio::test]
async fn whoever_asks_for_data_gets_401_and_never_a_redirect() {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    for headers in [
        vec![],
        vec![("accept", "application/json")],
        vec![("accept", "*/*")],
        vec![("accept", "application/json, text/html;q=0.5")],
        vec![("accept", "text/html"), ("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")],
        vec![("accept", "text/html"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")],
        vec![("accept", "text/html"), ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")],
    ] {
        let reply = with(gateway.get("/page"), &headers).await;
        reply.assert_error(401, "UNAUTHORIZED").assert_no_header("location");
    }
    with(gateway.post("/page", json!({})), &TAB).await.assert_error(401, "UNAUTHORIZED");
    with(gateway.request("HEAD", "/page"), &TAB).await.assert_status(401);
    // Where the route does not say it, a navigation is 401, too.
    with(gateway.get("/me"), &TAB).await.assert_error(401, "UNAUTHORIZED");
}

#[tokio::test]
async fn a_navigation_with_a_session_that_has_ended_is_sent_there_and_its_cookie_goes() {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    let dead = format!("{COOKIE}=v1.{}", "A".repeat(64));
    for cookie in [&*dead, "__Host-Http-session=x"] {
        let reply = with(gateway.get("/page"), &TAB).header("cookie", cookie).await;
        reply.assert_status(303).assert_header("location", "/auth/login?return_to=%2Fpage");
        assert_eq!(set_cookies(&reply), [DELETED]);
    }
    with(gateway.get("/page"), &TAB).bearer("x").await.assert_error(401, "UNAUTHORIZED");
    let two = format!("{dead}; {dead}");
    let reply = with(gateway.get("/page"), &TAB).header("cookie", &two).await;
    reply.assert_error(400, "BAD_REQUEST");
}

#[tokio::test]
async fn an_upstreams_own_401_is_no_reason_to_log_in_again_and_again() {
    let (idp, users) = (Idp::start().await, Upstream::start().await);
    users.on("GET", "/it", Reply::status(401));
    let route = "session = \"required\"\nunauthenticated = \"login\"\n[get.calls.it]\nupstream = \"users\"\npath = \"/it\"\n";
    let config = config(&idp, "", "").upstream("users", &users).route("it.toml", route);
    let gateway = config.start().await;
    let alice = browser(&gateway).logs_in(&idp, "alice").await;
    let reply = with(gateway.get("/it"), &TAB).header("cookie", &alice.cookie()).await;
    assert!(![200, 303].contains(&reply.status), "{reply:?}");
}
