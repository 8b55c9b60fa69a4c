//! The compiled gateway: what the request path reads, and never changes. No serde, no I/O.

mod admin;
mod cache;
mod call;
mod compression;
mod endpoint;
mod limits;
mod router;
mod session;
pub mod slot;
mod stores;
mod webhook;

use std::sync::Arc;
use std::time::Duration;

pub use admin::AdminToken;
pub use cache::{Cache, Caching, Reads, Scope, Tag, Ttl};
pub use call::{Auth, Body, Call, Each, Expect, FaultRule, OnStatus, Upstream};
pub use compression::Compression;
pub use endpoint::{
    Accept, Allow, Csrf, Endpoint, Envelope, ErrorShape, FailRule, Idempotency, Input, Reply,
    SessionRule, Shape, Status, Unauthenticated, ValidateResponses,
};
pub use limits::{KeyFrom, Proxies, RateLimit, RateLimits};
pub use router::{Match, Methods, Pattern, Route, Router, Segment, show};
pub use session::{Credential, Door, Frontend, Grant, Lifetimes, Login, TokenSource};
pub use stores::{Place, Stores};
pub use webhook::Webhook;

use http::{HeaderName, HeaderValue};

use crate::cors::Policy;
use crate::jq::{self, Program};
use crate::limit;
use crate::login;
use crate::seal;
use crate::token::Issuer;

/// Headers that stand on replies, unless these have their own of that name.
pub type Headers = Arc<[(HeaderName, HeaderValue)]>;

/// Everything that serving needs to know.
#[derive(Debug)]
pub struct Plan {
    /// The limits of one request.
    pub limits: Limits,
    /// The frontends; there is one at least.
    pub frontends: Vec<Arc<Frontend>>,
    /// `[login.NAME]`
    pub logins: Vec<Login>,
    /// What the providers of these need to know, in the same order.
    pub providers: Vec<login::Settings>,
    /// `[credentials.NAME]`, which calls name by index.
    pub credentials: Vec<Credential>,
    /// How long sessions live.
    pub lifetimes: Lifetimes,
    /// What seals sessions and attempts to log in.
    pub keys: Arc<seal::Keys>,
    /// `[tokens.NAME]`.
    pub issuers: Vec<Issuer>,
    /// `[session] roles_from`, over `$claims`.
    pub roles_from: Program,
    /// `[session] scopes_from`, over `$claims`.
    pub scopes_from: Program,
    /// The upstreams that calls name by index.
    pub upstreams: Vec<Upstream>,
    /// `[rate_limits.NAME]`, which endpoints name by index.
    pub rate_limits: Vec<limit::Policy>,
    /// `[server] trusted_proxies`
    pub proxies: Proxies,
    /// What becomes of a reply that its schema refuses.
    pub validate_responses: ValidateResponses,
    /// Where state lives.
    pub stores: Stores,
    /// `[cache]`
    pub cache: Cache,
    /// `[server] compress`
    pub compression: Compression,
    /// Who may read replies where no route answers.
    pub cors: Option<Arc<Policy>>,
    /// What stands on every reply where no endpoint answers.
    pub headers: Headers,
    /// What the listeners need.
    pub server: Server,
}

impl Plan {
    /// The frontend that a `Host` leads to.
    pub fn frontend(&self, host: &str) -> Option<&Arc<Frontend>> {
        self.frontends.iter().find(|frontend| {
            let named = |own: &String| own.eq_ignore_ascii_case(host);
            frontend.hosts.is_empty() || frontend.hosts.iter().any(named)
        })
    }

    /// The routes of all frontends.
    pub fn routes(&self) -> impl Iterator<Item = &Arc<Route>> {
        self.frontends.iter().flat_map(|frontend| frontend.router.routes())
    }
}

/// More threads than these no server has.
pub const MAX_WORKERS: usize = 512;

/// What the listeners need to know; fixed at start.
#[derive(Debug, Clone)]
pub struct Server {
    /// Addresses: `127.0.0.1:8080`, `[::]:8080`, `unix:/run/frontdesk.sock`.
    pub listen: Vec<String>,
    /// The admin listener's address.
    pub admin: String,
    /// What shows an operator there; none: nothing can be changed.
    pub admin_token: Option<AdminToken>,
    /// Threads that serve requests, [`MAX_WORKERS`] at most; 0 is one per core.
    pub workers: usize,
    /// For a whole head: of a connection's first request from the connection on, of others from their first byte on.
    pub header_timeout: Duration,
    /// How long an idle client connection stays open.
    pub keep_alive: Duration,
    /// Requests of one client connection; 0: no limit.
    pub max_requests_per_connection: u64,
    /// Client connections at once, over all workers.
    pub max_connections: usize,
    /// How long requests in flight have to end at shutdown.
    pub drain_timeout: Duration,
    /// `auto`, `pretty` or `json`.
    pub log: String,
    /// A level, or one per target.
    pub level: String,
}

/// The limits of one request, from `[server]`.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of the request target; 414 beyond.
    pub max_uri: usize,
    /// Bytes of all header names and values; 431 beyond.
    pub max_header_bytes: usize,
    /// Number of headers; 431 beyond.
    pub max_headers: usize,
    /// For a whole body to arrive; 408 after that.
    pub body_timeout: Duration,
    /// Levels of nesting of any JSON body.
    pub max_json_depth: u32,
    /// Query and form parameters.
    pub max_parameters: usize,
    /// What one jq program may use.
    pub program: jq::Limits,
}
