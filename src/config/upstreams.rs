//! `upstreams.toml`.

use std::time::Duration;

use super::decode::table;
use super::gateway::Size;
use super::plain::{HeaderValue, Named, Plain, Template};

/// `upstreams.toml`: `_defaults` already merged into each.
#[derive(Clone, Debug)]
pub struct Upstreams {
    /// By name, in the order of the file.
    pub upstreams: Named<Upstream>,
}

table! {
    /// `[NAME]`: one upstream. The table `[_defaults]` holds for all of them.
    pub struct Upstream {
        /// Where it is: `"http://users:7001"`, with a base path or without. Required.
        pub url: Option<Plain<String>>,
        /// Of a call that says none: queueing, all tries and the body.
        pub timeout: Plain<Duration>,
        /// To open a connection.
        pub connect_timeout: Plain<Duration>,
        /// How long pooled connections are kept; shorter than the upstream's own.
        pub idle_timeout: Plain<Duration>,
        /// Bytes of a reply, decoded.
        pub max_response: Plain<Size>,
        /// Sent with every call; templates that may read `$session` and `$request` only.
        pub headers: Named<HeaderValue>,
        /// Added to every call's query.
        pub query: Named<Template>,
        /// `none`, `user` (the client's verified JWT, or the login's access token) or a name of `[credentials]`.
        pub auth: Plain<String>,
        /// HTTP/2 by prior knowledge; with https ALPN decides.
        pub http2: Plain<bool>,
        /// How https is spoken.
        pub tls: Option<Tls>,
        /// A proxy on the way; none unless written.
        pub proxy: Option<Plain<String>>,
    }
}

table! {
    /// `tls` of an upstream.
    pub struct Tls {
        /// The path of a PEM file; `Secrets::file` reads it.
        pub ca: Option<Plain<String>>,
    }
}
