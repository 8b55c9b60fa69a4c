//! How sessions end for their browsers.

use super::*;

#[tokio::test]
async fn a_deletion_has_the_attributes_of_the_cookie_that_it_deletes() {
    let idp = Idp::start().await;
    for (session, attributes) in [
        ("", "Path=/; Secure; HttpOnly; SameSite=Strict"),
        ("same_site = \"lax\"", "Path=/; Secure; HttpOnly; SameSite=Lax"),
        ("cookie = \"desk\"", "Path=/; Secure; HttpOnly; SameSite=Strict"),
    ] {
        let gateway = config(&idp, session, "").start().await;
        let name = if session.contains("desk") { "__Host-Http-desk" } else { COOKIE };
        let alice = browser(&gateway);
        let back = alice.begins_login(&idp, "alice").await;
        let reply = alice.navigate(&back).await;
        let set =
            set_cookies(&reply).into_iter().find(|one| one.starts_with(name)).expect("a session");
        assert_eq!(set.split_once("; ").expect("attributes").1, attributes);
        let deletion =
            format!("{name}=; {}", attributes.replacen("Path=/", "Path=/; Max-Age=0", 1));
        let cookies = alice.cookie();
        let reply = alice.post("/auth/logout").await;
        assert_eq!(set_cookies(&reply), [&*deletion]);
        let reply = fetch(&gateway, "/me", &cookies).await;
        assert_eq!(set_cookies(reply.assert_error(401, "SESSION_EXPIRED")), [&*deletion]);
        stopped(gateway).await;
    }
}

#[tokio::test]
async fn sessions_end_at_their_absolute_end_however_busy_they_are() {
    let idp = Idp::start().await;
    idp.access_ttl(None);
    let gateway = config(&idp, "idle = \"10m\"\nabsolute = \"20m\"", "").start().await;
    let alice = browser(&gateway).logs_in(&idp, "alice").await;
    for _ in 0..3 {
        gateway.advance(6 * 60);
        alice.fetch("/me").await.assert_status(200);
    }
    gateway.advance(2 * 60 + 1);
    alice.fetch("/me").await.assert_error(401, "SESSION_EXPIRED");
}
