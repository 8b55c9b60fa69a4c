//! Nobody but the gateway says who asks, where from and with which key (`H1` to `H10`, RFC 9700 §4.13).

use crate::harness::*;

/// An upstream that is told who asks, with a key, and what the gateway knows of the request.
async fn gateway() -> (Upstream, Gateway) {
    let users = Upstream::start().await;
    users.on("*", "/**", Reply::json(json!("private")));
    let headers = r#"
        headers.authorization = "Bearer ${KEY}"
        headers.x-api-key = "${KEY}"
        headers.x-user-id = "{$session.sub}"
        headers.x-seen = "{$request.method} {$request.host} {$request.ip} {$request.path}"
    "#;
    let route = r#"
        [get.calls.it]
        upstream = "users"
        path = "/private"
        [get.input.headers]
        accept-language = { type = "string" }
        [get.response]
        shape = '{it: $it, language: $headers."accept-language"}'
    "#;
    let gateway = Gateway::config()
        .env("KEY", "our-key")
        .upstream_with("users", &users, headers)
        .route("private.toml", &format!("session = \"required\"\n{route}"))
        .route("public.toml", &format!("session = \"none\"\n{route}").replace("private", "public"))
        .start()
        .await;
    (users, gateway)
}

/// Sends these header lines with a user's cookie, and gives what the upstream got.
async fn sent_with(lines: &str) -> std::sync::Arc<upstream_mocks::Recorded> {
    let (users, gateway) = gateway().await;
    let cookie = format!("x-csrf: 1\r\ncookie: token={}\r\n", token(json!({"sub": "alice"})));
    let status = gateway.raw_status("/private", &format!("{cookie}{lines}")).await;
    assert_eq!((status, users.total()), (200, 1), "{lines}");
    let request = users.requests().remove(0);
    assert_ours(&request, &gateway);
    request
}

/// These headers and no other, each once, by any reading of their names; with our values.
#[track_caller]
fn assert_ours(request: &upstream_mocks::Recorded, gateway: &Gateway) {
    let folded = |name: &str| name.to_lowercase().replace(['_', '.', ' '], "-");
    let mut names: Vec<_> = request.headers.iter().map(|(name, _)| folded(name)).collect();
    names.sort();
    let ours = [
        "accept",
        "authorization",
        "host",
        "traceparent",
        "user-agent",
        "x-api-key",
        "x-request-id",
        "x-seen",
        "x-user-id",
    ];
    assert_eq!(names, ours);
    assert_eq!(request.header("x-user-id"), Some("alice"));
    assert_eq!(request.header("x-api-key"), Some("our-key"));
    assert_eq!(request.header("authorization"), Some("Bearer our-key"));
    let seen = format!("GET {} 127.0.0.1 /private", gateway.address);
    assert_eq!(request.header("x-seen"), Some(&*seen));
}

#[tokio::test]
async fn h1_h2_no_alias_of_an_identity_header_comes_through() {
    sent_with("X-User-Id: evil\r\nX_User_Id: evil\r\nX-User_Id: evil\r\nx-USER-id: evil\r\n").await;
    sent_with("X.User.Id: evil\r\nX.User-Id: evil\r\nx_api.key: evil\r\nx-api_key: evil\r\n").await;
    sent_with("X~User~Id: evil\r\nX!User!Id: evil\r\nX'User: evil\r\nX-User-Id-: evil\r\n").await;
    sent_with("X-User-Id: evil\r\nX-User-Id: evil2\r\nX-User-Id:\r\n").await;
}

#[tokio::test]
async fn h2_a_header_name_that_is_none_is_400() {
    let (users, gateway) = gateway().await;
    let cookie = format!("x-csrf: 1\r\ncookie: token={}\r\n", token(json!({})));
    for name in
        ["X User Id", "X-User-Id ", "X\u{e9}User", "X(User)", "X-User-Id\t", "\"X\"", "", "X\0Y"]
    {
        let status = gateway.raw_status("/private", &format!("{cookie}{name}: evil\r\n")).await;
        assert_eq!(status, 400, "{name:?}");
    }
    assert_eq!(users.total(), 0);
}

#[tokio::test]
async fn h1_an_alias_of_a_declared_input_is_not_that_input() {
    let (_users, gateway) = gateway().await;
    let get = || gateway.get("/public");
    let reply = get().header("accept_language", "evil").header("accept.language", "evil").await;
    assert_eq!(reply.assert_status(200).json()["data"]["language"], json!(null));
    let reply = get().header("Accept-Language", "de").header("accept_language", "evil").await;
    assert_eq!(reply.assert_status(200).json()["data"]["language"], json!("de"));
}

