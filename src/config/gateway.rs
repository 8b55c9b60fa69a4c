//! `gateway.toml`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::plain::{Plain, Program};

/// `gateway.toml`. Keys without a value come from `defaults.toml`.
pub struct Gateway {
    pub server: Server,
    pub admin: Admin,
    pub tokens: BTreeMap<String, Tokens>,
    pub session: Session,
    pub telemetry: Telemetry,
}

/// `[server]`: the listener and its limits.
pub struct Server {
    /// An address or a list of them.
    pub listen: Vec<Plain<String>>,
    pub origin: Plain<String>,
    pub workers: Plain<u64>,
    pub max_body: Plain<Size>,
    pub max_uri: Plain<Size>,
    pub max_header_bytes: Plain<Size>,
    pub max_headers: Plain<u64>,
    pub keep_alive: Plain<Duration>,
    pub max_json_depth: Plain<u64>,
    pub max_parameters: Plain<u64>,
    pub max_connections: Plain<u64>,
    pub drain_timeout: Plain<Duration>,
    /// Steps that one jq program may take (100 to 1,000 cost about 10 us), plus one per byte of what it reads. Default 1,000,000.
    pub max_program_steps: Plain<u64>,
    /// Bytes of one reply, or of one body sent to an upstream. Default 8 MiB.
    pub max_reply: Plain<Size>,
}

/// A number of bytes: `"64KiB"`, `"1MiB"`, `"10KB"`, `"2MB"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

/// `[admin]`: health and readiness, on an address of its own.
pub struct Admin {
    pub listen: Plain<String>,
    pub token: Option<Plain<String>>,
}

/// `[tokens.NAME]`: JWTs of one issuer.
pub struct Tokens {
    /// The place of the table's header, for what is missing in it.
    pub span: crate::diagnostic::Span,
    pub issuer: Option<Plain<String>>,
    /// A text or a list of them.
    pub audience: Vec<Plain<String>>,
    pub algorithms: Vec<Plain<String>>,
    pub key: Option<Key>,
    pub bearer: Plain<bool>,
    pub cookie: Option<Plain<String>>,
    pub types: Vec<Plain<String>>,
    pub leeway: Plain<Duration>,
    pub jwks_refresh: Plain<Duration>,
    pub jwks_cooldown: Plain<Duration>,
}

/// `key` of `[tokens.NAME]`: exactly one of its members.
pub struct Key {
    pub span: crate::diagnostic::Span,
    pub jwks: Option<Plain<String>>,
    pub pem: Option<Plain<String>>,
    pub secret: Option<Plain<String>>,
}

/// `[session]`.
pub struct Session {
    pub roles_from: Program,
    pub scopes_from: Program,
}

/// `[telemetry]`.
pub struct Telemetry {
    pub log: Plain<String>,
    pub level: Plain<String>,
}
