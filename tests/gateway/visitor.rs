//! Who visits without a browser meets what Chromium does. The application is a scripted one, the provider is real.

use crate::harness::*;

const SESSION: &str = "__Host-Http-session=1; Secure; HttpOnly; Path=/; SameSite=";
const DELETED: &str = "__Host-Http-session=; Secure; HttpOnly; Path=/; Max-Age=0";

/// An application behind an nginx that speaks TLS; its page `/private` needs a login, and who comes back from the
/// provider is somebody.
struct World {
    origin: String,
    provider: Provider,
    app: Upstream,
    _nginx: Proxy,
}

impl World {
    /// The callback answers with this, and takes its cookie with it.
    async fn with(callback: Reply, same_site: &str) -> Self {
        let port = free_port();
        let origin = format!("https://app.test:{port}");
        let provider = Provider::start(json!({"host": "localhost", "origins": [origin]}));
        let app = Upstream::start().await;
        let to_login = Reply::status(303).header("location", &login_url(&provider, &origin));
        let to_end = Reply::status(303).header("location", &end_url(&provider, &origin));
        app.on("GET", "/auth/login", to_login.clone());
        let cookie = format!("{SESSION}{same_site}");
        app.on("GET", "/auth/callback", callback.header("set-cookie", &cookie));
        app.on("POST", "/auth/logout", to_end.header("set-cookie", DELETED));
        app.on("GET", "/", Reply::text("home"));
        app.reply_with("GET", "/private", move |request| match request.header("cookie") {
            Some(_) => Reply::text("for somebody"),
            None => to_login.clone(),
        });
        let nginx = Proxy::tls_nginx(app.address(), port).await;
        Self { origin, provider, app, _nginx: nginx }
    }

    fn visitor(&self) -> Visitor {
        Visitor::at(&self.origin, self.app.address())
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }
}

fn login_url(provider: &Provider, origin: &str) -> String {
    let mut url: url::Url = format!("{}/auth", provider.issuer()).parse().expect("a URL");
    url.query_pairs_mut()
        .extend_pairs([("client_id", "dashboard"), ("response_type", "code"), ("scope", "openid")])
        .extend_pairs([("redirect_uri", &*format!("{origin}/auth/callback")), ("state", "s")])
        .append_pair("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
        .append_pair("code_challenge_method", "S256");
    url.into()
}

fn end_url(provider: &Provider, origin: &str) -> String {
    let mut url: url::Url = format!("{}/session/end", provider.issuer()).parse().expect("a URL");
    url.query_pairs_mut()
        .append_pair("client_id", "dashboard")
        .append_pair("post_logout_redirect_uri", origin);
    url.into()
}

fn redirect() -> Reply {
    Reply::status(303).header("location", "/private")
}

fn page_that_goes_on() -> Reply {
    let page = r#"<meta http-equiv="refresh" content="0; url=/private">"#;
    Reply::text(page).header("content-type", "text/html; charset=utf-8")
}

#[tokio::test]
async fn a_visitor_logs_in_and_out() {
    for (callback, same_site) in [(redirect(), "Lax"), (page_that_goes_on(), "Strict")] {
        let world = World::with(callback, same_site).await;
        let visitor = world.visitor();
        let page = visitor.login("u1").await;
        assert_eq!(page.assert_at(&world.at("/private")).reply.body, "for somebody");
        assert_eq!(visitor.cookie_header("/").as_deref(), Some("__Host-Http-session=1"));
        let page = visitor.open("/private").await;
        assert_eq!(page.trail, [format!("GET {} 200", world.at("/private"))]);

        assert_eq!(visitor.logout().await.assert_at(&world.at("/")).reply.body, "home");
        assert_eq!(visitor.own_cookies(), []);
        assert!(!visitor.cookies().is_empty(), "the provider has its own");
        assert_eq!(world.provider.count("end_session").await, 1);
    }
}

#[tokio::test]
async fn a_strict_cookie_of_the_redirect_that_ends_a_login_is_withheld_and_the_login_goes_on_and_on()
 {
    let world = World::with(redirect(), "Strict").await;
    let visitor = world.visitor();
    let gone_on = tokio::spawn(async move { visitor.login("u1").await }).await;
    assert!(gone_on.is_err());
    let gone_on = browse("page_that_needs_a_login", &world.origin).await;
    assert!(gone_on.is_err_and(|error| error.contains("ERR_TOO_MANY_REDIRECTS")));
}

#[tokio::test]
async fn a_strict_cookie_comes_along_from_a_page_that_goes_on_and_not_from_a_link_elsewhere() {
    let world = World::with(page_that_goes_on(), "Strict").await;
    let visited = browse("page_that_needs_a_login", &world.origin).await.expect("a login");
    assert_eq!(visited["shown"], "for somebody");
    assert_eq!(visited["again"], json!(["GET /private 200"]));
    let linked = &visited["linked"];
    assert_eq!(linked["shown"], "for somebody");
    assert_eq!(linked["way"].as_array().map(Vec::len), Some(4), "{visited:#}");

    let visitor = world.visitor();
    let page = visitor.login("u1").await;
    assert_eq!(page.assert_at(&world.at("/private")).reply.body, "for somebody");
    let page = visitor.open_from("https://evil.test", "/private").await;
    assert_eq!(page.assert_at(&world.at("/private")).reply.body, "for somebody");
    // By the provider, which still knows who it is.
    assert_eq!(page.trail.len(), 4, "{:#?}", page.trail);
}

#[tokio::test]
async fn a_script_of_the_application_sends_its_cookies_and_where_it_is() {
    let up = Upstream::start().await;
    up.on("POST", "/it", Reply::json(1));
    let call = "session = \"required\"\npost.calls.it = { upstream = \"up\", path = \"/it\", method = \"POST\" }\n";
    let gateway = Gateway::config()
        .upstream("up", &up)
        .gateway("origin = \"https://app.test\"\n")
        .route("x.toml", call)
        .start()
        .await;
    let visitor = Visitor::of(&gateway);
    visitor.post("/x", json!({})).await.assert_error(401, "UNAUTHORIZED");
    visitor.set_cookie(&format!("token={}; Secure; Path=/; Max-Age=60", token(json!({}))));
    visitor.post("/x", json!({})).await.assert_data(200, json!(1));
    visitor.get("/x").header("accept", "*/*").await.assert_status(405);
    visitor.advance(60);
    visitor.post("/x", json!({})).await.assert_error(401, "UNAUTHORIZED");
}
