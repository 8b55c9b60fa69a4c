//! The harness's browser and its provider, without a gateway between them: what other tests rely on.

use crate::harness::*;

#[tokio::test]
async fn a_browser_logs_in_and_keeps_its_cookies() {
    let (idp, site) = (Idp::start().await, Upstream::start().await);
    let login = format!(
        "{}/authorize?response_type=code&client_id=dashboard&code_challenge_method=S256\
         &code_challenge=x&state=s&redirect_uri=https%3A%2F%2Fapp.example.com%2Fauth%2Fcallback",
        idp.issuer()
    );
    let to_login = Reply::status(303).header("location", &login);
    site.on("GET", "/auth/login", to_login.header("set-cookie", "tx=1; Path=/; HttpOnly"));
    let back = Reply::status(200).header("set-cookie", "id=2; Path=/");
    site.on("GET", "/auth/callback", back.header("set-cookie", "tx=; Path=/; Max-Age=0"));
    site.on("*", "/me", Reply::text("hello"));

    let alice = Browser::at(site.url()).logs_in(&idp, "u1").await;
    assert_eq!(alice.cookie(), "id=2");
    assert_eq!(site.requests()[1].header("cookie"), Some("tx=1"));
    assert_eq!(site.requests()[1].query_value("iss"), Some(idp.issuer()));
    alice.fetch("/me").await.assert_status(200);
    alice.post("/me").await.assert_status(200);
    let [.., fetch, post] = &site.requests()[..] else { panic!("two requests") };
    assert_eq!((fetch.header("x-csrf"), fetch.header("cookie")), (Some("1"), Some("id=2")));
    assert_eq!(post.header("sec-fetch-site"), Some("same-origin"));
    assert!(idp.is_alive("u1"));
}

#[tokio::test]
async fn a_gateway_with_a_login_starts_though_its_provider_is_down() {
    let idp = Idp::start().await;
    let route = "session = \"required\"\n[get.response]\nshape = '1'\n";
    let config = Gateway::config().gateway(&login_at(&idp, "timeout = \"1s\""));
    drop(idp);
    let gateway = config.route("me.toml", route).start().await;
    gateway.get("/me").await.assert_error(401, "UNAUTHORIZED");
}
