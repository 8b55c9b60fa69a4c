//! Who shares an entry: one session, unless the config says more (`K` of `docs/security.md`).

use super::*;

/// A route for everybody, with a call that shows the user by a token alone: nothing else that is sent tells who asks.
const MINE: &str = r#"
    session = "optional"
    [get.calls.it]
    upstream = "up"
    path = "/it"
    auth = "user"
    cache = { ttl = "1h", stale = "1h", stale_if_error = "1h", negative_ttl = "1h" }
"#;

/// The same without a token: of what a user is, the upstream is told nothing.
const PLAIN: &str = r#"
    session = "optional"
    [get.calls.it]
    upstream = "up"
    path = "/it"
    cache = { ttl = "1h" }
"#;

#[tokio::test]
async fn k1_one_user_never_sees_what_another_was_answered() {
    let up = counting().await;
    let gateway = with(&up, MINE).await;
    let ask = async |user: &str| said(&gateway.get("/x").user(user).await);
    assert_eq!(ask("u1").await, is("miss", 1));
    assert_eq!(ask("u2").await, is("miss", 2));
    assert_eq!(ask("u1").await, is("hit", 1));
    assert_eq!(ask("u2").await, is("hit", 2));
    // By a cookie as by a header.
    assert_eq!(said(&gateway.get("/x").by_our_page().cookie_user("u1").await), is("hit", 1));
    for subject in ["u1 ", "U1", "u", "u11"] {
        assert_eq!(ask(subject).await.0, "miss", "{subject}");
    }
}

#[tokio::test]
async fn k2_nobody_is_not_served_what_somebody_was_answered() {
    let up = counting().await;
    let config = Gateway::config().upstream("up", &up).route("plain.toml", PLAIN);
    let config = config.route("closed.toml", &PLAIN.replace("optional", "required"));
    let gateway = config.route("x.toml", MINE).start().await;
    for path in ["/x", "/plain", "/closed"] {
        gateway.get(path).user("u1").await.assert_status(200);
    }
    let asked = up.total();
    gateway.get("/closed").await.assert_error(401, "UNAUTHORIZED");
    gateway.get("/x").await.assert_error(401, "UNAUTHORIZED");
    assert_eq!(up.total(), asked);
    gateway.get("/plain").await.assert_header("frontdesk-cache", "miss");
    assert_eq!(up.total(), asked + 1);
    // And the other way round.
    let known = gateway.get("/plain").user("u3").await;
    known.assert_header("frontdesk-cache", "miss");
    gateway.get("/plain").await.assert_header("frontdesk-cache", "hit");
}

