//! One HTTP request to a private service, and its answer.

use std::time::Duration;

/// How an upstream is connected to. Equal settings share one client.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Settings {
    /// To open a connection, TLS included.
    pub connect_timeout: Duration,
    /// How long an idle connection is kept; shorter than the upstream's own.
    pub idle_timeout: Duration,
    /// HTTP/2 without asking first.
    pub http2: bool,
    /// PEM text of further certificate authorities.
    pub ca: Option<String>,
    /// An egress proxy.
    pub proxy: Option<String>,
}