const FORWARDED: &[(&str, &str)] = &[
    ("X-Forwarded-For", "6.6.6.6"),
    ("X-Forwarded-Host", "evil.test"),
    ("X-Forwarded-Proto", "http"),
    ("X-Forwarded-Port", "666"),
    ("X-Forwarded-Prefix", "/public"),
    ("X-Forwarded-Uri", "/public"),
    ("X-Forwarded-Method", "DELETE"),
    ("X-Forwarded-Server", "evil.test"),
    ("X-Forwarded-User", "admin"),
    ("Forwarded", "for=6.6.6.6;host=evil.test;proto=http"),
    ("X-Real-IP", "6.6.6.6"),
    ("True-Client-IP", "6.6.6.6"),
    ("X-Original-URL", "/public"),
    ("X-Rewrite-URL", "/public"),
    ("X-Original-Method", "DELETE"),
    ("X-HTTP-Method-Override", "DELETE"),
    ("X-Method-Override", "DELETE"),
    ("Via", "1.1 evil.test"),
];

#[tokio::test]
async fn h3_forwarding_headers_have_no_effect_and_end_here() {
    let all: String =
        FORWARDED.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    sent_with(&all).await;
}

#[tokio::test]
async fn h4_h5_no_header_makes_a_private_path_public() {
    let (users, gateway) = gateway().await;
    for (name, value) in FORWARDED {
        let reply = gateway.get("/private").header(name, value).await;
        reply.assert_error(401, "UNAUTHORIZED");
        // And no rule is another one by it.
        gateway.get("/public").header(name, value).await.assert_status(200);
    }
    assert_eq!(users.count("GET /private"), 0);
    assert_eq!(users.total(), FORWARDED.len());
}

#[tokio::test]
async fn h6_no_forwarded_address_is_believed() {
    let request =
        sent_with("X-Forwarded-For: 9.9.9.9, 6.6.6.6\r\nX-Forwarded-For: 127.0.0.2\r\n").await;
    assert!(request.header("x-seen").is_some_and(|seen| seen.contains(" 127.0.0.1 ")));
}

#[tokio::test]
async fn h7_control_headers_from_outside_end_here() {
    let chain = ["middleware"; 5].join(":");
    let request = sent_with(&format!(
        "x-middleware-subrequest: {chain}\r\nx-bff-user: admin\r\nx-frontdesk-session: admin\r\n\
         baggage: user=admin\r\ntracestate: a=b\r\nx-request-id: chosen\r\nfrontdesk-partial: x\r\n\
         frontdesk-cache: hit\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n"
    ))
    .await;
    assert_ne!(request.header("x-request-id"), Some("chosen"));
    let (users, gateway) = gateway().await;
    let reply = gateway.get("/private").header("x-middleware-subrequest", &chain).await;
    reply.assert_error(401, "UNAUTHORIZED");
    assert_eq!(users.total(), 0);
}

#[tokio::test]
async fn h8_a_client_cannot_take_our_headers_away() {
    sent_with("Connection: X-User-Id, X-Api-Key, Authorization, Host\r\n").await;
    sent_with("Keep-Alive: X-User-Id\r\nTE: trailers\r\nProxy-Connection: X-Api-Key\r\n").await;
}

#[tokio::test]
async fn h9_a_clients_own_keys_are_replaced() {
    sent_with("X-Api-Key: x\r\nx-api-key: y\r\nProxy-Authorization: Basic eDp5\r\n").await;

    let (users, gateway) = gateway().await;
    let reply = gateway.get("/private").user("alice").header("x-api-key", "x").await;
    reply.assert_status(200);
    assert_ours(&users.requests()[0], &gateway);
}

#[tokio::test]
async fn h10_a_health_check_is_nobody() {
    let (users, gateway) = gateway().await;
    for agent in ["kube-probe/1.29", "GoogleHC/1.0", "ELB-HealthChecker/2.0", "Consul Health Check"]
    {
        let reply = gateway.get("/private").header("user-agent", agent).await;
        reply.assert_error(401, "UNAUTHORIZED");
    }
    gateway.get("/healthz").await.assert_error(404, "NOT_FOUND");
    assert_eq!(users.total(), 0);
}
