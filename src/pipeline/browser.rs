//! What a browser says of a request on its own, and no page can: Fetch Metadata, `Origin`, `Accept` of a navigation.

use http::Method;

use super::cors;
use super::request::{Head, Request};
use crate::cors::Policy;
use crate::csrf;
use crate::fault::{Code, Fault};
use crate::plan::Frontend;

/// What becomes of the reply (`Sec-Fetch-Mode`, `Sec-Fetch-Dest`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// A page in a tab.
    Page,
    /// A page inside of another.
    Frame,
    /// Something that a page has asked for: data, an image, a script …
    Part,
    /// The request does not say.
    Unknown,
}

impl Use {
    /// What becomes of the reply to a request.
    pub(super) fn of(head: &dyn Head) -> Self {
        let (mode, dest) = (head.header("sec-fetch-mode"), head.header("sec-fetch-dest"));
        match (&mode[..], &dest[..]) {
            ([], []) => Self::Unknown,
            ([b"navigate"], [] | [b"document"]) | ([], [b"document"]) => Self::Page,
            ([b"navigate"], [b"iframe" | b"frame" | b"embed" | b"object"]) => Self::Frame,
            _ => Self::Part,
        }
    }
}

/// Whether a request is one that a link, a typed address or a frame of our own makes: no page can add a header to it,
/// and no page of another site can read its reply.
pub(super) fn is_link(request: &Request) -> bool {
    let own = || request.head.header("sec-fetch-site") == [b"same-origin"];
    let free = match Use::of(&*request.head) {
        Use::Page => true,
        Use::Frame => own(),
        Use::Part | Use::Unknown => false,
    };
    request.method == Method::GET && free
}

/// Whether somebody waits for a page in a tab.
pub(super) fn is_navigation(request: &Request) -> bool {
    let head = &*request.head;
    let page = match Use::of(head) {
        Use::Page => true,
        Use::Unknown => ranges(head).next().is_some_and(|first| first == b"text/html"),
        Use::Frame | Use::Part => false,
    };
    request.method == Method::GET && page
}

/// Whether the client shows HTML.
pub(super) fn shows_pages(head: &dyn Head) -> bool {
    ranges(head).any(|range| range == b"text/html")
}

/// Checks that a request is sent by our own pages, or by those that `policy` trusts as our own.
///
/// # Errors
/// 403 `CSRF_FAILED`.
pub(super) fn is_ours(
    changes: bool,
    frontend: &Frontend,
    policy: Option<&Policy>,
    head: &dyn Head,
) -> Result<(), Fault> {
    let site = head.header("sec-fetch-site");
    if site.len() > 1 || head.header("origin").len() > 1 {
        // No browser sends two; whoever reads the other one would decide otherwise.
        let message = "The request says twice where it comes from (Sec-Fetch-Site or Origin).";
        return Err(Fault::new(Code::CsrfFailed).message(message).cause(message));
    }
    let origin = cors::origin(head);
    let trusted = is_trusted(policy, head);
    csrf::check(changes, site.first().copied(), origin, &frontend.origins, trusted)
}

/// Whether another site has made the browser ask, and none that `policy` trusts as our own. Not where the browser does not
/// say so.
pub(super) fn is_of_another_site(policy: Option<&Policy>, head: &dyn Head) -> bool {
    let site = head.header("sec-fetch-site");
    let is_other = site.iter().any(|site| matches!(*site, b"cross-site" | b"same-site"));
    is_other && !is_trusted(policy, head)
}

fn is_trusted(policy: Option<&Policy>, head: &dyn Head) -> bool {
    let origin = cors::origin(head);
    origin.is_some_and(|origin| policy.is_some_and(|policy| policy.trusts(origin)))
}

/// The media ranges of `Accept`, without their parameters.
fn ranges(head: &dyn Head) -> impl Iterator<Item = Vec<u8>> {
    let accept = head.header("accept").join(&b',');
    let ranges: Vec<_> = accept
        .split(|byte| *byte == b',')
        .map(|range| range.split(|byte| *byte == b';').next().unwrap_or_default())
        .map(|range| range.trim_ascii().to_ascii_lowercase())
        .collect();
    ranges.into_iter()
}
