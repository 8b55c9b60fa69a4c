//! What `[session]`, `[login]`, `[frontends]` and `[credentials]` mean.

use std::time::Duration;

use frontdesk::cookie::SameSite;
use frontdesk::plan::{Auth, Csrf, Grant, KeyFrom, Plan, TokenSource, Unauthenticated};

use crate::case::{Case, endpoint};

/// A gateway with one login, and further lines.
fn with_login(further: &str) -> String {
    format!(
        r#"
        [server]
        origin = "https://app.example.com"
        [session]
        keys = ["0123456789abcdef0123456789abcdef"]
        [login.main]
        issuer = "https://id.example.com/"
        client_id = "dashboard"
        client_secret = "s"
        {further}
        "#
    )
}

fn plan(gateway: &str, files: &[(&str, &str)]) -> Plan {
    let all: Vec<_> = [("gateway.toml", gateway)].iter().chain(files).copied().collect();
    Case::of(&all).plan()
}

#[test]
fn one_login_is_that_of_all_routes() {
    let plan = plan(&with_login(""), &[]);
    let [frontend] = &plan.frontends[..] else { panic!("one frontend") };
    assert!(frontend.name.is_empty() && frontend.hosts.is_empty());
    let door = frontend.login.as_ref().unwrap();
    assert_eq!((door.login, &*door.cookie.name), (0, "__Host-Http-session"));
    assert_eq!((door.cookie.same_site, door.cookie.secure), (SameSite::Strict, true));
    assert_eq!((&*door.attempt.name, door.attempt.same_site), ("__Host-Http-tx-", SameSite::Lax));
    let login = &plan.logins[0];
    assert_eq!((&*login.name, &*login.path, login.id_token_hint), ("main", "/auth", false));
    assert_eq!(login.show, ["name", "email", "picture"]);
    let provider = &plan.providers[0];
    assert_eq!(provider.scopes, ["openid", "profile", "offline_access"]);
    assert_eq!((&*provider.client_id, provider.timeout), ("dashboard", Duration::from_secs(5)));
    assert_eq!(plan.lifetimes.idle, Duration::from_secs(1800));
    assert_eq!(plan.lifetimes.absolute, Duration::from_secs(8 * 3600));
    assert_eq!(plan.lifetimes.csrf_header, "x-csrf");
}

#[test]
fn the_paths_of_a_login_are_counted_where_that_is_said() {
    assert!(plan(&with_login(""), &[]).logins[0].rate_limits.is_empty());
    let limits = r#"
        rate_limits = ["per_ip", "per_host", "per_ip"]
        [rate_limits.other]
        quota = "1/s"
        [rate_limits.per_host]
        quota = "1/s"
        key_from = '$request.host'
        [rate_limits.per_ip]
        quota = "1/s"
        "#;
    let plan = plan(&with_login(limits), &[]);
    let [first, second] = &plan.logins[0].rate_limits[..] else { panic!("two") };
    assert!(matches!((first.policy, &first.key), (2, KeyFrom::Address)));
    assert!(matches!((second.policy, &second.key), (1, KeyFrom::Program(_))));
}

#[test]
fn frontends_have_routes_logins_and_cookies_of_their_own() {
    let gateway = with_login(
        r#"
        [frontends.app]
        origin = "https://App.example.com"
        login = "main"
        [frontends.admin]
        origin = "https://admin.example.com:8443"
        routes = "routes-admin"
        login = "main"
        cookie = "admin"
        [frontends.open]
        origin = "http://open.example.com"
        "#,
    )
    .replace("origin = \"https://app.example.com\"", "");
    let get = "session = \"required\"\n[get]\n";
    let plan = plan(&gateway, &[("routes/a.toml", get), ("routes-admin/b.toml", get)]);
    let hosts: Vec<_> = plan.frontends.iter().map(|frontend| frontend.hosts.join(" ")).collect();
    let expected = [
        "app.example.com app.example.com:443",
        "admin.example.com:8443",
        "open.example.com open.example.com:80",
    ];
    assert_eq!(hosts, expected);
    let routes = |index: usize| {
        let routes = plan.frontends[index].router.routes();
        routes.iter().map(|route| route.path()).collect::<Vec<_>>()
    };
    assert_eq!([routes(0), routes(1), routes(2)], [["/a"], ["/b"], ["/a"]]);
    let cookie = |index: usize| {
        plan.frontends[index].login.as_ref().map(|door| door.cookie.name.to_string())
    };
    assert_eq!(cookie(0).as_deref(), Some("__Host-Http-session"));
    assert_eq!(cookie(1).as_deref(), Some("__Host-Http-admin"));
    assert_eq!(cookie(2), None);
}

#[test]
fn credentials_are_known_by_name() {
    let gateway = with_login(
        r#"
        [credentials.billing]
        grant = "client_credentials"
        login = "main"
        audience = "billing"
        [credentials.for_user]
        grant = "exchange"
        token_url = "http://127.0.0.1:1/token"
        client_id = "gateway"
        client_secret = "s"
        "#,
    );
    let route = r#"
        session = "required"
        unauthenticated = "login"
        [get]
        csrf = "origin"
        calls.a = { upstream = "users", path = "/a", auth = "billing" }
        calls.b = { upstream = "users", path = "/b", auth = "for_user" }
        [post]
        "#;
    let plan = plan(&gateway, &[("routes/x.toml", route)]);
    let get = endpoint(&plan, "GET /x");
    let auth: Vec<Auth> = get.calls.iter().map(|call| call.auth).collect();
    assert_eq!(auth, [Auth::Credential(0), Auth::Credential(1)]);
    assert_eq!((get.csrf, get.unauthenticated), (Csrf::Origin, Unauthenticated::Login));
    let post = endpoint(&plan, "POST /x");
    assert_eq!((post.csrf, post.unauthenticated), (Csrf::Header, Unauthenticated::Refuse));
    let [billing, for_user] = &plan.credentials[..] else { panic!("two") };
    assert_eq!(
        (billing.grant, billing.audience.as_deref()),
        (Grant::ClientCredentials, Some("billing"))
    );
    assert!(matches!(billing.from, TokenSource::Login(0)) && billing.scope.is_none());
    assert!(matches!(&for_user.from, TokenSource::Own(own) if own.client_id == "gateway"));
}
