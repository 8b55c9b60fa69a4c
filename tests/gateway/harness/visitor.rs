//! Somebody with a browser, without the browser.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use url::{Url, form_urlencoded};

use super::gateway::Gateway;
use super::html;
use super::jar::{Cookie, From, Jar, site};
use super::reply::Reply;

/// Follows redirects, fills in forms and keeps cookies as a browser does. Origins that nobody has in the DNS are at
/// the addresses that it is told; the scheme and the host that it sends and goes by are the origin's.
///
/// ```ignore
/// let visitor = Visitor::of(&gateway);
/// visitor.login("u1").await.assert_at("https://app.test/");
/// visitor.get("/api/v1/me").await.assert_status(200);
/// ```
pub struct Visitor {
    home: Url,
    addresses: Mutex<HashMap<String, SocketAddr>>,
    jar: Mutex<Jar>,
    client: reqwest::Client,
}

/// What a window shows, and how it came there.
#[derive(Debug)]
pub struct Page {
    pub url: Url,
    pub reply: Reply,
    /// `GET https://app.test/auth/login 303`, and so on.
    pub trail: Vec<String>,
}

/// A request of a script of the application's page.
pub struct Call<'a> {
    visitor: &'a Visitor,
    url: Url,
    request: reqwest::RequestBuilder,
}

const MAX_STEPS: usize = 20;

impl Visitor {
    /// One who finds `https://app.test` at this gateway.
    pub fn of(gateway: &Gateway) -> Self {
        Self::at("https://app.test", gateway.address)
    }

    /// One for whom the application is here.
    pub fn at(origin: &str, address: SocketAddr) -> Self {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        let visitor = Self {
            home: origin.parse().expect("an origin"),
            addresses: Mutex::default(),
            jar: Mutex::default(),
            client: client.no_proxy().build().expect("a client"),
        };
        visitor.finds(origin, address);
        visitor
    }

    /// From now on this origin is at this address.
    pub fn finds(&self, origin: &str, address: SocketAddr) {
        locked(&self.addresses).insert(origin.to_owned(), address);
    }

    /// Logs in at whatever page asks for a name.
    pub async fn login(&self, user: &str) -> Page {
        let mut page = self.open("/auth/login").await;
        while page.form().is_some() && page.url.origin() != self.home.origin() {
            page = self.submit(page, user, None).await;
        }
        page
    }

    /// Logs out, also at the provider.
    pub async fn logout(&self) -> Page {
        let url = self.url("/auth/logout");
        let start = Step { from: Some(self.home.clone()), ..Step::post(url, String::new()) };
        let mut page = self.walk(start, Vec::new()).await;
        while page.form().is_some() && page.url.origin() != self.home.origin() {
            page = self.submit(page, "", None).await;
        }
        page
    }

    /// Types an address, a path of the application or a whole one, and goes wherever that leads.
    pub async fn open(&self, address: &str) -> Page {
        self.walk(Step::get(self.url(address)), Vec::new()).await
    }

    /// Goes there by a link on a page of this origin.
    pub async fn open_from(&self, origin: &str, address: &str) -> Page {
        let from = Some(origin.parse().expect("an origin"));
        self.walk(Step { from, ..Step::get(self.url(address)) }, Vec::new()).await
    }

    /// Fills in a page's form with this name and presses a button: the one of this name, or the first.
    #[track_caller]
    pub fn submit(
        &self,
        page: Page,
        user: &str,
        button: Option<&str>,
    ) -> impl Future<Output = Page> {
        let form = page.form().unwrap_or_else(|| panic!("no form: {page:?}"));
        let named = |(name, _): &&(String, String)| button.is_none_or(|wanted| wanted == name);
        let pressed = form.buttons.iter().find(named).filter(|(name, _)| !name.is_empty());
        assert!(button.is_none() || pressed.is_some(), "no such button: {page:?}");
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(&form.fields).extend_pairs(pressed);
        body.extend_pairs(form.typed.iter().map(|name| (name, user)));
        let mut url = page.url.join(&form.action).expect("an address");
        let body = body.finish();
        let step = match form.post {
            true => Step::post(url, body),
            false => {
                url.set_query(Some(&body));
                Step::get(url)
            }
        };
        self.walk(Step { from: Some(page.url), ..step }, page.trail)
    }

