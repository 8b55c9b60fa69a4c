//! Somebody logs in with Chromium, at a real provider, and what a script of the application can see of it: nothing.

use std::path::Path;

use crate::harness::*;

const APP: &str = r#"
session = "none"
[get.calls.page]
upstream = "app"
path = "/"
expect = "text"
[get.response]
envelope = "text"
[get.response.headers]
content-type = "text/html; charset=utf-8"
content-security-policy = "default-src 'none'; script-src 'unsafe-inline'; connect-src 'self'"
"#;

/// Calls on the user's behalf.
const ME: &str = r#"
session = "required"
[get.calls.me]
upstream = "app"
path = "/me"
auth = "user"
"#;

/// A page that needs a login.
const PRIVATE: &str = r#"
session = "required"
unauthenticated = "login"
[get.response]
envelope = "text"
shape = '"for \($session.sub)"'
"#;

/// An application behind the gateway, which is what the browser sees. The provider is another site.
struct World {
    origin: String,
    provider: Provider,
    app: Upstream,
    gateway: Gateway,
    _nginx: Option<Proxy>,
}

impl World {
    /// As in production: TLS ends at an nginx.
    async fn over_tls(session: &str) -> Self {
        let port = free_port();
        let origin = format!("https://app.test:{port}");
        let server = format!("origin = \"{origin}\"");
        let world = Self::start(origin, &server, session).await;
        let nginx = Proxy::tls_nginx(world.gateway.address, port).await;
        Self { _nginx: Some(nginx), ..world }
    }

    /// As in development: plain http, and nobody in between.
    async fn in_development() -> Self {
        let listen = format!("127.0.0.1:{}", free_port());
        let server = format!("listen = \"{listen}\"");
        Self::start(format!("http://{listen}"), &server, "insecure_dev = true").await
    }

    async fn start(origin: String, server: &str, session: &str) -> Self {
        let provider = Provider::start(json!({"host": "localhost", "origins": [origin]}));
        let app = Upstream::start().await;
        app.on("GET", "/", Reply::text(include_str!("../browser/app.html")));
        app.on("GET", "/me", Reply::json(json!("me")));
        let login = format!(
            "{server}\n[session]\nkeys = [\"0123456789abcdef0123456789abcdef\"]\n{session}\n\
             [login.main]\nissuer = \"{}\"\nclient_id = \"dashboard\"\n\
             client_secret = \"secret-of-the-dashboard\"\n",
            provider.issuer()
        );
        let gateway = Gateway::config()
            .gateway(&login)
            .upstream("app", &app)
            .route("index.toml", APP)
            .route("me.toml", ME)
            .route("private.toml", PRIVATE)
            .start()
            .await;
        provider.finds(&origin, gateway.address).await;
        Self { origin, provider, app, gateway, _nginx: None }
    }

