//! `gateway.toml`.

use std::time::Duration;

use super::decode::table;
use super::plain::{List, Many, Named, Plain, Program};
use super::session::{Credential, Frontend, Login, Session};

table! {
    /// `gateway.toml`. Keys without a value come from `defaults.toml`.
    pub struct Gateway {
        /// The listener and its limits.
        pub server: Server,
        /// Health and readiness.
        pub admin: Admin,
        /// JWTs that are accepted, by a name of any kind; one table per issuer.
        pub tokens: Named<Tokens>,
        /// What a session gives to programs, how long one lives, and its cookie.
        pub session: Session,
        /// OpenID providers, by a name of any kind.
        pub login: Named<Login>,
        /// Web frontends, by a name of any kind; without any there is one, with `[server] origin` and all routes.
        pub frontends: Named<Frontend>,
        /// How upstreams are shown who asks, by the name that `auth` has.
        pub credentials: Named<Credential>,
        /// Where state lives.
        pub stores: Stores,
        /// Policies of how many requests are let in, by a name of any kind.
        pub rate_limits: Named<RateLimit>,
        /// Which other origins' pages may read replies.
        pub cors: Cors,
        /// On every reply, by name; `""` takes a default away.
        pub response_headers: Named<Plain<String>>,
        /// What is kept of calls' answers and of replies.
        pub cache: Cache,
        /// The log.
        pub telemetry: Telemetry,
    }
}

table! {
    /// `[server]`: the listener and its limits.
    pub struct Server {
        /// An address or a list of them: `"127.0.0.1:8080"`, `"[::]:8080"`, `"unix:/run/frontdesk.sock"`.
        pub listen: Many<Plain<String>>,
        /// The public origin, `"https://app.example.com"`; empty: taken from the listener.
        pub origin: Plain<String>,
        /// Worker threads; 0: one per core.
        pub workers: Plain<u64>,
        /// Bytes of a client's body, where an endpoint says none.
        pub max_body: Plain<Size>,
        /// Bytes of a request's target; 414 beyond.
        pub max_uri: Plain<Size>,
        /// Bytes of all headers of a request; 431 beyond.
        pub max_header_bytes: Plain<Size>,
        /// Headers of a request; 431 beyond.
        pub max_headers: Plain<u64>,
        /// For the head of a request, all in all; 408 after that.
        pub header_timeout: Plain<Duration>,
        /// For the body of a request, all in all; 408 after that.
        pub body_timeout: Plain<Duration>,
        /// How long an idle connection of a client stays open.
        pub keep_alive: Plain<Duration>,
        /// Requests of one connection; 0: no limit.
        pub max_requests_per_connection: Plain<u64>,
        /// Depth of a JSON body, the client's and upstreams'.
        pub max_json_depth: Plain<u64>,
        /// Parameters of a query or a form.
        pub max_parameters: Plain<u64>,
        /// What becomes of a reply that its `schema` refuses: `off`, `log` or `fail`.
        pub validate_responses: Plain<String>,
        /// Connections of clients at a time.
        pub max_connections: Plain<u64>,
        /// Proxies whose `X-Forwarded-For` or `Forwarded` is believed: `"10.0.0.0/8"`, `"2001:db8::5"`, `"unix"`.
        pub trusted_proxies: Vec<Plain<String>>,
        /// How long a stopping gateway waits for requests in flight.
        pub drain_timeout: Plain<Duration>,
        /// Steps that one jq program may take (100 to 1,000 cost about 10 us), plus one per byte
        /// of what it reads.
        pub max_program_steps: Plain<u64>,
        /// Bytes of one reply, or of one body sent to an upstream.
        pub max_reply: Plain<Size>,
        /// How replies may be compressed: `zstd`, `br`, `gzip`, the best first; `[]`: not at all.
        pub compress: List<Plain<String>>,
        /// Bytes of a reply from which it is worth it.
        pub compress_from: Plain<Size>,
    }
}

/// A number of bytes: `"64KiB"`, `"1MiB"`, `"10KB"`, `"2MB"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

/// So many in a time: `"10/s"`, `"60/min"`, `"1000/h"`, `"5000/d"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub count: u64,
    /// In which time: one of its unit.
    pub per: Duration,
}

table! {
    /// `[admin]`: health and readiness, on an address of its own.
    pub struct Admin {
        /// The address.
        pub listen: Plain<String>,
        /// Needed for `/sessions`, and for any address but loopback.
        pub token: Option<Plain<String>>,
    }
}

