//! What stages say about the reply, whatever it becomes.

use std::sync::Arc;

use http::{HeaderName, HeaderValue};

use crate::limit::Standing;

/// What stages say about the reply, whatever it becomes.
#[derive(Default)]
pub(super) struct Notes {
    /// Headers that stand on it.
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    /// How the client stands with the policies that have counted it.
    pub(super) limits: Vec<Standing>,
    /// Cookies whose token is no longer good.
    pub(super) stale_cookies: Vec<Arc<str>>,
}