    async fn browse(&self, scenario: &str) -> Value {
        browse(scenario, &self.origin).await.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Logs in and out, and looks at all that a script can see.
    async fn log_in_and_out(&self, cookie: Value) {
        let visit = self.browse("login").await;
        assert_eq!(visit["before"], "nobody is logged in");
        assert!(text(&visit["cancelled"]).contains("The sign-in was cancelled."), "{visit:#}");
        assert_eq!(visit["loggedIn"], "somebody is logged in");
        assert_eq!(visit["reloaded"], "somebody is logged in");
        assert_eq!(visit["kept"], json!([cookie]));
        assert_eq!((&visit["asked"], &visit["withoutHeader"]), (&json!(200), &json!(403)));
        assert_eq!(visit["loggedOut"], "nobody is logged in");
        assert_eq!(visit["left"], json!([]), "the jar is empty");
        assert_eq!(visit["afterwards"], 401);
        assert_eq!(self.provider.count("end_session").await, 1);
        self.assert_nothing_seen(&visit).await;
        let sent = self.app.requests();
        let me = sent.iter().find(|request| request.path() == "/me").expect("a call");
        let bearer = me.header("authorization").expect("a token");
        let tokens = self.provider.tokens().await;
        assert!(tokens.iter().any(|(_, token)| bearer == format!("Bearer {token}")));
        assert_eq!(me.header("cookie"), None);
    }

    async fn assert_nothing_seen(&self, visit: &Value) {
        let tokens = self.provider.tokens().await;
        for kind in ["access_token", "refresh_token", "id_token"] {
            assert!(tokens.iter().any(|(known, _)| known == kind), "no {kind}");
        }
        assert_unseen(visit, tokens.iter().map(|(_, token)| token.as_str()));
    }
}

/// None of these, no cookie of the gateway and no code is in what a script of the application can see.
#[track_caller]
fn assert_unseen<'a>(visit: &'a Value, tokens: impl Iterator<Item = &'a str>) {
    let seen = list(&visit["seen"]);
    assert!(seen.iter().any(|text| text.contains("authenticated")), "the bodies are there");
    let cookies = list(&visit["secrets"]);
    assert!(cookies.len() > 1, "of an attempt and of a session: {cookies:?}");
    for secret in tokens.chain(cookies) {
        assert!(secret.len() > 15, "this is no secret: {secret}");
        assert!(
            !seen.iter().any(|text| text.contains(secret)),
            "a script has seen a secret of {} bytes",
            secret.len()
        );
    }
    let readable = &visit["readable"];
    for place in ["cookie", "local", "session"] {
        assert!(["", "{}"].contains(&text(&readable[place])), "{place}: {readable:#}");
    }
    for place in ["history", "entries", "performance"] {
        assert!(!text(&readable[place]).contains("code="), "{place}: {readable:#}");
    }
    let referrers = list(&visit["referrers"]);
    assert!(!referrers.is_empty(), "a provider's pages have one");
    assert!(!referrers.iter().any(|page| page.contains("code=")), "{referrers:?}");
}

