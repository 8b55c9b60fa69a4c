//! `/auth/callback`: what makes a session, and what does not.

use upstream_mocks::SigningKey;

use super::*;

/// Nobody is logged in by this reply.
#[track_caller]
fn assert_no_session(reply: &Answer) {
    let session = set_cookies(reply)
        .into_iter()
        .find(|cookie| cookie.starts_with(COOKIE) && !cookie.contains("Max-Age=0"));
    assert_eq!(session, None, "{reply:?}");
}

#[tokio::test]
async fn a_login_gives_a_cookie_that_leads_to_a_session() {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    let alice = browser(&gateway);
    let back = alice.begins_login(&idp, "alice").await;
    let reply = alice.navigate(&back).await;
    // Under Strict a redirect would arrive without the new cookie.
    reply.assert_status(200).assert_no_header("location");
    reply.assert_header("content-type", "text/html; charset=utf-8");
    reply
        .assert_header("cache-control", "no-store")
        .assert_header("referrer-policy", "no-referrer");
    assert!(
        reply.header("content-security-policy").expect("a policy").contains("default-src 'none'")
    );
    assert!(reply.body.contains(r#"<meta http-equiv="refresh" content="0; url=/">"#), "{reply:?}");
    let cookies = set_cookies(&reply);
    let session = cookies.iter().find(|cookie| cookie.starts_with(COOKIE)).expect("a session");
    let (pair, attributes) = session.split_once("; ").expect("attributes");
    assert_eq!(attributes, "Path=/; Secure; HttpOnly; SameSite=Strict");
    assert!(
        pair.strip_prefix("__Host-Http-session=v1.").is_some_and(|rest| rest.len() == 64),
        "{pair}"
    );
    let others = cookies.iter().filter(|cookie| cookie.starts_with("__Host-Http-tx-"));
    let others: Vec<_> = others.map(|cookie| cookie.split_once("=").expect("a value").1).collect();
    assert_eq!(others, ["; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax"]);
    alice.fetch("/me").await.assert_data(200, json!({"who": "alice"}));
    alice.post("/me").await.assert_data(200, json!({"who": "alice"}));
}

#[tokio::test]
async fn b5_under_lax_the_callback_is_a_redirect() {
    let idp = Idp::start().await;
    let gateway = config(&idp, "same_site = \"lax\"", "").start().await;
    let alice = browser(&gateway);
    let reply = alice.navigate("/auth/login?return_to=%2Fpage%3Fa%3Db%23c").await;
    let back = idp.authorize(reply.header("location").expect("a location"), "alice");
    let reply = alice.navigate(back.strip_prefix(ORIGIN).expect("ours")).await;
    reply.assert_status(303).assert_header("location", "/page?a=b#c");
    let cookies = set_cookies(&reply);
    let session = cookies.iter().find(|cookie| cookie.starts_with(COOKIE)).expect("a session");
    assert!(session.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax"), "{session}");
    alice.fetch("/me").await.assert_status(200);
}

#[tokio::test]
async fn without_tls_cookies_have_neither_prefix_nor_secure_in_development() {
    let idp = Idp::start().await;
    let login = login_at(&idp, "")
        .replace(&format!("origin = \"{ORIGIN}\"\n"), "origin = \"http://127.0.0.1:8080\"\n");
    let text = login.replace("[session]\n", "[session]\ninsecure_dev = true\n");
    let gateway = Gateway::config().gateway(&text).route("me.toml", ME).start().await;
    let alice = browser(&gateway);
    let reply = alice.navigate("/auth/login").await;
    let back = idp.authorize(reply.header("location").expect("a location"), "alice");
    let reply = alice.navigate(back.strip_prefix("http://127.0.0.1:8080").expect("ours")).await;
    let cookies = set_cookies(&reply);
    let session =
        cookies.iter().find(|cookie| cookie.starts_with("session=v1.")).expect("a session");
    assert!(session.ends_with("; Path=/; HttpOnly; SameSite=Strict"), "{session}");
    let request = fetch(&gateway, "/me", &alice.cookie());
    request.await.assert_data(200, json!({"who": "alice"}));
}

#[tokio::test]
async fn s9_a_login_leads_to_our_own_paths_only() {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    for (wanted, goes) in [
        ("%2Forders%3Fa%3D1", "/orders?a=1"),
        ("/orders/7", "/orders/7"),
        ("%2F%2Fevil.test", "/"),
        ("//evil.test", "/"),
        ("%2F%5Cevil.test", "/"),
        ("/%2509/evil.test", "/"),
        ("/%255cevil.test", "/"),
        ("https%3Aevil.test", "/"),
        ("https%3A%2F%2Fevil.test", "/"),
        ("javascript%3Aalert(1)", "/"),
        ("%2F..%2F%2Fevil.test", "/"),
        ("%2F%40evil.test", "/"),
        ("+%2F%2Fevil.test", "/"),
        ("%2Fa%0D%0Aset-cookie:%20a=b", "/"),
        ("%2F%22%3E%3Cscript%3E", "/"),
        ("%2Fauth%2Flogin", "/"),
        ("/a&return_to=/b", "/"),
    ] {
        let alice = browser(&gateway);
        let reply = alice.navigate(&format!("/auth/login?return_to={wanted}")).await;
        let back = idp.authorize(reply.header("location").expect("a location"), "alice");
        let reply = alice.navigate(back.strip_prefix(ORIGIN).expect("ours")).await;
        assert!(reply.body.contains(&format!("content=\"0; url={goes}\"")), "{wanted}: {reply:?}");
    }
}

#[tokio::test]
async fn s1_a_login_has_a_new_id_and_the_session_before_it_is_dead() {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    let alice = browser(&gateway).logs_in(&idp, "alice").await;
    let before = alice.cookie();
    let alice = alice.logs_in(&idp, "alice").await;
    assert_ne!(value_of(&before, COOKIE), value_of(&alice.cookie(), COOKIE));
    fetch(&gateway, "/me", &before).await.assert_error(401, "SESSION_EXPIRED");
    alice.fetch("/me").await.assert_status(200);
    // An id that somebody has put there is never taken on.
    let mallory = format!("{COOKIE}=v1.{}", "A".repeat(64));
    let other = browser(&gateway);
    let back = other.begins_login(&idp, "bob").await;
    let cookies = format!("{}; {mallory}", other.cookie());
    let reply = gateway.get(&back).header("cookie", &cookies).await;
    reply.assert_status(200);
    let set = set_cookies(&reply);
    assert_eq!(set.iter().filter(|cookie| cookie.starts_with(COOKIE)).count(), 1, "{set:?}");
    assert!(!set.iter().any(|cookie| cookie.contains(&mallory)), "{set:?}");
    fetch(&gateway, "/me", &mallory).await.assert_error(401, "SESSION_EXPIRED");
    stopped(gateway).await;
}

#[tokio::test]
async fn s1_the_session_before_it_is_dead_also_where_its_cookie_does_not_come_along() {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    let alice = browser(&gateway).logs_in(&idp, "alice").await;
    let before = alice.cookie();
    let back = alice.begins_login(&idp, "bob").await;
    // Strict: the provider's page leads here, so that the browser withholds it.
    let all = alice.cookie();
    let attempt = all.split("; ").find(|pair| pair.starts_with("__Host-Http-tx-")).expect("one");
    gateway.get(&back).header("cookie", attempt).await.assert_status(200);
    fetch(&gateway, "/me", &before).await.assert_error(401, "SESSION_EXPIRED");
    stopped(gateway).await;
}

#[tokio::test]
async fn s4_a_callback_without_its_attempt_makes_no_session() {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    let (alice, mallory) = (browser(&gateway), browser(&gateway));
    let (hers, his) =
        (alice.begins_login(&idp, "alice").await, mallory.begins_login(&idp, "mallory").await);
    let state = |back: &str| parameter(&format!("{ORIGIN}{back}"), "state").expect("a state");
    let without_state = hers.replace(&format!("state={}", encoded(&state(&hers))), "x=y");
    for back in [
        // Another browser's, whole; its code under the state of this one comes below.
        his.clone(),
        without_state,
        hers.replace(&encoded(&state(&hers)), "made-up"),
        "/auth/callback".to_owned(),
        "/auth/callback?code=x".to_owned(),
    ] {
        let reply = alice.navigate(&back).await;
        assert_no_session(reply.assert_status(400));
    }
    let none = gateway.get(&hers).await;
    assert_no_session(none.assert_error(400, "BAD_REQUEST"));
    assert_eq!(idp.http().count("POST /token"), 0, "no code is redeemed");
    // O3: another browser's code does not fit this one's verifier.
    let code = |back: &str| parameter(&format!("{ORIGIN}{back}"), "code").expect("a code");
    let injected = hers.replace(&encoded(&code(&hers)), &encoded(&code(&his)));
    assert_ne!(injected, hers);
    assert_no_session(alice.navigate(&injected).await.assert_status(400));
    alice.fetch("/me").await.assert_error(401, "UNAUTHORIZED");
}

#[tokio::test]
async fn s4_a_callback_counts_once() {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    let alice = browser(&gateway);
    let back = alice.begins_login(&idp, "alice").await;
    let attempt = alice.cookie();
    alice.navigate(&back).await.assert_status(200);
    // As if the cookie had been kept.
    let reply = gateway.get(&back).header("cookie", &attempt).await;
    assert_no_session(reply.assert_error(400, "BAD_REQUEST"));
    assert_eq!(idp.http().count("POST /token"), 1);
    alice.fetch("/me").await.assert_status(200);
}

#[tokio::test]
async fn s4_an_attempt_ends_after_ten_minutes() {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    let alice = browser(&gateway);
    let back = alice.begins_login(&idp, "alice").await;
    gateway.advance(601);
    let reply = alice.navigate(&back).await;
    assert_no_session(reply.assert_status(400));
    assert_eq!(idp.http().count("POST /token"), 0);
}

#[tokio::test]
async fn o7_the_cookie_of_an_attempt_cannot_be_changed_or_used_for_another() {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    let alice = browser(&gateway);
    let back = alice.begins_login(&idp, "alice").await;
    let cookie = alice.cookie();
    let (name, value) = cookie.split_once('=').expect("a value");
    for at in [0, 8, value.len() / 2, value.len() - 2] {
        let mut bytes = value.as_bytes().to_vec();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).expect("text");
        for value in [&*changed, &value[..at], "", "%"] {
            let reply = gateway.get(&back).header("cookie", &format!("{name}={value}")).await;
            assert_no_session(reply.assert_error(400, "BAD_REQUEST"));
        }
    }
    // One attempt's content under the name of another.
    let other = browser(&gateway);
    other.begins_login(&idp, "bob").await;
    let others = other.cookie();
    let swapped = format!("{name}={}", others.split_once('=').expect("a value").1);
    assert_no_session(gateway.get(&back).header("cookie", &swapped).await.assert_status(400));
    assert_eq!(idp.http().count("POST /token"), 0);
}

#[tokio::test]
async fn s3_an_answer_of_another_issuer_is_not_redeemed() {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    for parameters in
        [json!({"iss": "https://evil.test"}), json!({"iss": null}), json!({"iss": ""})]
    {
        idp.calls_back(parameters.clone());
        let alice = browser(&gateway);
        let back = alice.begins_login(&idp, "alice").await;
        let reply = alice.navigate(&back).await;
        assert_no_session(reply.assert_status(400));
        alice.fetch("/me").await.assert_error(401, "UNAUTHORIZED");
    }
    assert_eq!(idp.http().count("POST /token"), 0);
}

#[tokio::test]
async fn s5_s6_an_id_token_that_is_not_for_this_attempt_makes_no_session() {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    for claims in [
        json!({"nonce": "another"}),
        json!({"nonce": null}),
        json!({"aud": "somebody-else"}),
        json!({"iss": "https://evil.test"}),
        json!({"exp": 1}),
        json!({"sub": null}),
    ] {
        idp.id_tokens(claims.clone());
        let alice = browser(&gateway);
        let back = alice.begins_login(&idp, "alice").await;
        let reply = alice.navigate(&back).await;
        assert_no_session(reply.assert_status(400));
        assert_eq!(alice.cookie(), "", "{claims}");
    }
}

#[tokio::test]
async fn s7_a_provider_that_fails_at_the_end_makes_no_session() {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    for (reply, status) in [
        (Reply::status(500), 503),
        (Reply::close(), 503),
        (Reply::json(json!({"error": "invalid_client"})).with_status(401), 502),
        (Reply::json(json!({"error": "invalid_grant"})).with_status(400), 400),
        (Reply::json(json!({"access_token": "x", "token_type": "Bearer"})), 400),
        (Reply::text("<html>"), 400),
    ] {
        idp.http().once("POST", "/token", reply.clone());
        let alice = browser(&gateway);
        let back = alice.begins_login(&idp, "alice").await;
        let got = alice.navigate(&back).await;
        assert!([status, 502, 503].contains(&got.status), "{reply:?}: {got:?}");
        assert_no_session(&got);
    }
}

#[tokio::test]
async fn a_user_who_says_no_sees_a_page_and_has_no_session() {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    for (error, status) in [
        ("access_denied", 403),
        ("server_error", 503),
        ("temporarily_unavailable", 503),
        ("invalid_scope", 502),
        ("<script>alert(1)</script>", 502),
    ] {
        idp.calls_back(
            json!({"code": null, "error": error, "error_description": "<b>evil text</b>"}),
        );
        let alice = browser(&gateway);
        let back = alice.begins_login(&idp, "alice").await;
        let reply = alice.navigate(&back).await;
        assert_no_session(reply.assert_status(status));
        reply.assert_header("content-type", "text/html; charset=utf-8");
        assert!(!reply.body.contains("script") && !reply.body.contains("evil"), "{reply:?}");
        assert!(reply.body.contains(r#"<a href="/auth/login">"#), "{reply:?}");
        assert_eq!(alice.cookie(), "", "the attempt is over");
    }
    assert_eq!(idp.http().count("POST /token"), 0);
}

#[tokio::test]
async fn s13_several_tabs_log_in_in_any_order() {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let alice = browser(&gateway);
        let mut tabs = Vec::new();
        for _ in 0..3 {
            tabs.push(alice.begins_login(&idp, "alice").await);
        }
        for tab in order {
            alice.navigate(&tabs[tab]).await.assert_status(200);
            alice.fetch("/me").await.assert_data(200, json!({"who": "alice"}));
        }
        // The back button, with a session.
        alice.navigate(&tabs[order[0]]).await.assert_status(303).assert_header("location", "/");
        alice.fetch("/me").await.assert_status(200);
    }
    stopped(gateway).await;
}

#[tokio::test]
async fn s14_a_bookmarked_callback_offers_to_start_again() {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    let page = browser(&gateway).navigate("/auth/callback?code=old&state=old&iss=x").await;
    page.assert_status(400).assert_header("content-type", "text/html; charset=utf-8");
    assert!(page.body.contains(r#"<a href="/auth/login">"#), "{page:?}");
    page.assert_header("cache-control", "no-store");
    let data = gateway.get("/auth/callback?code=old&state=old").await;
    data.assert_error(400, "BAD_REQUEST");
}

#[tokio::test]
async fn who_looks_at_links_ahead_of_people_uses_up_no_code() {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    let alice = browser(&gateway);
    let back = alice.begins_login(&idp, "alice").await;
    for method in ["HEAD", "OPTIONS", "POST"] {
        let request = gateway.request(method, &back).header("cookie", &alice.cookie());
        request.await.assert_status(405);
    }
    alice.navigate(&back).await.assert_status(200);
}

/// Somebody logs in twice in the same browser, with these claims: how many tokens of the first session are revoked.
async fn revoked_by_another_login(first: (&str, Value), second: (&str, Value)) -> usize {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    let mut user = browser(&gateway);
    let mut before = String::new();
    for (name, claims) in [first, second] {
        idp.id_tokens(claims);
        before = user.cookie();
        user = user.logs_in(&idp, name).await;
    }
    fetch(&gateway, "/me", &before).await.assert_error(401, "SESSION_EXPIRED");
    user.fetch("/me").await.assert_status(200);
    stopped(gateway).await;
    idp.http().count("POST /revoke")
}

#[tokio::test]
async fn s1_tokens_of_the_session_before_are_revoked_only_where_it_is_another_login_there() {
    let sid = |sid| json!({ "sid": sid });
    for (first, second, revoked) in [
        (("u1", sid("s1")), ("u1", sid("s1")), 0),
        (("u1", sid("s1")), ("u1", json!({"sid": null})), 0),
        (("u1", json!({"sid": null})), ("u1", json!({"sid": null})), 0),
        (("u1", sid("s1")), ("u1", sid("s2")), 2),
        (("u1", json!({"sid": null})), ("u2", json!({"sid": null})), 2),
    ] {
        let case = format!("{first:?} {second:?}");
        assert_eq!(revoked_by_another_login(first, second).await, revoked, "{case}");
    }
}

#[tokio::test]
async fn s7_what_was_granted_to_a_login_that_the_provider_has_ended_meanwhile_is_revoked() {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    let alice = browser(&gateway);
    let back = alice.begins_login(&idp, "alice").await;
    let sid = idp.sid("alice").expect("a sid");
    let form = format!("logout_token={}", idp.logout_token(json!({"sid": sid})));
    let told = gateway.request("POST", "/auth/backchannel-logout");
    told.body("application/x-www-form-urlencoded", form).await.assert_status(200);
    assert_no_session(alice.navigate(&back).await.assert_status(401));
    stopped(gateway).await;
    assert_eq!((idp.given("authorization_code"), idp.http().count("POST /revoke")), (1, 2));
    assert!(!idp.is_alive("alice"));
}

#[tokio::test]
async fn s7_what_was_granted_to_a_login_whose_store_has_gone_is_revoked() {
    let (idp, mut redis) = (Idp::start().await, Redis::start().await);
    let at = format!("{{ url = \"{}\", timeout = \"2s\" }}", redis.url());
    let stores = format!("\n[stores]\nsessions = \"redis\"\nredis = {at}\n");
    let gateway = config(&idp, "", &stores).start().await;
    let alice = browser(&gateway);
    let back = alice.begins_login(&idp, "alice").await;
    // It has the tokens, and waits for the key of the ID token.
    let (gate, key) = (Gate::new(), SigningKey::es256("k2"));
    idp.signs_with(&key);
    idp.publishes([key.jwk()]);
    let keys = Reply::json(json!({"keys": [key.jwk()]}));
    idp.http().once("GET", "/jwks", keys.when(&gate));
    let leaving = async {
        while idp.given("authorization_code") == 0 {
            tokio::task::yield_now().await;
        }
        redis.kill();
        gate.open();
    };
    let (reply, ()) = tokio::join!(alice.navigate(&back), leaving);
    assert_no_session(reply.assert_status(503));
    stopped(gateway).await;
    assert_eq!(idp.http().count("POST /revoke"), 2);
    assert!(!idp.is_alive("alice"));
}

#[tokio::test]
async fn s7_what_was_granted_to_a_login_that_finds_the_memory_full_is_revoked() {
    let idp = Idp::start().await;
    let stores = "\n[stores]\nmax_memory = \"20KiB\"\n";
    let gateway = config(&idp, "", stores).start().await;
    for _ in 0..200 {
        let user = browser(&gateway);
        let back = user.begins_login(&idp, "alice").await;
        let reply = user.navigate(&back).await;
        if reply.status == 503 {
            assert_no_session(&reply);
            break;
        }
        reply.assert_status(200);
    }
    let given = idp.given("authorization_code");
    stopped(gateway).await;
    assert!(given > 1, "the first had a place");
    assert_eq!(idp.http().count("POST /revoke"), 2, "of the last of {given}");
}

#[tokio::test]
async fn s1_under_strict_a_callback_that_another_site_leads_to_is_asked_for_once_more() {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    for site in ["cross-site", "same-site"] {
        let alice = browser(&gateway);
        let back = alice.begins_login(&idp, "alice").await;
        gateway.advance(100);
        let reply = alice.page(site, &back).await;
        assert_no_session(reply.assert_status(200).assert_header("cache-control", "no-store"));
        let [cookie] = set_cookies(&reply)[..] else { panic!("one cookie: {reply:?}") };
        let (pair, attributes) = cookie.split_once("; ").expect("attributes");
        assert_eq!(attributes, "Path=/; Max-Age=500; Secure; HttpOnly; SameSite=Lax");
        assert!(pair.starts_with("__Host-Http-tx-"), "{pair}");
        let whole = format!("{ORIGIN}{back}");
        let (state, code) = (parameter(&whole, "state"), parameter(&whole, "code"));
        let to = format!("/auth/callback?state={}", state.expect("a state"));
        assert!(reply.body.contains(&format!("content=\"0; url={to}\"")), "{reply:?}");
        assert!(!reply.body.contains(&code.expect("a code")));
        // Nothing is redeemed yet, and a page that is loaded again says the same.
        assert!(alice.page(site, &back).await.body.contains(&to));
        let given = idp.given("authorization_code");
        let reply = alice.page("same-origin", &to).await;
        reply.assert_status(200);
        assert!(reply.body.contains("content=\"0; url=/\""), "{reply:?}");
        assert_eq!(idp.given("authorization_code"), given + 1);
        alice.fetch("/me").await.assert_data(200, json!({"who": "alice"}));
        // It counts once.
        let again = alice.page("same-origin", &to).await;
        again.assert_status(303).assert_header("location", "/");
    }
    stopped(gateway).await;
}

#[tokio::test]
async fn s4_a_callback_that_comes_once_more_is_of_its_own_attempt_and_in_time() {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    let to = |back: &str| {
        let state = parameter(&format!("{ORIGIN}{back}"), "state").expect("a state");
        format!("/auth/callback?state={state}")
    };
    let alice = browser(&gateway);
    let back = alice.begins_login(&idp, "alice").await;
    // Before it has come, in another browser, and too late.
    assert_no_session(
        gateway.get(&to(&back)).header("cookie", &alice.cookie()).await.assert_status(400),
    );
    let alice = browser(&gateway);
    let back = alice.begins_login(&idp, "alice").await;
    alice.page("cross-site", &back).await.assert_status(200);
    assert_no_session(browser(&gateway).page("same-origin", &to(&back)).await.assert_status(400));
    gateway.advance(601);
    assert_no_session(alice.page("same-origin", &to(&back)).await.assert_status(400));
    assert_eq!(idp.http().count("POST /token"), 0);
}

#[tokio::test]
async fn a_code_that_does_not_fit_into_a_cookie_is_redeemed_at_once() {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    let alice = browser(&gateway);
    let back = alice.begins_login(&idp, "alice").await;
    let code = parameter(&format!("{ORIGIN}{back}"), "code").expect("a code");
    for (length, asked) in [(1500, 0), (3500, 1)] {
        let long = back.replace(&encoded(&code), &"c".repeat(length));
        assert_ne!(long, back);
        let status = if asked == 0 { 200 } else { 400 };
        alice.page("cross-site", &long).await.assert_status(status);
        assert_eq!(idp.http().count("POST /token"), asked);
    }
}

#[tokio::test]
async fn s14_under_strict_a_stale_callback_leads_home_who_has_a_session() {
    let idp = Idp::start().await;
    let gateway = gateway(&idp).await;
    let alice = browser(&gateway).logs_in(&idp, "alice").await;
    for stale in ["/auth/callback?code=old&state=o%22%26d", "/auth/callback?error=x&state=o%22%26d"]
    {
        // The browser withholds the cookie.
        let reply = browser(&gateway).page("cross-site", stale).await;
        reply.assert_status(400);
        let to = "/auth/callback?state=o%22%26d";
        assert!(reply.body.contains(&format!("content=\"0; url={to}\"")), "{reply:?}");
        let home = alice.page("same-origin", to).await;
        home.assert_status(303).assert_header("location", "/");
        browser(&gateway).page("same-origin", to).await.assert_status(400);
    }
    alice.fetch("/me").await.assert_status(200);
}
