//! Who asks: `session = "required" | "optional" | "none"`, bearer tokens, cookies, and what upstreams learn of it.

use crate::harness::*;

/// Three routes that differ in `session` only, and tell what they know.
async fn gateway() -> (Upstream, Gateway) {
    let users = Upstream::start().await;
    users.on("GET", "/seen", Reply::json(json!("here")));
    let mut config =
        Gateway::config().upstream_with("users", &users, r#"headers.x-user-id = "{$session.sub}""#);
    for rule in ["required", "optional", "none"] {
        let route = format!(
            r#"
            session = "{rule}"
            [get.calls.seen]
            upstream = "users"
            path = "/seen"
            [get.response]
            shape = '{{seen: $seen, who: $session.sub}}'
            "#
        );
        config = config.route(&format!("{rule}.toml"), &route);
    }
    (users, config.start().await)
}

const BEARER_CHALLENGE: &str = r#"Bearer error="invalid_token""#;
const DELETED: &str = "token=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax";

fn expired() -> String {
    token(json!({"exp": now() - 60}))
}

#[tokio::test]
async fn a_required_session_that_is_not_there_is_401() {
    let (users, gateway) = gateway().await;
    let reply = gateway.get("/required").await;
    reply.assert_error(401, "UNAUTHORIZED").assert_header("www-authenticate", "Bearer");
    let reply = gateway.get("/required").header("cookie", "theme=dark; =;;=").await;
    reply.assert_error(401, "UNAUTHORIZED").assert_no_header("set-cookie");
    assert_eq!(users.total(), 0);
}

#[tokio::test]
async fn a_bearer_token_or_a_cookie_says_who_asks() {
    let (users, gateway) = gateway().await;
    let known = json!({"seen": "here", "who": "alice"});
    for rule in ["/required", "/optional"] {
        gateway.get(rule).user("alice").await.assert_data(200, known.clone());
        gateway.get(rule).by_our_page().cookie_user("alice").await.assert_data(200, known.clone());
    }
    let seen = users.requests();
    assert_eq!(seen.len(), 4);
    assert!(seen.iter().all(|request| request.header_values("x-user-id") == ["alice"]));
    assert!(seen.iter().all(|request| request.header("cookie").is_none()));
    assert!(seen.iter().all(|request| request.header("authorization").is_none()));
}

#[tokio::test]
async fn an_optional_session_that_is_not_there_is_null() {
    let (users, gateway) = gateway().await;
    let reply = gateway.get("/optional").await;
    reply.assert_data(200, json!({"seen": "here", "who": null})).assert_no_header("set-cookie");
    assert_eq!(users.requests()[0].header("x-user-id"), None);
}

#[tokio::test]
async fn an_optional_session_whose_cookie_is_no_longer_good_is_null_and_the_cookie_goes() {
    let (users, gateway) = gateway().await;
    for dead in [expired(), "garbage".into(), String::new()] {
        let reply = gateway.get("/optional").header("cookie", &format!("token={dead}")).await;
        reply.assert_data(200, json!({"seen": "here", "who": null}));
        reply.assert_header("set-cookie", DELETED);
    }
    assert!(users.requests().iter().all(|request| request.header("x-user-id").is_none()));
}

#[tokio::test]
async fn a_required_session_whose_cookie_is_no_longer_good_is_401_and_the_cookie_goes() {
    let (users, gateway) = gateway().await;
    let reply = gateway.get("/required").header("cookie", &format!("token={}", expired())).await;
    reply.assert_error(401, "UNAUTHORIZED").assert_header("set-cookie", DELETED);
    reply.assert_header("www-authenticate", BEARER_CHALLENGE);
    assert_eq!(users.total(), 0);
}

#[tokio::test]
async fn a_bad_bearer_token_is_401_also_where_a_session_is_optional() {
    let (users, gateway) = gateway().await;
    for rule in ["/required", "/optional"] {
        for header in [&*format!("Bearer {}", expired()), "Bearer x", "Bearer", "Basic eDp5", ""] {
            let reply = gateway.get(rule).header("authorization", header).await;
            reply.assert_error(401, "UNAUTHORIZED").assert_no_header("set-cookie");
            reply.assert_header("www-authenticate", BEARER_CHALLENGE);
        }
    }
    assert_eq!(users.total(), 0);
}

#[tokio::test]
async fn where_no_session_is_looked_for_credentials_mean_nothing() {
    let (users, gateway) = gateway().await;
    let nobody = json!({"seen": "here", "who": null});
    gateway.get("/none").user("alice").await.assert_data(200, nobody.clone());
    gateway.get("/none").cookie_user("alice").await.assert_data(200, nobody.clone());
    gateway.get("/none").bearer("x").bearer("y").await.assert_data(200, nobody.clone());
    let reply = gateway.get("/none").user("alice").header("cookie", "token=x; token=y").await;
    reply.assert_data(200, nobody).assert_no_header("set-cookie");
    assert!(users.requests().iter().all(|request| request.header("x-user-id").is_none()));
}

#[tokio::test]
async fn s26_two_credentials_are_400() {
    let (users, gateway) = gateway().await;
    for rule in ["/required", "/optional"] {
        let both = gateway.get(rule).user("alice").cookie_user("bob").await;
        both.assert_error(400, "BAD_REQUEST").assert_no_header("set-cookie");
        let same = gateway.get(rule).user("alice").cookie_user("alice").await;
        same.assert_error(400, "BAD_REQUEST");
        gateway.get(rule).user("a").user("b").await.assert_error(400, "BAD_REQUEST");
        let basic = gateway.get(rule).header("authorization", "Basic eDp5").cookie_user("a").await;
        basic.assert_error(400, "BAD_REQUEST");
    }
    assert_eq!(users.total(), 0);
}

#[tokio::test]
async fn s12_two_cookies_of_one_name_are_400_and_both_go() {
    let (users, gateway) = gateway().await;
    let good = token(json!({}));
    for rule in ["/required", "/optional"] {
        let one_header = format!("token={good}; token=evil");
        let reply = gateway.get(rule).header("cookie", &one_header).await;
        reply.assert_error(400, "BAD_REQUEST").assert_header("set-cookie", DELETED);
        let reply = gateway.get(rule).header("cookie", "token=evil").cookie_user("a").await;
        reply.assert_error(400, "BAD_REQUEST").assert_header("set-cookie", DELETED);
    }
    assert_eq!(users.total(), 0);
}

#[tokio::test]
async fn a_token_counts_only_where_its_table_says() {
    let users = Upstream::start().await;
    users.on("GET", "/seen", Reply::json(json!("here")));
    let route = r#"
        session = "optional"
        [get.response]
        shape = '{who: $session.sub}'
    "#;
    let tokens = r#"
        [tokens.cookies]
        issuer = "https://id.test/"
        audience = ["web", "app"]
        algorithms = ["HS256"]
        key = { secret = "${TEST_SECRET}" }
        bearer = false
        cookie = "sid"
    "#;
    let gateway =
        Gateway::config().without_tokens().gateway(tokens).route("who.toml", route).start().await;
    let good = token(json!({"aud": "app"}));

    let by_cookie =
        gateway.get("/who").by_our_page().header("cookie", &format!("sid={good}")).await;
    by_cookie.assert_data(200, json!({"who": "u1"}));
    let other_name = gateway.get("/who").header("cookie", &format!("token={good}")).await;
    other_name.assert_data(200, json!({"who": null})).assert_no_header("set-cookie");
    // Nobody reads `Authorization` here, so it may be for whoever stands in front.
    gateway.get("/who").bearer(&good).await.assert_data(200, json!({"who": null}));
    let both = gateway
        .get("/who")
        .bearer("x")
        .by_our_page()
        .header("cookie", &format!("sid={good}"))
        .await;
    both.assert_data(200, json!({"who": "u1"}));
}

#[tokio::test]
async fn templates_and_programs_read_all_members_of_the_session() {
    let users = Upstream::start().await;
    users.on("GET", "/**", Reply::json(json!(1)));
    let route = r#"
        session = "required"
        [get.calls.user]
        upstream = "users"
        path = "/t/{$session.claims.tenant}/u/{$session.sub}"
        query = { role = "{$session.roles}", all = "{$session.scopes | join(\" \")}" }
        headers = { x-issuer = "{$session.iss}" }
        [get.response]
        shape = '{user: $user, session: ($session | {iss, sub, roles, scopes}), id: $session.claims.id}'
    "#;
    let gateway = Gateway::config().upstream("users", &users).route("me.toml", route).start().await;
    let claims = r#"{"iss":"https://id.test/","aud":"api","sub":"a/../b","exp":99999999999,"tenant":"x y",
        "roles":["admin","staff"],"scope":"read write","id":123456789012345678901234567890.5}"#;

    let reply =
        gateway.get("/me").bearer(&Signer::secret().sign(r#"{"alg":"HS256"}"#, claims)).await;

    reply.assert_status(200);
    let session = json!({
        "iss": "https://id.test/", "sub": "a/../b", "roles": ["admin", "staff"], "scopes": ["read", "write"],
    });
    assert_eq!(reply.json()["data"]["session"], session);
    assert!(reply.body.contains("123456789012345678901234567890.5"), "as written: {reply:?}");
    let seen = &users.requests()[0];
    assert_eq!(seen.target, "/t/x%20y/u/a%2F..%2Fb?role=admin&role=staff&all=read%20write");
    assert_eq!(seen.header_values("x-issuer"), ["https://id.test/"]);
}

#[tokio::test]
async fn auth_user_sends_the_verified_token_and_only_then_its_401_and_403_pass() {
    let users = Upstream::start().await;
    for status in [401, 403, 404] {
        users.on("GET", &format!("/{status}"), Reply::status(status));
    }
    let route = r#"
        session = "required"
        [get.calls.it]
        upstream = "UPSTREAM"
        path = "/{$params.status}"
    "#;
    let gateway = Gateway::config()
        .upstream_with("users", &users, "auth = \"user\"")
        .upstream_with("keyed", &users, "headers.authorization = \"Bearer ${KEY}\"")
        .env("KEY", "our-key")
        .route("user/[status].toml", &route.replace("UPSTREAM", "users"))
        .route("keyed/[status].toml", &route.replace("UPSTREAM", "keyed"))
        .start()
        .await;
    let token = token(json!({}));

    let reply = gateway.get("/user/401").bearer(&token).await;
    reply.assert_error(401, "UNAUTHORIZED").assert_header("www-authenticate", "Bearer");
    gateway.get("/user/403").bearer(&token).await.assert_error(403, "FORBIDDEN");
    let by_cookie =
        gateway.get("/user/404").by_our_page().header("cookie", &format!("token={token}")).await;
    by_cookie.assert_error(404, "NOT_FOUND");
    let sent = format!("Bearer {token}");
    for request in users.requests() {
        assert_eq!(request.header_values("authorization"), [&*sent]);
        assert_eq!(request.header("cookie"), None);
    }

    users.forget();
    gateway.get("/keyed/401").bearer(&token).await.assert_error(502, "UPSTREAM_ERROR");
    gateway.get("/keyed/403").bearer(&token).await.assert_error(502, "UPSTREAM_ERROR");
    for request in users.requests() {
        assert_eq!(request.header_values("authorization"), ["Bearer our-key"]);
    }
}

#[tokio::test]
async fn auth_user_without_a_session_is_401_and_sends_nothing() {
    let users = Upstream::start().await;
    let route = r#"
        session = "optional"
        [get.calls.it]
        upstream = "users"
        path = "/it"
    "#;
    let config = Gateway::config().upstream_with("users", &users, "auth = \"user\"");
    let gateway = config.route("it.toml", route).start().await;
    let reply = gateway.get("/it").await;
    reply.assert_error(401, "UNAUTHORIZED").assert_header("www-authenticate", "Bearer");
    assert_eq!(users.total(), 0);
}

#[tokio::test]
async fn auth_user_where_no_session_is_looked_for_is_a_mistake() {
    let users = Upstream::start().await;
    let route = r#"
        session = "none"
        [get.calls.it]
        upstream = "users"
        path = "/it"
    "#;
    let config = Gateway::config().upstream_with("users", &users, "auth = \"user\"");
    let mistakes = config.route("it.toml", route).mistakes();
    assert!(mistakes.contains("the call `it` sends the user's token"), "{mistakes}");
}
