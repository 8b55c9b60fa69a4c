//! `/auth/session`

use super::*;

#[tokio::test]
async fn b19_a_page_learns_who_is_logged_in_and_for_how_long() {
    let idp = Idp::start().await;
    idp.id_tokens(json!({"name": "Alice A.", "email": "a@example.com", "secret_claim": "x"}));
    let gateway =
        config(&idp, "idle = \"10m\"\nabsolute = \"1h\"", "show = [\"name\", \"absent\"]")
            .start()
            .await;
    gateway.get("/auth/session").await.assert_data(200, json!({"authenticated": false}));
    let alice = browser(&gateway).logs_in(&idp, "alice").await;
    gateway.advance(60);
    let reply = alice.fetch("/auth/session").await;
    let data = &reply.assert_status(200).json()["data"];
    assert_eq!(data["authenticated"], true);
    assert_eq!(data["user"], json!({"sub": "alice", "name": "Alice A."}));
    assert_eq!(data["logout_url"], "/auth/logout");
    let left = |name: &str| data["session"][name].as_u64().expect("seconds");
    assert!((535..=540).contains(&left("expires_in")), "{data}");
    assert!((3535..=3540).contains(&left("absolute_expires_in")), "{data}");
    let members: Vec<_> = data.as_object().expect("an object").keys().collect();
    assert_eq!(members, ["authenticated", "user", "session", "logout_url"]);
    // B24: nothing of the provider's own.
    assert!(
        !reply.body.contains(&*idp.sid("alice").expect("a sid"))
            && !reply.body.contains("secret_claim")
    );
    reply.assert_header("cache-control", "no-store");
    reply.assert_header("cross-origin-resource-policy", "same-origin");
    let head = gateway.request("HEAD", "/auth/session").header("cookie", &alice.cookie()).await;
    assert_eq!((head.status, &*head.body), (200, ""));
}

#[tokio::test]
async fn to_ask_does_not_keep_a_session_alive() {
    let idp = Idp::start().await;
    idp.access_ttl(None);
    let gateway = config(&idp, "idle = \"10m\"", "").start().await;
    let alice = browser(&gateway).logs_in(&idp, "alice").await;
    for _ in 0..2 {
        gateway.advance(5 * 60 - 5);
        let reply = alice.fetch("/auth/session").await;
        assert_eq!(reply.json()["data"]["authenticated"], true);
    }
    gateway.advance(11);
    let reply = alice.fetch("/auth/session").await;
    reply.assert_data(200, json!({"authenticated": false}));
    assert_eq!(set_cookies(&reply), [DELETED]);
}

#[tokio::test]
async fn no_other_site_learns_who_is_logged_in() {
    let idp = Idp::start().await;
    let trusted = "https://shop.example.org";
    let cors = format!("\n[cors]\norigins = [\"{trusted}\"]\ncredentials = true\n");
    let gateway = config(&idp, "", &cors).start().await;
    let alice = browser(&gateway).logs_in(&idp, "alice").await;
    let ask = |headers: &[(&str, &str)]| {
        let request = gateway.get("/auth/session").header("cookie", &alice.cookie());
        headers.iter().fold(request, |request, (name, value)| request.header(name, value))
    };
    for headers in [
        vec![("sec-fetch-site", "cross-site"), ("origin", "https://evil.test")],
        vec![("sec-fetch-site", "same-site")],
        vec![("origin", "https://evil.test")],
        vec![("origin", "null")],
    ] {
        let reply = ask(&headers).await;
        reply.assert_error(403, "CSRF_FAILED").assert_no_header("access-control-allow-origin");
    }
    let reply = ask(&[("sec-fetch-site", "cross-site"), ("origin", trusted)]).await;
    reply.assert_status(200).assert_header("access-control-allow-origin", trusted);
    reply.assert_header("access-control-allow-credentials", "true");
    // No header is asked for: a page asks this first.
    ask(&[("sec-fetch-site", "same-origin")]).await.assert_status(200);
    ask(&[]).await.assert_status(200);
}
