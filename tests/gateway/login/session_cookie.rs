//! What a session cookie is good for, and what becomes of one that is not.

use super::*;

/// A cookie whose id is that of `cookie`, with another key.
fn forged(cookie: &str) -> String {
    let value = value_of(cookie, COOKIE).expect("a session");
    let last = if value.ends_with('A') { "B" } else { "A" };
    // The last digit is of the key; all its bits count, for 48 bytes are 64 digits.
    format!("{COOKIE}={}{last}", &value[..value.len() - 1])
}

#[tokio::test]
async fn s21_a_cookie_that_is_not_one_of_ours_is_401_and_goes() {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    let alice = browser(&gateway).logs_in(&idp, "alice").await;
    let cookie = alice.cookie();
    let value = value_of(&cookie, COOKIE).expect("a session");
    let long = "v1.".to_owned() + &"A".repeat(5000);
    for bad in [
        "",
        "x",
        "v1.",
        "v2.AAAA",
        &value[3..],
        &value[..value.len() - 1],
        &format!("{value}A"),
        &format!("{value}="),
        &format!("\"{value}\""),
        &format!("{value}%20"),
        &long,
    ] {
        let cookies = format!("{COOKIE}={bad}");
        let reply = fetch(&gateway, "/me", &cookies).await;
        reply.assert_error(401, "UNAUTHORIZED").assert_header("www-authenticate", "Bearer");
        assert_eq!(set_cookies(&reply), [DELETED]);
        let reply = fetch(&gateway, "/maybe", &cookies).await;
        reply.assert_data(200, json!({"who": null}));
        assert_eq!(set_cookies(&reply), [DELETED]);
    }
    let reply = fetch(&gateway, "/me", &forged(&cookie)).await;
    assert_eq!(set_cookies(reply.assert_error(401, "UNAUTHORIZED")), [DELETED]);
    alice.fetch("/me").await.assert_status(200);
}

#[tokio::test]
async fn a_session_that_nobody_knows_has_ended() {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    let unknown = format!("{COOKIE}=v1.{}", "A".repeat(64));
    let reply = fetch(&gateway, "/me", &unknown).await;
    reply.assert_error(401, "SESSION_EXPIRED").assert_header("www-authenticate", "Bearer");
    assert_eq!(set_cookies(&reply), [DELETED]);
    let reply = fetch(&gateway, "/maybe", &unknown).await;
    reply.assert_data(200, json!({"who": null}));
    assert_eq!(set_cookies(&reply), [DELETED]);
}

#[tokio::test]
async fn a_session_that_is_used_lives_on_and_one_that_is_not_ends() {
    let idp = Idp::start().await;
    idp.access_ttl(None);
    let gateway = config(&idp, "idle = \"10m\"\nabsolute = \"1h\"", "").start().await;
    let alice = browser(&gateway).logs_in(&idp, "alice").await;
    for _ in 0..4 {
        gateway.advance(9 * 60);
        alice.fetch("/me").await.assert_status(200);
    }
    gateway.advance(10 * 60 + 1);
    alice.fetch("/me").await.assert_error(401, "SESSION_EXPIRED");
    assert_eq!(alice.cookie(), "", "the cookie is gone");
}

#[tokio::test]
async fn a_session_is_not_kept_alive_by_another_site() {
    let idp = Idp::start().await;
    idp.access_ttl(None);
    let gateway = config(&idp, "idle = \"10m\"", "").start().await;
    let alice = browser(&gateway).logs_in(&idp, "alice").await;
    for _ in 0..2 {
        gateway.advance(5 * 60 + 1);
        let request =
            fetch(&gateway, "/me", &alice.cookie()).header("sec-fetch-site", "cross-site");
        let reply = request.await;
        assert!([401, 403].contains(&reply.status), "{reply:?}");
    }
    alice.fetch("/me").await.assert_error(401, "SESSION_EXPIRED");
}

#[tokio::test]
async fn s2_no_cookie_stands_in_for_another() {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    let alice = browser(&gateway).logs_in(&idp, "alice").await;
    let back = alice.begins_login(&idp, "alice").await;
    let cookies = alice.cookie();
    let attempt = cookies.split("; ").find(|pair| pair.starts_with("__Host-Http-tx-"));
    let (name, attempt) = attempt.and_then(|pair| pair.split_once('=')).expect("an attempt");
    let session = value_of(&cookies, COOKIE).expect("a session");
    let reply = fetch(&gateway, "/me", &format!("{COOKIE}={attempt}")).await;
    reply.assert_error(401, "UNAUTHORIZED");
    let reply = gateway.get(&back).header("cookie", &format!("{name}={session}")).await;
    reply.assert_error(400, "BAD_REQUEST");
    // Neither is a bearer token, nor a token's cookie.
    for token in [session, attempt] {
        gateway.get("/me").bearer(token).await.assert_error(401, "UNAUTHORIZED");
        fetch(&gateway, "/me", &format!("token={token}")).await.assert_error(401, "UNAUTHORIZED");
    }
    let jwt = token(json!({"sub": "mallory"}));
    let reply = fetch(&gateway, "/me", &format!("{COOKIE}={jwt}")).await;
    reply.assert_error(401, "UNAUTHORIZED");
}