    /// A script of the application asks for this path.
    pub fn get(&self, path: &str) -> Call<'_> {
        self.call("GET", path)
    }

    pub fn post(&self, path: &str, body: Value) -> Call<'_> {
        self.call("POST", path).header("content-type", "application/json").body(body.to_string())
    }

    pub fn call(&self, method: &str, path: &str) -> Call<'_> {
        let url = self.url(path);
        let request = self.request(method, &url, From::SameSite).header("x-csrf", "1");
        let request = request.header("sec-fetch-site", "same-origin");
        let request = request.header("sec-fetch-mode", "cors").header("sec-fetch-dest", "empty");
        let request = match method {
            "GET" | "HEAD" => request,
            _ => request.header("origin", self.home.origin().ascii_serialization()),
        };
        Call { visitor: self, url, request }
    }

    /// All cookies, of all hosts.
    pub fn cookies(&self) -> Vec<Cookie> {
        locked(&self.jar).cookies().to_vec()
    }

    /// Those of the application.
    pub fn own_cookies(&self) -> Vec<Cookie> {
        let mut cookies = self.cookies();
        cookies.retain(|cookie| Some(cookie.host.as_str()) == self.home.host_str());
        cookies
    }

    /// What a page of the application would send to this path of it.
    pub fn cookie_header(&self, path: &str) -> Option<String> {
        locked(&self.jar).header(&self.url(path), From::SameSite)
    }

    /// Takes a cookie as if a reply of the application had set it.
    #[track_caller]
    pub fn set_cookie(&self, line: &str) {
        locked(&self.jar).set(&self.home, line);
    }

    /// Lets this many seconds go by, for cookies that end.
    pub fn advance(&self, seconds: u64) {
        locked(&self.jar).advance(seconds);
    }

    async fn walk(&self, start: Step, mut trail: Vec<String>) -> Page {
        let first = trail.len();
        let mut step = start;
        loop {
            assert!(trail.len() - first < MAX_STEPS, "it goes on and on: {trail:#?}");
            let (url, reply) = self.take(&step).await;
            trail.push(format!("{} {url} {}", step.method, reply.status));
            match step.next(&url, &reply) {
                Some(next) => step = next,
                None => return Page { url, reply, trail },
            }
        }
    }

    async fn take(&self, step: &Step) -> (Url, Reply) {
        let post = step.method == "POST";
        let from = match step.cross_site() {
            false => From::SameSite,
            true if post => From::CrossSite,
            true => From::CrossSiteNavigation,
        };
        let mut request = self.request(step.method, &step.url, from);
        request = request.header("sec-fetch-site", step.fetch_site());
        request = request.header("sec-fetch-mode", "navigate").header("sec-fetch-dest", "document");
        request = request.header("accept", "text/html,*/*;q=0.8");
        if let Some(from) = step.from.as_ref().filter(|_| post) {
            let kind = "application/x-www-form-urlencoded";
            request = request.header("origin", from.origin().ascii_serialization());
            request = request.header("content-type", kind).body(step.body.clone());
        }
        (step.url.clone(), self.send(&step.url, request).await)
    }

    fn request(&self, method: &str, url: &Url, from: From) -> reqwest::RequestBuilder {
        let mut sent = url.clone();
        if let Some(address) = locked(&self.addresses).get(&url.origin().ascii_serialization()) {
            sent.set_scheme("http").expect("a scheme");
            sent.set_ip_host(address.ip()).expect("a host");
            sent.set_port(Some(address.port())).expect("a port");
        } else {
            assert_eq!(url.scheme(), "http", "nobody is there: {url}");
        }
        let host = match url.port() {
            Some(port) => format!("{}:{port}", url.host_str().expect("a host")),
            None => url.host_str().expect("a host").to_owned(),
        };
        let request = self.client.request(method.parse().expect("a method"), sent);
        let request = request.header("host", host);
        match locked(&self.jar).header(url, from) {
            Some(cookies) => request.header("cookie", cookies),
            None => request,
        }
    }

    async fn send(&self, url: &Url, request: reqwest::RequestBuilder) -> Reply {
        let response = request.send().await.expect("a reply");
        let ours = locked(&self.addresses).contains_key(&url.origin().ascii_serialization());
        let reply =
            if ours { Reply::read(response).await } else { Reply::of_others(response).await };
        let mut jar = locked(&self.jar);
        for line in reply.headers.get_all("set-cookie") {
            jar.set(url, line.to_str().expect("a cookie"));
        }
        reply
    }

    fn url(&self, address: &str) -> Url {
        self.home.join(address).expect("an address")
    }
}

