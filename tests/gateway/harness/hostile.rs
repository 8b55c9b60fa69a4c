//! An OpenID provider that does what a test tells it, and browsers whose users log in there.
//!
//! ```ignore
//! let idp = Idp::start().await;
//! let gateway = Gateway::config().gateway(&login_at(&idp, "")).route("me.toml", ME).start().await;
//! let alice = Browser::at(gateway.url("")).logs_in(&idp, "u1").await;
//! alice.fetch("/me").await.assert_status(200);
//! idp.id_tokens(json!({"nonce": "another"}));
//! ```
//! What [`Idp`] can be told stands in its docs in `upstream-mocks`.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use upstream_mocks::{CLIENT_ID, CLIENT_SECRET, Idp};

use super::html;
use super::reply::Reply;

/// The origin of a gateway with [`login_at`]. Its cookies are those of https, though the harness speaks plain http.
pub const ORIGIN: &str = "https://app.example.com";

/// `origin`, `[session] keys` and `[login.main]` with this provider, for [`super::Config::gateway`]. `more` are further
/// lines of `[login.main]`, or tables.
pub fn login_at(idp: &Idp, more: &str) -> String {
    let issuer = idp.issuer();
    format!(
        "origin = \"{ORIGIN}\"\n\
         [session]\nkeys = [\"0123456789abcdef0123456789abcdef\"]\n\
         [login.main]\nissuer = \"{issuer}\"\nclient_id = \"{CLIENT_ID}\"\n\
         client_secret = \"{CLIENT_SECRET}\"\n{more}\n"
    )
}

/// A browser: it has cookies, and says where a request comes from.
pub struct Browser {
    base: String,
    client: reqwest::Client,
    cookies: Mutex<BTreeMap<String, String>>,
}

impl Browser {
    /// One without cookies, at a gateway's `url("")`. It follows no redirects.
    pub fn at(base: impl Into<String>) -> Self {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        let client = client.no_proxy().build().expect("a client");
        Self { base: base.into(), client, cookies: Mutex::default() }
    }

    /// Its user logs in at the provider of `[login.main]` and comes back.
    pub async fn logs_in(self, idp: &Idp, user: &str) -> Self {
        let back = self.begins_login(idp, user).await;
        let reply = self.navigate(&back).await;
        assert!([200, 303].contains(&reply.status), "the login failed: {reply:?}");
        self
    }

    /// The same as far as the provider: gives path and query of the callback, which was not asked for yet.
    pub async fn begins_login(&self, idp: &Idp, user: &str) -> String {
        let reply = self.navigate("/auth/login").await;
        reply.assert_status(303);
        let back = idp.authorize(reply.header("location").expect("a location"), user);
        back.strip_prefix(ORIGIN).expect("a callback of ours").to_owned()
    }

    /// Goes to a page, as by a link or a redirect from elsewhere. It follows the page that asks for a callback once more.
    pub async fn navigate(&self, path: &str) -> Reply {
        let reply = self.page("cross-site", path).await;
        match html::refresh(&reply.body).filter(|to| to.contains("/callback?state=")) {
            Some(to) => self.page("same-origin", &to).await,
            None => reply,
        }
    }

    /// Asks for a page, as by a link of a page of this `Sec-Fetch-Site`, and follows nothing.
    pub async fn page(&self, site: &str, path: &str) -> Reply {
        let headers = [("sec-fetch-site", site), ("sec-fetch-mode", "navigate")];
        let kind = [("sec-fetch-dest", "document"), ("accept", "text/html,*/*;q=0.8")];
        self.send(self.request("GET", path, headers.into_iter().chain(kind))).await
    }

    /// What a page of ours asks by `fetch`, with the header that shows it.
    pub async fn fetch(&self, path: &str) -> Reply {
        self.send(self.ours("GET", path)).await
    }

    /// A POST without a body by a page of ours.
    pub async fn post(&self, path: &str) -> Reply {
        self.send(self.ours("POST", path)).await
    }

    /// `Cookie` as it would be sent, empty without any: for requests of a kind of their own, or to another gateway.
    pub fn cookie(&self) -> String {
        let cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        let pairs: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }

    fn ours(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let headers = [("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "cors")];
        let shown = [("origin", ORIGIN), ("x-csrf", "1")];
        self.request(method, path, headers.into_iter().chain(shown))
    }

    fn request<'a>(
        &self,
        method: &str,
        path: &str,
        headers: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> reqwest::RequestBuilder {
        let method = method.parse::<reqwest::Method>().expect("a method");
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        match self.cookie() {
            none if none.is_empty() => request,
            cookie => request.header("cookie", cookie),
        }
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Reply {
        let reply = Reply::read(request.send().await.expect("a reply")).await;
        let mut cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        for header in reply.headers.get_all("set-cookie") {
            let header = header.to_str().expect("text");
            let (pair, attributes) = header.split_once(';').unwrap_or((header, ""));
            let (name, value) = pair.split_once('=').expect("a name and a value");
            match attributes.split("; ").any(|attribute| attribute.trim() == "Max-Age=0") {
                true => cookies.remove(name),
                false => cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
        drop(cookies);
        reply
    }
}
