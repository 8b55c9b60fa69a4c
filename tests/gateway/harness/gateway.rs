//! A running gateway and requests to it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{SystemTime, UNIX_EPOCH};

use frontdesk::plan::Plan;
use frontdesk::server::Server;
use frontdesk::session::SystemClock;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::oneshot;

use super::config::{Config, SECRET, fetch};
use super::reply::Reply;

/// A gateway that runs on a thread of its own until it is dropped.
pub struct Gateway {
    pub address: SocketAddr,
    pub admin: SocketAddr,
    client: reqwest::Client,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    _folder: TempDir,
}

impl Gateway {
    /// A config to start one with.
    pub fn config() -> Config {
        Config::new()
    }

    pub(super) async fn start(plan: Plan, folder: TempDir) -> Self {
        let server = Server::bind(plan, Arc::new(SystemClock), fetch()).expect("a server");
        let address = server.addresses()[0];
        let admin = server.admin_address().expect("an admin address");
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
            admin,
            client: client.no_proxy().build().expect("a client"),
            stop: Some(stop),
            thread: Some(std::thread::spawn(serve)),
            _folder: folder,
        }
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
        let token = token(claims);
        self.header("authorization", &format!("Bearer {token}"))
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

/// A token of the harness's issuer, good for an hour unless the claims say otherwise.
pub fn token(mut claims: Value) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs();
    for (name, value) in [
        ("iss", Value::from("https://id.test/")),
        ("aud", Value::from("api")),
        ("sub", Value::from("u1")),
        ("exp", Value::from(now + 3600)),
    ] {
        let members = claims.as_object_mut().expect("an object");
        members.entry(name).or_insert(value);
    }
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    encode(&Header::new(Algorithm::HS256), &claims, &key).expect("a token")
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if std::thread::panicking() {
            drop(self.stop.take());
        } else {
            self.end();
        }
    }
}
