//! Logins as browsers meet them: `/auth/…`, session cookies, and what other sites can do with them (`S`, `B`, `O` of
//! `docs/security.md`).

mod attempts;
mod backchannel;
mod bounds;
mod callback;
mod csrf;
mod ends;
mod frontends;
mod logout;
mod pages;
mod secrets;
mod session_cookie;
mod to_login;
mod who;

use crate::harness::*;

const ME: &str = r#"
    session = "required"
    [get.response]
    shape = '{who: $session.sub}'
    [post.response]
    shape = '{who: $session.sub}'
"#;

const COOKIE: &str = "__Host-Http-session";
const DELETED: &str = "__Host-Http-session=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict";

/// A config with a login; `session` are further lines of `[session]`, `more` of `[login.main]`.
fn config(idp: &Idp, session: &str, more: &str) -> Config {
    let text = login_at(idp, more).replace("[session]\n", &format!("[session]\n{session}\n"));
    Gateway::config()
        .gateway(&text)
        .route("me.toml", ME)
        .route("maybe.toml", &ME.replace("required", "optional"))
        .route("page.toml", &ME.replacen('\n', "\nunauthenticated = \"login\"\n", 1))
}

async fn gateway(idp: &Idp) -> Gateway {
    config(idp, "", "").start().await
}

/// Stops a gateway that has something to tell the provider yet: the provider must go on answering meanwhile.
async fn stopped(gateway: Gateway) {
    tokio::task::spawn_blocking(move || gateway.stop()).await.expect("it stops");
}

/// A browser at a gateway, without cookies.
fn browser(gateway: &Gateway) -> Browser {
    Browser::at(gateway.url(""))
}

/// All `Set-Cookie` of a reply.
fn set_cookies(reply: &Answer) -> Vec<&str> {
    reply.headers.get_all("set-cookie").iter().map(|value| value.to_str().expect("text")).collect()
}

/// The value of a cookie in a `Cookie` header.
fn value_of<'a>(cookies: &'a str, name: &str) -> Option<&'a str> {
    cookies.split("; ").find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

/// A page asks for something of ours, with these cookies.
fn fetch(gateway: &Gateway, path: &str, cookies: &str) -> Request {
    gateway.get(path).by_our_page().header("cookie", cookies)
}

/// The parameters of a URL.
fn query(url: &str) -> Vec<(String, String)> {
    let url = reqwest::Url::parse(url).expect("a URL");
    url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

/// As the provider of the harness writes a parameter.
fn encoded(text: &str) -> String {
    text.replace('.', "%2E").replace('-', "%2D").replace('_', "%5F")
}

fn parameter(url: &str, name: &str) -> Option<String> {
    query(url).into_iter().find_map(|(own, value)| (own == name).then_some(value))
}
