mod control;
mod options;
mod rules;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::GUARDED;
use crate::fault::Fault;
use crate::pattern::Pattern;
use crate::services::{Issuer, Provider, Service, Web, all, refuse};
use crate::wire::{Answer, Log, Recorded, Reply, Server};
pub use options::Options;
use rules::Rules;

/// The demo's services, each on a port of its own, until this is dropped.
///
/// `token`, `users`, `analytics`, `notifications`, `posts`, `orders`, `payments`, `stock`, `id`,
/// `web`. All but `token`, `id` and `web` want their API key in `x-api-key`. `/health` is open.
pub struct Mocks {
    services: Vec<Running>,
    issuer: Arc<Issuer>,
    provider: Arc<Provider>,
}

struct Running {
    name: &'static str,
    key: Option<String>,
    server: Server,
    rules: Arc<Rules>,
}

impl Mocks {
    /// Starts all of them in the current runtime.
    ///
    /// # Errors
    /// When a port is taken, or a key is for a service that does not exist.
    pub async fn start(options: Options) -> io::Result<Self> {
        if let Some(unknown) = options.keys.keys().find(|key| !GUARDED.contains(&key.as_str())) {
            return Err(io::Error::other(format!("no service `{unknown}` wants a key")));
        }
        let issuer = Arc::new(Issuer::new(&options.issuer, &options.audience)?);
        let mut services: Vec<(&'static str, Box<dyn Service>)> =
            vec![("token", Box::new(Arc::clone(&issuer)))];
        services.extend(all());
        let id = Running::listener(&options, "id", 8).await?;
        let provider = Arc::new(Provider::new(options.provider(id.local_addr()?))?);

        let mut running = Vec::new();
        for (offset, (name, service)) in (0..).zip(services) {
            let listener = Running::listener(&options, name, offset).await?;
            running.push(Running::start(&options, name, listener, service)?);
        }
        running.push(Running::start(&options, "id", id, Box::new(Arc::clone(&provider)))?);
        let web = Running::listener(&options, "web", 9).await?;
        running.push(Running::start(&options, "web", web, Box::new(Web))?);
        Ok(Self { services: running, issuer, provider })
    }

    /// The services' names, in the order of their ports.
    pub fn names(&self) -> Vec<&'static str> {
        self.services.iter().map(|service| service.name).collect()
    }

    /// `http://127.0.0.1:PORT` of this service.
    ///
    /// # Panics
    /// This and all below: when there is no such service.
    pub fn url(&self, service: &str) -> String {
        format!("http://{}", self.of(service).server.address)
    }

    /// The API key of this service; empty for `token`, `id` and `web`.
    pub fn key(&self, service: &str) -> &str {
        self.of(service).key.as_deref().unwrap_or_default()
    }

    /// The `OpenID` provider, which is the service `id`.
    pub fn id(&self) -> &Provider {
        &self.provider
    }

    /// A token for this user, with these claims besides or instead; a null takes a claim away.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn token(&self, sub: &str, claims: &Value) -> Result<String, String> {
        self.issuer.token(sub, claims.as_object().unwrap_or(&serde_json::Map::new()))
    }

    /// From now on this goes wrong for requests that match: `/users/*`, `GET /users/{id}`, `/**`.
    ///
    /// It replaces an earlier fault of the same pattern; of several that match, the newest acts.
    pub fn fault(&self, service: &str, on: &str, fault: Fault) {
        self.of(service).rules.add(Pattern::parse(on), fault, None);
    }

    /// As [`Mocks::fault`], for this many requests.
    pub fn fault_times(&self, service: &str, on: &str, fault: Fault, times: usize) {
        self.of(service).rules.add(Pattern::parse(on), fault, Some(times));
    }

    /// Takes back all faults of all services.
    pub fn heal(&self) {
        self.services.iter().for_each(|service| service.rules.clear());
    }

    /// The requests that this service got, refused ones included, in order.
    pub fn requests(&self, service: &str) -> Vec<Arc<Recorded>> {
        self.of(service).server.log.read(|seen| seen.requests.iter().cloned().collect())
    }

    /// How many requests had this method and raw path, written `GET /users/u1`.
    pub fn count(&self, service: &str, key: &str) -> usize {
        self.of(service).server.log.read(|seen| seen.counts.get(key).copied().unwrap_or(0))
    }

    /// How many requests this service got.
    pub fn total(&self, service: &str) -> usize {
        self.of(service).server.log.read(|seen| seen.total)
    }

    /// How many requests were given up by their client before it had the whole reply.
    pub fn cancellations(&self, service: &str) -> usize {
        self.of(service).server.log.read(|seen| seen.cancelled)
    }

    /// Resolves when this service has got this many requests.
    pub async fn wait_for(&self, service: &str, requests: usize) {
        self.of(service).server.log.wait(|seen| (seen.total >= requests).then_some(())).await;
    }

    /// Resolves when a client has left before it had the whole reply.
    pub async fn cancelled(&self, service: &str) {
        self.of(service).server.log.wait(|seen| (seen.cancelled > 0).then_some(())).await;
    }

    /// Forgets the requests of all services. Faults and changed data stay.
    pub fn forget(&self) {
        self.services.iter().for_each(|service| service.server.log.clear());
    }

    fn of(&self, name: &str) -> &Running {
        match self.services.iter().find(|service| service.name == name) {
            Some(service) => service,
            None => panic!("there is no service `{name}`, only {:?}", self.names()),
        }
    }
}

impl Running {
    /// Listens at the port that is this far behind the first one.
    async fn listener(options: &Options, name: &str, offset: u16) -> io::Result<TcpListener> {
        let at = SocketAddr::from((options.ip, options.port(offset)));
        TcpListener::bind(at)
            .await
            .map_err(|error| io::Error::new(error.kind(), format!("{name} at {at}: {error}")))
    }

    fn start(
        options: &Options,
        name: &'static str,
        listener: TcpListener,
        service: Box<dyn Service>,
    ) -> io::Result<Self> {
        let key = GUARDED.contains(&name).then(|| options.key(name));
        let (rules, log) = (Arc::<Rules>::default(), Arc::new(Log::new(options.keep)));
        let answer = guard(key.clone(), Arc::clone(&rules), Arc::clone(&log), service);
        Ok(Self { name, key, server: Server::on(listener, log, answer)?, rules })
    }
}

impl fmt::Debug for Mocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

/// What stands before a service: control, health, its faults, its key.
fn guard(
    key: Option<String>,
    rules: Arc<Rules>,
    log: Arc<Log>,
    service: Box<dyn Service>,
) -> Answer {
    Arc::new(move |request| {
        if request.path().starts_with(crate::CONTROL) {
            return control::answer(request, &rules, &log);
        }
        if request.path() == "/health" {
            return Reply::json(json!({"status": "ok"}));
        }
        if key.is_some() && request.header_values("x-api-key") != [key.as_deref().unwrap_or("")] {
            return refuse(401, "the right x-api-key, once, is missing");
        }
        let right = || {
            let segments = request.segments();
            let path: Vec<_> = segments.iter().map(String::as_str).collect();
            let method = if request.method == "HEAD" { "GET" } else { &request.method };
            service.answer((method, &path), request)
        };
        match rules.take(request) {
            Some(fault) => fault.reply(request, right),
            None => right(),
        }
    })
}

#[cfg(test)]
mod tests;
