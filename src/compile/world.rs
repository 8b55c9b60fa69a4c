//! What endpoints share: upstreams, limits, and the codes that they name.

use std::collections::HashMap;

use indexmap::IndexMap;

use super::limits::Keys;
use super::upstreams::Upstream;
use crate::config::{Call, Cors, Signature};
use crate::diagnostic::Span;
use crate::plan::Headers;

/// What endpoints share.
pub(super) struct World<'a> {
    /// Upstreams by name.
    pub(super) upstreams: IndexMap<String, Upstream>,
    /// Cookies that hold tokens.
    pub(super) session_cookies: Vec<String>,
    /// Whose budget each policy is.
    pub(super) rate_limits: Keys<'a>,
    /// `[server] max_body`
    pub(super) max_body: usize,
    /// `[server] max_reply`
    pub(super) max_reply: usize,
    /// `[cors]`
    pub(super) cors: &'a Cors,
    /// What stands on every reply.
    pub(super) headers: Headers,
    /// The built-in values of a call.
    pub(super) call_defaults: &'a Call,
    /// The built-in values of a signature.
    pub(super) signature_defaults: &'a Signature,
    /// The codes of own faults.
    pub(super) codes: Codes,
}

/// Codes that the config names: their status, and where it was said first.
pub(super) type Codes = HashMap<String, (u16, Span)>;