impl Page {
    /// Its first form.
    pub fn form(&self) -> Option<html::Form> {
        html::form(&self.reply.body)
    }

    #[track_caller]
    pub fn assert_at(&self, address: &str) -> &Self {
        assert_eq!(self.url.as_str(), address, "{self:#?}");
        self
    }
}

impl Call<'_> {
    pub fn header(self, name: &str, value: &str) -> Self {
        Self { request: self.request.header(name, value), ..self }
    }

    pub fn body(self, body: impl Into<reqwest::Body>) -> Self {
        Self { request: self.request.body(body), ..self }
    }
}

impl<'a> IntoFuture for Call<'a> {
    type Output = Reply;
    type IntoFuture = Pin<Box<dyn Future<Output = Reply> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.visitor.send(&self.url, self.request).await })
    }
}

/// One request of a window.
#[derive(Clone)]
struct Step {
    method: &'static str,
    url: Url,
    body: String,
    /// The page whose link or form it was; none: the address bar.
    from: Option<Url>,
    /// Where redirects have led through.
    through: Vec<Url>,
}

impl Step {
    fn get(url: Url) -> Self {
        Self { method: "GET", url, body: String::new(), from: None, through: Vec::new() }
    }

    fn post(url: Url, body: String) -> Self {
        Self { method: "POST", body, ..Self::get(url) }
    }

    /// Where a reply leads at once.
    fn next(&self, url: &Url, reply: &Reply) -> Option<Self> {
        let location = reply.header("location").filter(|_| (300..400).contains(&reply.status));
        if let Some(location) = location {
            let next = url.join(location).expect("an address");
            let same = matches!(reply.status, 307 | 308);
            let mut step = if same { self.clone() } else { Self::get(next.clone()) };
            (step.url, step.from) = (next, self.from.clone());
            step.through = self.through.iter().chain([url]).cloned().collect();
            return Some(step);
        }
        let html = reply.header("content-type").is_some_and(|kind| kind.starts_with("text/html"));
        let next = html::refresh(&reply.body).filter(|_| html)?;
        let next = url.join(&next).expect("an address");
        Some(Self { from: Some(url.clone()), ..Self::get(next) })
    }

    /// By who has begun it, not by where redirects have led through: so do browsers.
    fn cross_site(&self) -> bool {
        self.from.as_ref().is_some_and(|from| site(from) != site(&self.url))
    }

    /// `Sec-Fetch-Site`, which looks at all of the way.
    fn fetch_site(&self) -> &'static str {
        let Some(from) = &self.from else { return "none" };
        let way = || [from].into_iter().chain(&self.through);
        if way().all(|one| one.origin() == self.url.origin()) {
            "same-origin"
        } else if way().all(|one| site(one) == site(&self.url)) {
            "same-site"
        } else {
            "cross-site"
        }
    }
}

fn locked<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}
