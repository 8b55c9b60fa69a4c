//! What stages say about the reply, whatever it becomes.

use http::{HeaderName, HeaderValue};

use super::cache::Mark;
use crate::limit::Standing;

/// What stages say about the reply, whatever it becomes.
#[derive(Default)]
pub(super) struct Notes {
    /// Headers that stand on it.
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    /// How the client stands with the policies that have counted it.
    pub(super) limits: Vec<Standing>,
    /// `Set-Cookie` for cookies that are no longer good: each deletes one.
    pub(super) stale_cookies: Vec<HeaderValue>,
    /// Where the reply comes from, where its endpoint keeps anything.
    pub(super) cache: Option<Mark>,
    /// Who asks is known.
    pub(super) is_somebody: bool,
    /// A session was needed, and none was there.
    pub(super) is_nobody: bool,
}