#[tokio::test]
async fn k3_the_same_request_to_two_upstreams_is_two_entries() {
    let up = counting().await;
    let config = Gateway::config().upstream("a", &up).upstream("b", &up);
    let config = config.upstream_with("c", &up, "headers = { x-api-key = \"${TEST_KEY}\" }");
    let config = config.env("TEST_KEY", "a-key-of-an-upstream");
    let at = |name: &str| route(r#"{ ttl = "1h", scope = "shared" }"#).replace("\"up\"", name);
    let config = config.route("a.toml", &at("\"a\"")).route("b.toml", &at("\"b\""));
    let gateway = config.route("c.toml", &at("\"c\"")).start().await;
    for round in ["miss", "hit"] {
        for (path, n) in [("/a", 1), ("/b", 2), ("/c", 3)] {
            assert_eq!(said(&gateway.get(path).await), is(round, n), "{path}");
        }
    }
}

#[tokio::test]
async fn two_routes_share_what_they_ask_alike_and_keep_alike() {
    let up = counting().await;
    let config = Gateway::config().upstream("up", &up);
    let shared = r#"{ ttl = "1h", scope = "shared" }"#;
    let config = config.route("a.toml", &route(shared)).route("b.toml", &route(shared));
    let config = config.route("c.toml", &route(r#"{ ttl = "2h", scope = "shared" }"#));
    let gateway = config.route("d.toml", &route(r#"{ ttl = "1h" }"#)).start().await;
    assert_eq!(said(&gateway.get("/a").await), is("miss", 1));
    assert_eq!(said(&gateway.get("/b").await), is("hit", 1));
    assert_eq!(said(&gateway.get("/c").await), is("miss", 2));
    assert_eq!(said(&gateway.get("/d").await), is("miss", 3));
}

#[tokio::test]
async fn k6_what_is_not_in_the_key_changes_nothing() {
    let up = Upstream::start().await;
    up.reply_with("GET", "/it", |request| {
        let seen: Vec<_> = request.headers.iter().map(|(name, _)| name.to_lowercase()).collect();
        let named =
            request.header("x-request-id").is_some() && request.header("traceparent").is_some();
        Reply::json(json!({"n": [seen.len(), named, request.header("accept-language")]}))
    });
    let gateway = with(&up, &route(r#"{ ttl = "1h", scope = "shared" }"#)).await;
    let poisoned = [
        ("x-forwarded-host", "evil.test"),
        ("x-forwarded-proto", "gopher"),
        ("forwarded", "host=evil.test"),
        ("x-original-url", "/evil"),
        ("x-http-method-override", "DELETE"),
        ("accept-language", "tlh"),
        ("accept", "text/evil"),
        ("origin", "https://evil.test"),
        ("range", "bytes=0-0"),
        ("if-none-match", "\"evil\""),
        ("if-modified-since", "Thu, 19 Nov 2026 10:00:00 GMT"),
        ("cache-control", "no-cache, no-store, max-age=0"),
        ("pragma", "no-cache"),
        ("user-agent", "evil"),
        ("x-request-id", "evil"),
    ];
    let request = poisoned
        .iter()
        .fold(gateway.get("/x"), |request, (name, value)| request.header(name, value));
    let first = request.await;
    assert_eq!(first.status, 200, "{first:?}");
    let plain = gateway.get("/x").await;
    assert_eq!(said(&plain).0, "hit");
    assert_eq!(plain.json(), first.json());
    assert_eq!(up.total(), 1);
    // It is what a gateway that nobody has poisoned says.
    let other = with(&up, &route(r#"{ ttl = "1h", scope = "shared" }"#)).await;
    assert_eq!(other.get("/x").await.json(), plain.json());
    for (name, value) in poisoned {
        assert_eq!(said(&gateway.get("/x").header(name, value).await).0, "hit", "{name}");
    }
}

#[tokio::test]
async fn k6_a_header_that_is_sent_is_in_the_key() {
    let up = Upstream::start().await;
    up.reply_with("GET", "/it", |request| {
        Reply::json(json!({"n": request.header("accept-language")}))
    });
    let text = format!(
        "{}[get]\ninput.headers.accept-language = {{ type = \"string\" }}\n",
        route(r#"{ ttl = "1h" }"#)
            + "headers = { accept-language = '{$headers.\"accept-language\"}' }\n"
    );
    let gateway = with(&up, &text).await;
    for how in ["miss", "hit"] {
        for language in ["de", "en", "en, de"] {
            let reply = gateway.get("/x").header("accept-language", language).await;
            assert_eq!(said(&reply), (how.to_owned(), json!(language)));
        }
        assert_eq!(said(&gateway.get("/x").await), (how.to_owned(), Value::Null));
    }
}

#[tokio::test]
async fn k7_no_two_requests_have_one_key_however_they_are_put_together() {
    let up = Upstream::start().await;
    up.reply_with("GET", "/**", |request| {
        Reply::json(json!([request.target, request.header("x-a"), request.header("x-b")]))
    });
    let text = r#"
        session = "none"
        [get]
        input.query.p = { type = "string", default = "p" }
        input.query.q = { type = "string" }
        input.query.a = { type = "string" }
        input.query.b = { type = "string" }
        [get.calls.it]
        upstream = "up"
        path = "/i/{$query.p}"
        query = { q = "{$query.q}", a = "{$query.a}" }
        headers = { x-a = "{$query.a}", x-b = "{$query.b}" }
        cache = { ttl = "1h", tags = ["{$query.a}", "{$query.b}"] }
    "#;
    let gateway = with(&up, text).await;
    let asked = [
        "a=a|b&b=c",
        "a=a&b=b|c",
        "a=a,b&b=c",
        "a=a&b=b,c",
        "a=ab",
        "b=ab",
        "a=a&b=b",
        "a=b&b=a",
        "a=ax-bb",
        "a=a&b=x-bb",
        "p=x%2Fy",
        "p=x&q=y",
        "p=x%3Fq=y",
        "q=x%26a=y",
        "q=x&a=y",
        "",
        "q=x%00y",
        "p=x%23y",
        "p=%252e",
    ];
    let mut seen = Vec::new();
    for query in asked {
        let reply = gateway.get(&format!("/x?{query}")).await;
        if reply.status != 200 {
            continue;
        }
        reply.assert_header("frontdesk-cache", "miss");
        assert!(!seen.contains(&reply.json()), "{query}");
        let again = gateway.get(&format!("/x?{query}")).await;
        again.assert_header("frontdesk-cache", "hit");
        assert_eq!(again.json(), reply.json(), "{query}");
        seen.push(reply.json());
    }
    assert!(seen.len() > 15, "{}", seen.len());
}

#[tokio::test]
async fn k8_a_token_with_other_claims_does_not_open_what_the_one_before_did() {
    let up = counting().await;
    let gateway = with(&up, PLAIN).await;
    let ask = async |claims: Value| said(&gateway.get("/x").claims(claims).await);
    let user = |more: Value| {
        let mut claims = json!({"sub": "u1"});
        claims.as_object_mut().expect("an object").extend(more.as_object().expect("one").clone());
        claims
    };
    assert_eq!(ask(user(json!({}))).await, is("miss", 1));
    let mut n = 1;
    for other in [
        json!({"roles": ["admin"]}),
        json!({"roles": ["admin", "support"]}),
        json!({"roles": []}),
        json!({"tenant": "t1"}),
        json!({"tenant": "t2"}),
        json!({"scope": "users:read"}),
        json!({"acr": "mfa"}),
    ] {
        n += 1;
        assert_eq!(ask(user(other.clone())).await, is("miss", n), "{other}");
        assert_eq!(ask(user(other.clone())).await, is("hit", n), "{other}");
    }
    // A new token of the same user who may do the same is the same user.
    for same in [
        json!({"iat": now() - 5}),
        json!({"exp": now() + 77}),
        json!({"jti": "x", "nbf": now() - 9, "auth_time": 7, "sid": "s"}),
    ] {
        assert_eq!(ask(user(same.clone())).await, is("hit", 1), "{same}");
    }
}

/// A gateway with a login in front of `up`, and somebody who has asked once.
async fn logged_in(idp: &Idp, up: &Upstream) -> (Gateway, Browser) {
    let config = Gateway::config().gateway(&login_at(idp, "")).upstream("up", up);
    let gateway = config.route("x.toml", &PLAIN.replace("optional", "required")).start().await;
    let alice = Browser::at(gateway.url("")).logs_in(idp, "u1").await;
    assert_eq!(said(&alice.fetch("/x").await), is("miss", 1));
    assert_eq!(said(&alice.fetch("/x").await), is("hit", 1));
    (gateway, alice)
}

#[tokio::test]
async fn k8_what_a_session_was_answered_ends_with_it() {
    let (idp, up) = (Idp::start().await, counting().await);
    let (gateway, alice) = logged_in(&idp, &up).await;
    let other = Browser::at(gateway.url("")).logs_in(&idp, "u1").await;
    assert_eq!(said(&other.fetch("/x").await), is("miss", 2), "a session of its own");
    let cookie = alice.cookie();
    alice.post("/auth/logout").await.assert_status(200);
    let old = gateway.get("/x").header("cookie", &cookie).by_our_page();
    old.header("sec-fetch-site", "same-origin").await.assert_status(401);
    assert_eq!(up.total(), 2);
    let alice = alice.logs_in(&idp, "u1").await;
    assert_eq!(said(&alice.fetch("/x").await), is("miss", 3));
    assert_eq!(said(&other.fetch("/x").await), is("hit", 2));
    gateway.stopping().await;
}

#[tokio::test]
async fn k8_a_logout_at_the_provider_ends_it_too() {
    let (idp, up) = (Idp::start().await, counting().await);
    let (gateway, alice) = logged_in(&idp, &up).await;
    let token = idp.logout_token(json!({"sub": "u1"}));
    let says = gateway.request("POST", "/auth/backchannel-logout");
    let body = format!("logout_token={token}");
    says.body("application/x-www-form-urlencoded", body).await.assert_status(200);
    alice.fetch("/x").await.assert_error(401, "SESSION_EXPIRED");
    assert_eq!(up.total(), 1);
    let alice = alice.logs_in(&idp, "u1").await;
    assert_eq!(said(&alice.fetch("/x").await), is("miss", 2));
    gateway.stopping().await;
}

#[tokio::test]
async fn k8_a_refresh_that_brings_other_roles_opens_nothing_from_before() {
    let (idp, up) = (Idp::start().await, counting().await);
    let mine = MINE.replace("\"1h\"", "\"12h\"").replace("optional", "required");
    let config = Gateway::config().gateway(&login_at(&idp, "")).upstream("up", &up);
    let gateway = config.route("x.toml", &mine).start().await;
    let alice = Browser::at(gateway.url("")).logs_in(&idp, "u1").await;
    let advance = |seconds| {
        gateway.advance(seconds);
        idp.advance(seconds);
    };
    assert_eq!(said(&alice.fetch("/x").await), is("miss", 1));
    // A refresh alone is the same session of the same user.
    advance(310);
    assert_eq!(said(&alice.fetch("/x").await), is("hit", 1));
    idp.id_tokens(json!({"roles": ["admin"]}));
    advance(310);
    while said(&alice.fetch("/x").await) != is("miss", 2) {
        assert_eq!(up.total(), 1);
        advance(310);
    }
    assert_eq!(said(&alice.fetch("/x").await), is("hit", 2));
}

#[tokio::test]
async fn scope_from_says_who_shares_and_null_is_the_session() {
    let up = counting().await;
    let text = r#"
        session = "optional"
        [get.calls.it]
        upstream = "up"
        path = "/it"
        headers = { x-tenant = "{$session.claims.tenant}" }
        cache = { ttl = "1h", scope_from = '$session.claims.tenant' }
    "#;
    let gateway = with(&up, text).await;
    let ask = async |sub: &str, tenant: Value| {
        said(&gateway.get("/x").claims(json!({"sub": sub, "tenant": tenant})).await)
    };
    assert_eq!(ask("u1", json!("t1")).await, is("miss", 1));
    assert_eq!(ask("u2", json!("t1")).await, is("hit", 1));
    assert_eq!(ask("u1", json!("t2")).await, is("miss", 2));
    assert_eq!(ask("u1", json!(null)).await, is("miss", 3));
    assert_eq!(ask("u2", json!(null)).await, is("miss", 4));
    assert_eq!(said(&gateway.get("/x").await), is("miss", 5));
    assert_eq!(ask("u2", json!(null)).await, is("hit", 4));
}

#[tokio::test]
async fn where_users_share_a_no_to_one_of_them_is_nobody_elses() {
    let up = Upstream::start().await;
    let gate = Gate::new();
    let held = gate.clone();
    let so_far = std::sync::atomic::AtomicUsize::new(0);
    up.reply_with("GET", "/it", move |_| {
        match so_far.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
            0 => Reply::status(403).when(&held),
            n => Reply::json(json!({ "n": n })),
        }
    });
    let text = MINE.replace("negative_ttl = \"1h\"", "scope_from = '$session.claims.tenant'");
    let gateway = with(&up, &text).await;
    let first = gateway.get("/x").claims(json!({"sub": "u1", "tenant": "t"})).sent();
    up.wait_for(1).await;
    let second = gateway.get("/x").claims(json!({"sub": "u2", "tenant": "t"})).sent();
    gate.open();
    first.await.assert_error(403, "FORBIDDEN");
    assert_eq!(said(&second.await).1, json!(1));
}

#[tokio::test]
async fn roles_and_allow_are_asked_before_anything_is_served() {
    let up = counting().await;
    let text = route(r#"{ ttl = "1h", scope = "shared" }"#).replace("\"none\"", "\"required\"")
        + "[get]\nroles = [\"admin\"]\nallow = '$session.sub == \"u1\"'\n";
    let gateway = with(&up, &text).await;
    let ask =
        |sub: &str, role: &str| gateway.get("/x").claims(json!({"sub": sub, "roles": [role]}));
    assert_eq!(said(&ask("u1", "admin").await), is("miss", 1));
    ask("u1", "user").await.assert_error(403, "FORBIDDEN");
    ask("u2", "admin").await.assert_error(403, "FORBIDDEN");
    gateway.get("/x").await.assert_error(401, "UNAUTHORIZED");
    assert_eq!(said(&ask("u1", "admin").await), is("hit", 1));
}
