//! `/auth/login`: how an attempt begins.

use super::*;

#[tokio::test]
async fn b2_a_login_asks_for_a_code_bound_to_this_attempt() {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    let reply = gateway.get("/auth/login").await;
    reply.assert_status(303).assert_header("cache-control", "no-store");
    let url = reply.header("location").expect("a location");
    assert!(url.starts_with(&format!("{}/authorize?", idp.issuer())), "{url}");
    let asked = |name| parameter(url, name).unwrap_or_default();
    assert_eq!(asked("response_type"), "code");
    assert_eq!(asked("code_challenge_method"), "S256");
    assert_eq!(asked("redirect_uri"), format!("{ORIGIN}/auth/callback"));
    for name in ["state", "nonce", "code_challenge"] {
        assert_eq!(asked(name).len(), 43, "{name}: 256 bits");
    }
    let again = gateway.get("/auth/login").await;
    let other = again.header("location").expect("a location");
    for name in ["state", "nonce", "code_challenge"] {
        assert_ne!(parameter(other, name), Some(asked(name)), "{name}");
    }
}

#[tokio::test]
async fn b3_the_cookie_of_an_attempt_comes_back_from_the_provider_and_holds_nothing_to_read() {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    let reply = gateway.get("/auth/login?return_to=/me").await;
    let [cookie] = set_cookies(&reply)[..] else { panic!("one cookie: {reply:?}") };
    let (pair, attributes) = cookie.split_once("; ").expect("attributes");
    assert_eq!(attributes, "Path=/; Max-Age=600; Secure; HttpOnly; SameSite=Lax");
    let (name, value) = pair.split_once('=').expect("a value");
    let own = name.strip_prefix("__Host-Http-tx-").expect("its prefix");
    assert!(own.len() == 16 && own.bytes().all(|byte| byte.is_ascii_hexdigit()), "{name}");
    let state = parameter(reply.header("location").expect("a location"), "state");
    assert!(!value.contains(&*state.expect("a state")));
    assert!(value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
}

#[tokio::test]
async fn s20_a_login_begins_in_a_tab_and_nowhere_else() {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    for path in ["/auth/login", "/auth/callback?code=a&state=b"] {
        for (mode, dest) in [
            ("navigate", "iframe"),
            ("navigate", "frame"),
            ("navigate", "object"),
            ("no-cors", "image"),
            ("no-cors", "script"),
            ("cors", "empty"),
            ("websocket", "websocket"),
            ("navigate", "made-up"),
        ] {
            let request = gateway.get(path).header("sec-fetch-mode", mode);
            let reply = request.header("sec-fetch-dest", dest).await;
            reply.assert_error(403, "FORBIDDEN").assert_no_header("set-cookie");
        }
    }
    assert_eq!(idp.http().count("POST /token"), 0);
}

#[tokio::test]
async fn eight_attempts_are_kept_and_the_oldest_of_more_goes() {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    let user = browser(&gateway);
    let mut names = Vec::new();
    for _ in 0..10 {
        let reply = user.navigate("/auth/login").await;
        let set = set_cookies(&reply).into_iter().find(|cookie| !cookie.contains("Max-Age=0"));
        let name = set.and_then(|cookie| cookie.split('=').next()).expect("a cookie");
        names.push(name.to_owned());
        gateway.advance(1);
    }
    let kept = user.cookie();
    let is_kept = |name: &String| value_of(&kept, name).is_some();
    assert_eq!(
        names.iter().map(is_kept).collect::<Vec<_>>(),
        [[false; 2].as_slice(), &[true; 8]].concat()
    );
}

#[tokio::test]
async fn attempts_never_fill_a_head() {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    let user = browser(&gateway);
    for _ in 0..10 {
        let long = format!("/auth/login?return_to=/{}", "a".repeat(1000));
        user.navigate(&long).await.assert_status(303);
    }
    assert!(user.cookie().len() < 4500, "{}", user.cookie().len());
    // Nonsense of others in such names goes first, and does not count as an attempt.
    let cookies: Vec<_> = (0..30).map(|n| format!("__Host-Http-tx-{n:016x}=x")).collect();
    let reply = gateway.get("/auth/login").header("cookie", &cookies.join("; ")).await;
    let deleted = set_cookies(&reply).iter().filter(|cookie| cookie.contains("Max-Age=0")).count();
    assert_eq!((reply.status, deleted), (303, 30 + 1 - 8));
}

#[tokio::test]
async fn s7_a_provider_that_is_away_is_503_and_the_rest_goes_on() {
    let idp = Idp::start().await;
    let config = config(&idp, "", "");
    drop(idp);
    let gateway = config.start().await;
    let reply = gateway.get("/auth/login").await;
    reply.assert_error(503, "UPSTREAM_UNAVAILABLE").assert_no_header("set-cookie");
    assert!(reply.header("retry-after").is_some());
    gateway.get("/auth/callback?code=a&state=b").await.assert_error(400, "BAD_REQUEST");
    gateway.get("/me").await.assert_error(401, "UNAUTHORIZED");
    gateway.get("/maybe").await.assert_data(200, json!({"who": null}));
}

#[tokio::test]
async fn s8_garbage_in_every_parameter_is_4xx_or_a_login() {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    for query in
        ["return_to=%", "return_to=%ff", "return_to", "%=%", "return_to=/a&return_to=/b", "=;;="]
    {
        let reply = gateway.get(&format!("/auth/login?{query}")).header("cookie", "=;;=").await;
        reply.assert_status(303);
    }
    for query in
        ["", "code", "state", "state=%", "code=%&state=x", "code=a&code=b&state=c", "error=x"]
    {
        let reply = gateway.get(&format!("/auth/callback?{query}")).header("cookie", "=;;=").await;
        reply.assert_error(400, "BAD_REQUEST");
    }
    let many = vec!["a=b"; 100].join("&");
    gateway.get(&format!("/auth/callback?{many}")).await.assert_error(400, "BAD_REQUEST");
}

#[tokio::test]
async fn each_path_of_a_login_has_its_methods() {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    for (path, methods) in [
        ("login", "GET"),
        ("callback", "GET"),
        ("session", "GET, HEAD"),
        ("logout", "POST"),
        ("backchannel-logout", "POST"),
    ] {
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "GETT"] {
            if methods.split(", ").any(|own| own == method) {
                continue;
            }
            let reply = gateway.request(method, &format!("/auth/{path}")).await;
            reply.assert_status(405).assert_header("allow", methods);
            reply.assert_header("cache-control", "no-store");
        }
    }
}

#[tokio::test]
async fn k5_nothing_is_below_or_beside_the_paths_of_a_login() {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    let alice = browser(&gateway).logs_in(&idp, "alice").await;
    for path in [
        "/auth/session/x.css",
        "/auth/session;x.js",
        "/auth/session%0a.css",
        "/auth/session%3f.css",
        "/auth/session%00",
        "/auth/session/",
        "/auth/session.css",
        "/auth//session",
        "/auth/./session",
        "/auth/x/../session",
        "/auth/%73ession",
        "/auth/SESSION",
        "/AUTH/session",
        "/auth",
        "/auth/",
        "/authsession",
    ] {
        let reply = gateway.raw_get(path, &format!("cookie: {}\r\n", alice.cookie())).await;
        assert!(!reply.contains("alice"), "{path}: {reply}");
        let status = reply.split(' ').nth(1).expect("a status");
        let expected = if path.starts_with("/auth/") { ["404", "404"] } else { ["404", "400"] };
        assert!(expected.contains(&status), "{path}: {reply}");
    }
}