#[tokio::test]
async fn s12_two_session_cookies_are_400_and_go() {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    let alice = browser(&gateway).logs_in(&idp, "alice").await;
    let good = alice.cookie();
    let unknown = format!("{COOKIE}=v1.{}", "A".repeat(64));
    for both in
        [format!("{good}; {unknown}"), format!("{unknown}; {good}"), format!("{good}; {good}")]
    {
        for path in ["/me", "/maybe", "/auth/session"] {
            let reply = fetch(&gateway, path, &both).await;
            assert_eq!(set_cookies(reply.assert_error(400, "BAD_REQUEST")), [DELETED]);
        }
    }
    // It has not ended: somebody else may have put the other one there.
    alice.fetch("/me").await.assert_status(200);
}

#[tokio::test]
async fn s26_a_session_cookie_stands_alone() {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    let alice = browser(&gateway).logs_in(&idp, "alice").await;
    let good = alice.cookie();
    for path in ["/me", "/maybe"] {
        for authorization in ["Bearer x", "Basic eDp5", &*format!("Bearer {}", token(json!({})))] {
            let reply = fetch(&gateway, path, &good).header("authorization", authorization).await;
            reply.assert_error(400, "BAD_REQUEST").assert_no_header("set-cookie");
        }
        let both = format!("{good}; token={}", token(json!({"sub": "bob"})));
        let reply = fetch(&gateway, path, &both).await;
        // The one that a neighbour can put there goes, so that nobody is locked out.
        assert_eq!(
            set_cookies(reply.assert_error(400, "BAD_REQUEST")),
            ["token=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax"]
        );
    }
}

#[tokio::test]
async fn s7_a_store_that_is_away_is_503_for_who_brings_a_cookie_and_nothing_for_others() {
    let idp = Idp::start().await;
    let stores = "\n[stores]\nsessions = \"redis\"\nredis = { url = \"redis://127.0.0.1:1\" }\n";
    let gateway = config(&idp, "", stores).start().await;
    let cookie = format!("{COOKIE}=v1.{}", "A".repeat(64));
    for path in ["/me", "/maybe", "/auth/session", "/auth/login"] {
        let reply = fetch(&gateway, path, &cookie).await;
        reply.assert_error(503, "STORE_UNAVAILABLE").assert_no_header("set-cookie");
    }
    let request = gateway.request("POST", "/auth/logout").header("cookie", &cookie);
    let reply = request.header("origin", ORIGIN).await;
    reply.assert_error(503, "STORE_UNAVAILABLE").assert_no_header("set-cookie");
    gateway.get("/me").await.assert_error(401, "UNAUTHORIZED");
    gateway.get("/maybe").await.assert_data(200, json!({"who": null}));
    gateway.get("/auth/session").await.assert_data(200, json!({"authenticated": false}));
    let alice = browser(&gateway);
    let back = alice.begins_login(&idp, "alice").await;
    alice.navigate(&back).await.assert_status(503);
}

#[tokio::test]
async fn b18_an_upstream_sees_no_cookie() {
    let (idp, users) = (Idp::start().await, Upstream::start().await);
    users.on("GET", "/it", Reply::json(json!(1)));
    let route = "session = \"required\"\n[get.calls.it]\nupstream = \"users\"\npath = \"/it\"\n";
    let config = config(&idp, "", "").upstream("users", &users).route("it.toml", route);
    let gateway = config.start().await;
    let alice = browser(&gateway).logs_in(&idp, "alice").await;
    alice.fetch("/it").await.assert_status(200);
    let request = &users.requests()[0];
    assert!(
        ["cookie", "x-csrf", "authorization"].iter().all(|name| request.header(name).is_none())
    );
}

#[tokio::test]
async fn k4_a_reply_to_a_session_is_nobody_elses() {
    let idp = Idp::start().await;
    let cached = ME.replacen(
        "[get.response]\n",
        "[get.response]\nheaders.cache-control = \"public, max-age=60\"\n",
        1,
    );
    let config = config(&idp, "", "").route("cached.toml", &cached.replace("required", "optional"));
    let gateway = config.start().await;
    let alice = browser(&gateway).logs_in(&idp, "alice").await;
    let own = "private, no-cache";
    for (path, control) in [("/me", own), ("/maybe", own), ("/auth/session", "no-store")] {
        let reply = alice.fetch(path).await;
        reply.assert_status(200).assert_header("cache-control", control);
        assert!(reply.header("vary").expect("vary").contains("Cookie"), "{reply:?}");
    }
    gateway.get("/maybe").await.assert_header("vary", "Cookie, authorization");
    // What sets a cookie is kept by nobody, whatever the endpoint says.
    let dead = format!("{COOKIE}=x");
    let reply = fetch(&gateway, "/cached", &dead).await;
    reply.assert_status(200).assert_header("cache-control", "no-store");
    assert_eq!(reply.headers.get_all("cache-control").iter().count(), 1);
}
