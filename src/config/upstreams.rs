//! `upstreams.toml`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::gateway::Size;
use super::plain::{Plain, Template};
use crate::diagnostic::Span;

/// `upstreams.toml`: `_defaults` already merged into each.
pub struct Upstreams {
    pub upstreams: BTreeMap<String, Upstream>,
}

/// One upstream.
pub struct Upstream {
    /// The place of the table's header.
    pub span: Span,
    pub url: Option<Plain<String>>,
    pub timeout: Plain<Duration>,
    pub connect_timeout: Plain<Duration>,
    pub idle_timeout: Plain<Duration>,
    pub max_response: Plain<Size>,
    pub headers: BTreeMap<String, HeaderValue>,
    pub query: BTreeMap<String, Template>,
    /// `none` or `user`.
    pub auth: Plain<String>,
    pub http2: Plain<bool>,
    pub tls: Option<Tls>,
    pub proxy: Option<Plain<String>>,
}

/// `tls` of an upstream.
pub struct Tls {
    /// A PEM file, read while loading: its text.
    pub ca: Option<Plain<String>>,
}

/// A header's template, or `false`, which takes an inherited one away. Keys of a map of these also carry their place.
pub enum HeaderValue {
    Off(Span),
    Set(Template),
}