fn cookie(name: &str, host: &str, same_site: &str) -> Value {
    json!({
        "name": name, "domain": host, "path": "/", "expires": -1, "httpOnly": true,
        "secure": name.starts_with("__Host-"), "sameSite": same_site,
    })
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

fn list(value: &Value) -> Vec<&str> {
    value.as_array().expect("a list").iter().map(text).collect()
}

#[tokio::test]
async fn a_login_over_tls_leaves_one_cookie_that_no_script_can_read_and_a_logout_leaves_none() {
    let world = World::over_tls("").await;
    world.log_in_and_out(cookie("__Host-Http-session", "app.test", "Strict")).await;
}

#[tokio::test]
async fn a_login_in_development_is_over_plain_http() {
    let world = World::in_development().await;
    world.log_in_and_out(cookie("session", "127.0.0.1", "Strict")).await;
}

#[tokio::test]
async fn a_page_that_needs_a_login_is_shown_after_one_and_then_without_and_to_who_follows_a_link() {
    for same_site in ["strict", "lax"] {
        let world = World::over_tls(&format!("same_site = \"{same_site}\"")).await;
        let visit = world.browse("page_that_needs_a_login").await;
        assert_eq!(visit["shown"], "for u1", "{visit:#}");
        assert_eq!(visit["again"], json!(["GET /private 200"]));
        let way = list(&visit["way"]);
        let times = |step: &str| way.iter().filter(|one| **one == step).count();
        assert_eq!((times("GET /private 303"), times("GET /private 200")), (1, 1), "{way:#?}");
        // Strict: once for the provider's page, once for ours.
        let (called_back, often) = if same_site == "strict" { (200, 2) } else { (303, 1) };
        assert_eq!(times(&format!("GET /auth/callback {called_back}")), often, "{way:#?}");
        // A Strict cookie does not come along with a link elsewhere, but with what our own page asks for then.
        let linked = &visit["linked"];
        assert_eq!(linked["shown"], "for u1", "{visit:#}");
        let steps = if same_site == "strict" { 2 } else { 1 };
        assert_eq!(list(&linked["way"]).len(), steps, "{linked:#}");
        assert_eq!(world.provider.count("authorization_code").await, 1);
        for place in ["history", "entries", "performance"] {
            let found = text(&visit["readable"][place]);
            assert!(!found.contains("code="), "{same_site}: {found}");
        }
    }
}

#[tokio::test]
async fn a_stale_callback_leads_home_who_has_a_session() {
    for same_site in ["strict", "lax"] {
        let world = World::over_tls(&format!("same_site = \"{same_site}\"")).await;
        let visit = world.browse("stale_callback").await;
        assert_eq!(visit["shown"], "somebody is logged in", "{visit:#}");
        // Once a page of ours asks, a Strict cookie comes along, also behind its redirect.
        let asked = ["GET /auth/callback 400", "GET /auth/callback 303", "GET / 200"];
        let way = if same_site == "strict" { &asked[..] } else { &asked[1..] };
        assert_eq!(list(&visit["way"]), way, "{visit:#}");
    }
}

#[tokio::test]
async fn two_tabs_log_in_and_end_in_any_order() {
    let world = World::over_tls("").await;
    let visit = world.browse("two_tabs").await;
    let session = cookie("__Host-Http-session", "app.test", "Strict");
    for end in visit["ends"].as_array().expect("ends") {
        assert_eq!(end["begun"].as_array().map(Vec::len), Some(2), "{end:#}");
        assert_eq!(end["loggedIn"], json!(["somebody is logged in", "somebody is logged in"]));
        assert_eq!(end["kept"], json!([session]), "attempts leave nothing");
    }
    assert_eq!(world.provider.count("authorization_code").await, 4);
    // Each tab's session has ended the one of the other, whose Strict cookie did not come along from the provider.
    let (mut live, mut dead) = (0, 0);
    for value in list(&visit["secrets"]).into_iter().filter(|value| value.starts_with("v1.")) {
        let cookie = format!("__Host-Http-session={value}");
        match world.gateway.get("/me").by_our_page().header("cookie", &cookie).await.status {
            200 => live += 1,
            _ => dead += 1,
        }
    }
    assert_eq!((live, dead), (2, 2), "one of each round");
}

/// The demo as `make demo` has it, but for its ports.
#[tokio::test]
async fn the_demo_signs_in_shows_its_dashboard_and_signs_out() {
    let mocks = Mocks::start(Options::default()).await.expect("mocks");
    let listen = format!("127.0.0.1:{}", free_port());
    let provider = mocks.url("id");
    let (_, port) = provider.rsplit_once(':').expect("a port");
    // Where its sessions are is beside it.
    let folder = tempfile::tempdir().expect("a folder");
    let tree = folder.path().join("config");
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("config"), &tree, port);
    let mut config =
        Gateway::config().env("FRONTDESK_LISTEN", &listen).env("FRONTDESK_ADMIN", "127.0.0.1:0");
    for name in mocks.names() {
        config = config.env(&format!("{}_URL", name.to_uppercase()), &mocks.url(name));
    }
    let gateway = config.start_at(&tree).await;
    let origin = gateway.url("");
    let visit = browse("demo", &origin).await.unwrap_or_else(|error| panic!("{error}"));

    assert_eq!(visit["greeting"], "Hello, Ada");
    assert_eq!(visit["cards"], json!(["Profile", "Last 30 days", "Notifications", "Following"]));
    assert!(text(&visit["account"]).contains("Ada Lovelace"), "{visit:#}");
    assert!(text(&visit["session"]).starts_with("Session ends in "), "{visit:#}");
    let kept = visit["kept"].as_array().expect("cookies");
    assert!(kept.contains(&cookie("session", "127.0.0.1", "Strict")), "{kept:#?}");
    // The other one is the provider's, which a browser does not tell apart by its port.
    assert_eq!(kept.len(), 2, "{kept:#?}");
    assert_unseen(&visit, [].into_iter());
    assert!(!list(&visit["seen"]).iter().any(|text| text.contains("eyJ")), "a token was seen");
    assert_eq!((&visit["left"], &visit["afterwards"]), (&json!([]), &json!(401)));
}

/// Copies a tree; where it names the provider's port, this one is put.
fn copy(from: &Path, to: &Path, port: &str) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to, port);
        } else {
            let text = std::fs::read_to_string(entry.path()).expect("a text");
            std::fs::write(to, text.replace("7008", port)).expect("it is written");
        }
    }
}
