use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::json;

use crate::pattern::Pattern;
use crate::wire::{Answer, Log, Recorded, Reply, Server};

const PATIENCE: Duration = Duration::from_secs(30);

/// An upstream that a test scripts, request by request.
///
/// It answers 404 to what no route is for. It stops when it is dropped.
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use upstream_mocks::{Reply, Upstream};
///
/// let users = Upstream::start().await;
/// users.on("GET", "/users/{id}", Reply::json(serde_json::json!({"id": "u1"})));
///
/// let reply = reqwest::get(users.url() + "/users/u1?full=1").await.unwrap();
/// assert_eq!(reply.status(), 200);
/// assert_eq!(users.requests()[0].target, "/users/u1?full=1");
/// # });
/// ```
pub struct Upstream {
    server: Server,
    routes: Routes,
}

type Routes = Arc<Mutex<Vec<Route>>>;

struct Route {
    pattern: Pattern,
    left: Option<usize>,
    reply: Answer,
}

impl Upstream {
    /// Listens on a free port of 127.0.0.1.
    ///
    /// # Panics
    /// Where none can be had.
    #[expect(clippy::expect_used, reason = "a test without its upstream cannot go on")]
    pub async fn start() -> Self {
        Self::start_at((Ipv4Addr::LOCALHOST, 0).into()).await.expect("a free port")
    }

    /// Listens at this address, for example at one where another upstream was before.
    ///
    /// # Errors
    /// When the address is taken.
    pub async fn start_at(address: SocketAddr) -> io::Result<Self> {
        let routes = Routes::default();
        let routing = Arc::clone(&routes);
        let answer: Answer = Arc::new(move |request| route(&routing, request));
        let server = Server::start(address, Arc::new(Log::new(usize::MAX)), answer).await?;
        Ok(Self { server, routes })
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// Answers requests of this method (`*`: any) and path with this reply, from now on.
    ///
    /// `*` and `{any}` in the path stand for one segment, `**` at its end for any number. Of
    /// several routes for a request the newest answers.
    pub fn on(&self, method: &str, path: &str, reply: Reply) {
        self.reply_with(method, path, move |_| reply.clone());
    }

    /// Answers one request, then steps aside for older routes. Several `once` take turns in the
    /// order in which they were written.
    pub fn once(&self, method: &str, path: &str, reply: Reply) {
        self.add(method, path, Some(1), Arc::new(move |_| reply.clone()));
    }

    /// As [`Upstream::on`], with a reply made from the request.
    pub fn reply_with<F>(&self, method: &str, path: &str, reply: F)
    where
        F: Fn(&Recorded) -> Reply + Send + Sync + 'static,
    {
        self.add(method, path, None, Arc::new(reply));
    }

    /// All requests, in the order in which they came.
    pub fn requests(&self) -> Vec<Arc<Recorded>> {
        self.server.log.read(|seen| seen.requests.iter().cloned().collect())
    }

    /// How many requests had this method and raw path, written `GET /users/u1`.
    pub fn count(&self, key: &str) -> usize {
        self.server.log.read(|seen| seen.counts.get(key).copied().unwrap_or(0))
    }

    /// How many requests came.
    pub fn total(&self) -> usize {
        self.server.log.read(|seen| seen.total)
    }

    /// How many connections were accepted.
    pub fn connections(&self) -> usize {
        self.server.log.read(|seen| seen.connections)
    }

    /// How many requests were given up by their client before it had the whole reply.
    pub fn cancellations(&self) -> usize {
        self.server.log.read(|seen| seen.cancelled)
    }

    /// Forgets the requests so far. The routes stay.
    pub fn forget(&self) {
        self.server.log.clear();
    }

    /// Waits until this many requests have come in all; gives all of them.
    ///
    /// # Panics
    /// After 30 s, with what came instead.
    pub async fn wait_for(&self, requests: usize) -> Vec<Arc<Recorded>> {
        let enough = self
            .server
            .log
            .wait(|seen| (seen.total >= requests).then(|| seen.requests.iter().cloned().collect()));
        self.patiently(enough, &format!("{requests} requests")).await
    }

    /// Waits until a client has left before it had the whole reply; gives the first such request.
    ///
    /// # Panics
    /// After 30 s, with what came instead.
    pub async fn cancelled(&self) -> Arc<Recorded> {
        let first = self.server.log.wait(|seen| seen.first_cancelled.clone());
        self.patiently(first, "a client that leaves").await
    }

    /// Waits until this many requests were given up by their clients.
    ///
    /// # Panics
    /// After 30 s, with what came instead.
    pub async fn wait_for_cancelled(&self, requests: usize) {
        let enough = self.server.log.wait(|seen| (seen.cancelled >= requests).then_some(()));
        self.patiently(enough, &format!("{requests} clients that leave")).await;
    }

    fn add(&self, method: &str, path: &str, left: Option<usize>, reply: Answer) {
        let route = Route { pattern: Pattern::new(method, path), left, reply };
        let mut routes = lock(&self.routes);
        // The newest is asked first, but limited ones queue before those that they step aside for.
        let limited = routes.iter().take_while(|known| known.left.is_some()).count();
        routes.insert(if route.left.is_some() { limited } else { 0 }, route);
    }

    async fn patiently<T>(&self, event: impl Future<Output = T>, what: &str) -> T {
        match tokio::time::timeout(PATIENCE, event).await {
            Ok(happened) => happened,
            Err(_) => {
                let came: Vec<_> = self.requests().iter().map(|request| request.key()).collect();
                panic!("waited for {what}; what came is {came:?}")
            }
        }
    }
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upstream").field("address", &self.server.address).finish_non_exhaustive()
    }
}

fn route(routes: &Routes, request: &Recorded) -> Reply {
    let reply = take(&mut lock(routes), request);
    match reply {
        Some(reply) => reply(request),
        None => Reply::json(json!({"error": "no route"})).with_status(404),
    }
}

fn take(routes: &mut [Route], request: &Recorded) -> Option<Answer> {
    let mut matching = routes
        .iter_mut()
        .filter(|route| route.pattern.matches(&request.method, request.path()))
        .filter(|route| route.left != Some(0));
    let route = matching.next()?;
    route.left = route.left.map(|left| left - 1);
    Some(Arc::clone(&route.reply))
}

/// A panic of one test's closure is no reason for another's.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
