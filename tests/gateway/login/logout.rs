//! `/auth/logout`

use super::*;

const FORM: [(&str, &str); 4] = [
    ("sec-fetch-site", "same-origin"),
    ("sec-fetch-mode", "navigate"),
    ("sec-fetch-dest", "document"),
    ("origin", "null"),
];

fn logout(gateway: &Gateway, cookies: &str, headers: &[(&str, &str)]) -> Request {
    let request = gateway.request("POST", "/auth/logout").header("cookie", cookies);
    headers.iter().fold(request, |request, (name, value)| request.header(name, value))
}

#[tokio::test]
async fn s10_s11_a_logout_ends_the_session_and_leaves_no_cookie() {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    let alice = browser(&gateway).logs_in(&idp, "alice").await;
    // One that was begun and not finished.
    alice.navigate("/auth/login").await.assert_status(303);
    let before = alice.cookie();
    let reply = alice.post("/auth/logout").await;
    reply.assert_status(200).assert_header("cache-control", "no-store");
    assert!(set_cookies(&reply).contains(&DELETED), "{reply:?}");
    assert_eq!(alice.cookie(), "", "the jar is empty");
    fetch(&gateway, "/me", &before).await.assert_error(401, "SESSION_EXPIRED");
    assert!(idp.is_alive("alice") || idp.http().count("POST /revoke") > 0);
    // A stop waits for what is told to the provider.
    stopped(gateway).await;
    let revoked: Vec<_> = idp
        .http()
        .requests()
        .iter()
        .filter(|one| one.path() == "/revoke")
        .map(|one| {
            let pairs = one.form_pairs();
            pairs.iter().find(|(name, _)| name == "token").expect("a token").1[..3].to_owned()
        })
        .collect();
    assert_eq!(revoked, ["rt.", "at."]);
    assert!(!idp.is_alive("alice"));
}

#[tokio::test]
async fn a_form_goes_to_the_provider_and_a_page_that_asks_is_told_where() {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    let check = |url: &str| {
        assert!(url.starts_with(&format!("{}/logout?", idp.issuer())), "{url}");
        assert_eq!(parameter(url, "post_logout_redirect_uri"), Some(format!("{ORIGIN}/")));
        assert_eq!(parameter(url, "client_id").as_deref(), Some("dashboard"));
        assert_eq!(parameter(url, "id_token_hint"), None, "no token reaches a browser");
    };
    let alice = browser(&gateway).logs_in(&idp, "alice").await;
    let reply = logout(&gateway, &alice.cookie(), &FORM)
        .body("application/x-www-form-urlencoded", "")
        .await;
    check(reply.assert_status(303).header("location").expect("a location"));
    let alice = browser(&gateway).logs_in(&idp, "alice").await;
    let old = [("origin", ORIGIN), ("accept", "text/html,*/*;q=0.8")];
    let reply = logout(&gateway, &alice.cookie(), &old).await;
    check(reply.assert_status(303).header("location").expect("a location"));
    let alice = browser(&gateway).logs_in(&idp, "alice").await;
    let plain = logout(&gateway, &alice.cookie(), &[("origin", ORIGIN)]);
    let reply = plain.body("application/x-www-form-urlencoded; charset=utf-8", "").await;
    check(reply.assert_status(303).header("location").expect("a location"));
    let alice = browser(&gateway).logs_in(&idp, "alice").await;
    let reply = alice.post("/auth/logout").await;
    check(reply.assert_status(200).json()["data"]["logout_url"].as_str().expect("a URL"));
    stopped(gateway).await;
}

#[tokio::test]
async fn the_provider_is_told_by_the_id_token_only_where_the_config_says_so() {
    let idp = Idp::start().await;
    let gateway = config(&idp, "", "id_token_hint = true").start().await;
    let alice = browser(&gateway).logs_in(&idp, "alice").await;
    let reply = logout(&gateway, &alice.cookie(), &FORM).await;
    let url = reply.assert_status(303).header("location").expect("a location");
    assert_eq!(parameter(url, "id_token_hint").expect("a hint").split('.').count(), 3);
    stopped(gateway).await;
}

#[tokio::test]
async fn a_script_is_never_told_the_id_token() {
    let idp = Idp::start().await;
    let gateway = config(&idp, "", "id_token_hint = true").start().await;
    let alice = browser(&gateway).logs_in(&idp, "alice").await;
    let reply = alice.post("/auth/logout").await.json();
    let url = reply["data"]["logout_url"].as_str().expect("a URL").to_owned();
    assert_eq!(parameter(&url, "id_token_hint"), None);
    assert_eq!(parameter(&url, "client_id").as_deref(), Some("dashboard"));
    stopped(gateway).await;
}

#[tokio::test]
async fn where_the_provider_has_no_logout_it_ends_at_home() {
    let idp = Idp::start().await;
    idp.says(json!({"end_session_endpoint": null, "revocation_endpoint": null}));
    let gateway = gateway(&idp).await;
    let alice = browser(&gateway).logs_in(&idp, "alice").await;
    let reply = logout(&gateway, &alice.cookie(), &FORM).await;
    reply.assert_status(303).assert_header("location", &format!("{ORIGIN}/"));
    let alice = browser(&gateway).logs_in(&idp, "alice").await;
    let reply = alice.post("/auth/logout").await;
    reply.assert_data(200, json!({"logout_url": format!("{ORIGIN}/")}));
    stopped(gateway).await;
}

#[tokio::test]
async fn s20_another_site_logs_nobody_out() {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    let alice = browser(&gateway).logs_in(&idp, "alice").await;
    for cookies in [&*alice.cookie(), ""] {
        for headers in [
            vec![("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")],
            vec![("sec-fetch-site", "same-site"), ("origin", ORIGIN)],
            vec![("sec-fetch-site", "none")],
            vec![("origin", "https://evil.test")],
            vec![("origin", "null")],
            vec![("x-csrf", "1"), ("referer", "https://app.example.com/")],
            vec![],
        ] {
            let reply = logout(&gateway, cookies, &headers).await;
            reply.assert_error(403, "CSRF_FAILED").assert_no_header("set-cookie");
        }
        let link = gateway.get("/auth/logout").header("cookie", cookies).await;
        link.assert_error(405, "METHOD_NOT_ALLOWED").assert_no_header("set-cookie");
    }
    alice.fetch("/me").await.assert_status(200);
    assert_eq!(idp.http().count("POST /revoke"), 0);
}

#[tokio::test]
async fn a_logout_without_a_session_is_one_too() {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    for cookies in ["", "__Host-Http-session=x"] {
        let reply = logout(&gateway, cookies, &[("origin", ORIGIN)]).await;
        assert_eq!(set_cookies(reply.assert_status(200)), [DELETED]);
    }
}

#[tokio::test]
async fn a_logout_does_not_hang_on_the_provider() {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    let alice = browser(&gateway).logs_in(&idp, "alice").await;
    let before = alice.cookie();
    idp.http().on("POST", "/revoke", Reply::status(500));
    alice.post("/auth/logout").await.assert_status(200);
    fetch(&gateway, "/me", &before).await.assert_error(401, "SESSION_EXPIRED");
    stopped(gateway).await;
}