table! {
    /// `[tokens.NAME]`: JWTs of one issuer.
    pub struct Tokens {
        /// The `iss` that is expected. Required.
        pub issuer: Option<Plain<String>>,
        /// The `aud` that is expected: a text or a list of them. Required.
        pub audience: Option<Many<Plain<String>>>,
        /// The algorithms that are accepted. Required, no default.
        pub algorithms: Option<Vec<Plain<String>>>,
        /// What signatures are checked with. Required.
        pub key: Option<Key>,
        /// Whether `Authorization: Bearer` is read.
        pub bearer: Plain<bool>,
        /// A cookie that is read too.
        pub cookie: Option<Plain<String>>,
        /// Accepted `typ`; a token without one is accepted too.
        pub types: Vec<Plain<String>>,
        /// How far clocks may differ.
        pub leeway: Plain<Duration>,
        /// How old a JWKS may get.
        pub jwks_refresh: Plain<Duration>,
        /// How long between refetches for unknown `kid`s.
        pub jwks_cooldown: Plain<Duration>,
    }
}

table! {
    /// `key` of `[tokens.NAME]`: exactly one of its members.
    pub struct Key {
        /// The URL of a JWKS.
        pub jwks: Option<Plain<String>>,
        /// A public key as PEM, usually `"${file:…}"`.
        pub pem: Option<Plain<String>>,
        /// A shared secret of at least 32 bytes, for HMAC.
        pub secret: Option<Plain<String>>,
    }
}

table! {
    /// `[stores]`: where state lives.
    pub struct Stores {
        /// Sessions of logins: `memory`, `file` or `redis`.
        pub sessions: Plain<String>,
        /// Counters of `[rate_limits]`: `memory` or `redis`.
        pub rate_limits: Plain<String>,
        /// Replies kept for `idempotency`, and webhook deliveries: `memory`, `file` or `redis`.
        pub idempotency: Plain<String>,
        /// Answers and replies that are kept: `memory`, or `redis`, with memory in front of it.
        pub cache: Plain<String>,
        /// Bytes of what is kept in memory for `idempotency`; beyond it, what would end first is forgotten.
        pub max_memory: Plain<Size>,
        /// The file of what is kept in one.
        pub file: Plain<String>,
        /// The Redis of what is kept there.
        pub redis: Redis,
    }
}

table! {
    /// `redis` of `[stores]`.
    pub struct Redis {
        /// `redis://host:6379`, `rediss://…` (TLS) or `redis+sentinel://host:26379/mymaster`; a list is a cluster.
        pub url: Option<Many<Plain<String>>>,
        /// Of one question, all in all.
        pub timeout: Plain<Duration>,
        /// The path of a PEM file, in the place of the system's roots.
        pub ca: Option<Plain<String>>,
    }
}

table! {
    /// `[rate_limits.NAME]`: a budget that each key has once, wherever the policy is used.
    pub struct RateLimit {
        /// How many, in the long run: `"60/min"`. Required.
        pub quota: Option<Plain<Rate>>,
        /// How many at once; the quota's count unless said.
        pub burst: Option<Plain<u64>>,
        /// Whose budget it is: `ip` unless said, `session` (issuer and subject) or `credential` (the token).
        pub by: Option<Plain<String>>,
        /// In the place of `by`: gives the key. May read `$params`, `$query`, `$headers`, `$cookies`, `$body`,
        /// `$session` and `$request`; null counts by address.
        pub key_from: Option<Program>,
        /// How many a request counts for.
        pub cost: Plain<u64>,
        /// What happens where the shared store is away: `local`, `allow` or `deny`.
        pub on_store_failure: Plain<String>,
    }
}

table! {
    /// `[cors]`: which other origins' pages may read replies. May stand in routes and `_defaults.toml` too, key by key.
    pub struct Cors {
        /// `"https://app.example.com"`, `"https://*.example.com"`, or `"*"` alone for any.
        pub origins: Option<List<Plain<String>>>,
        /// Whether requests may carry cookies; exact origins then count as our own for `csrf`.
        pub credentials: Option<Plain<bool>>,
        /// Request headers that pages may set.
        pub allow_headers: Option<Vec<Plain<String>>>,
        /// Reply headers that pages may read.
        pub expose_headers: Option<Vec<Plain<String>>>,
        /// How long browsers may keep the answer to a preflight.
        pub max_age: Option<Plain<Duration>>,
        /// Whether pages of public addresses may ask where this one is private.
        pub private_network: Option<Plain<bool>>,
    }
}

table! {
    /// `[cache]`: what is kept of calls' answers and of replies.
    pub struct Cache {
        /// Bytes of all that is kept in this process; beyond it, what is asked for least is forgotten.
        pub max_size: Plain<Size>,
        /// With `[stores] cache = "redis"`: how old what is kept in this process may get while Redis is away.
        pub away_ttl: Plain<Duration>,
        /// With `[stores] cache = "redis"`: what is larger than this is kept in this process only.
        pub max_shared: Plain<Size>,
    }
}

table! {
    /// `[telemetry]`: the log.
    pub struct Telemetry {
        /// `auto` (pretty on a terminal, JSON elsewhere), `pretty` or `json`.
        pub log: Plain<String>,
        /// A level, or one per target: `"info,frontdesk::upstream=debug"`.
        pub level: Plain<String>,
    }
}
