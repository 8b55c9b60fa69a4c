//! A running gateway and requests to it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;

use frontdesk::plan::Plan;
use frontdesk::server::Server;
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::oneshot;

use super::clock::Clock;
use super::config::{Config, fetch};
use super::reply::Reply;
use super::secrets::{self, Watch};
use super::signer::token;

/// A gateway that runs on a thread of its own until it is dropped.
pub struct Gateway {
    /// The first listener's; the admin listener's where there are only sockets.
    pub address: SocketAddr,
    pub addresses: Vec<SocketAddr>,
    pub admin: SocketAddr,
    clock: Arc<Clock>,
    client: reqwest::Client,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    watch: Watch,
    _folder: TempDir,
}

impl Gateway {
    /// A config to start one with.
    pub fn config() -> Config {
        Config::new()
    }

    pub(super) async fn start(plan: Plan, folder: TempDir) -> Self {
        let watch = Watch::start();
        let clock = Arc::new(Clock::default());
        let server = Server::bind(plan, clock.clone(), fetch()).expect("a server");
        let admin = server.admin_address().expect("an admin address");
        let addresses = server.addresses();
        let address = addresses.first().copied().unwrap_or(admin);
        let (stop, stopped) = oneshot::channel::<()>();
        let serve = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let stopped = async {
                let _ = stopped.await;
            };
            runtime.expect("a runtime").block_on(server.run(stopped)).expect("it serves");
        };
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        Self {
            address,
            addresses,
            admin,
            clock,
            client: client.no_proxy().build().expect("a client"),
            stop: Some(stop),
            thread: Some(std::thread::spawn(serve)),
            watch,
            _folder: folder,
        }
    }

    /// Lets this many seconds go by, for all that looks at the time of day.
    pub fn advance(&self, seconds: u64) {
        self.clock.advance(seconds);
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn request(&self, method: &str, path: &str) -> Request {
        let method = method.parse::<reqwest::Method>().expect("a method");
        Request(self.client.request(method, self.url(path)))
    }

    pub fn get(&self, path: &str) -> Request {
        self.request("GET", path)
    }

    pub fn post(&self, path: &str, body: Value) -> Request {
        self.request("POST", path).json(body)
    }

    /// A request to the admin listener.
    pub fn admin(&self, path: &str) -> Request {
        Request(self.client.get(format!("http://{}{path}", self.admin)))
    }

    /// The same with another method.
    pub fn admin_with(&self, method: &str, path: &str) -> Request {
        let method = method.parse::<reqwest::Method>().expect("a method");
        Request(self.client.request(method, format!("http://{}{path}", self.admin)))
    }

    /// Begins to stop: takes no new connections, serves what is in flight.
    pub fn begin_stop(&mut self) {
        drop(self.stop.take());
    }

    /// Stops and waits until the last request is served.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the gateway has not panicked");
        }
    }
}

/// A request; await it to send it.
pub struct Request(reqwest::RequestBuilder);

impl Request {
    pub fn header(self, name: &str, value: &str) -> Self {
        if name.eq_ignore_ascii_case("authorization") {
            secrets::authorization(value);
        }
        Self(self.0.header(name, value))
    }

    pub fn json(self, body: Value) -> Self {
        Self(self.0.header("content-type", "application/json").body(body.to_string()))
    }

    pub fn body(self, kind: &str, body: impl Into<reqwest::Body>) -> Self {
        Self(self.0.header("content-type", kind).body(body))
    }

    /// A bearer token of the harness's issuer for this subject.
    pub fn user(self, subject: &str) -> Self {
        self.claims(serde_json::json!({ "sub": subject }))
    }

    /// The same with these claims.
    pub fn claims(self, claims: Value) -> Self {
        self.bearer(&token(claims))
    }

    /// This bearer token.
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// With the header that our own pages send.
    pub fn by_our_page(self) -> Self {
        self.header("x-csrf", "1")
    }

    /// The same in the harness's cookie.
    pub fn cookie_user(self, subject: &str) -> Self {
        let token = token(serde_json::json!({ "sub": subject }));
        self.header("cookie", &format!("token={token}"))
    }
}

impl IntoFuture for Request {
    type Output = Reply;
    type IntoFuture = std::pin::Pin<Box<dyn Future<Output = Reply> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { Reply::read(self.0.send().await.expect("a reply")).await })
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if std::thread::panicking() {
            drop(self.stop.take());
        } else {
            self.end();
            self.watch.verify();
        }
    }
}
