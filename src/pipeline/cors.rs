//! Who may read replies: preflights, and what other replies say (Fetch standard §3.2).

use std::sync::Arc;

use http::Method;

use super::notes::Notes;
use super::request::{Head, Request};
use super::respond::{self, Reply};
use super::route;
use crate::cors::Policy;
use crate::plan::{Match, Plan};

/// The reply to a preflight where something is shared with anybody; before anything is asked of the client or counted.
///
/// The method that is asked for decides whose policy holds. Where no route answers the preflight lets every method
/// pass, so that a page sees the 404 and not an error of CORS.
pub(super) fn preflight(plan: &Plan, request: &Request) -> Option<Reply> {
    let head = &*request.head;
    if request.method != Method::OPTIONS || head.header("origin").is_empty() {
        return None;
    }
    let wanted = head.header("access-control-request-method");
    let [wanted] = wanted[..] else { return None };
    let wanted = Method::from_bytes(wanted).ok()?;
    let place = route::at(plan, head).ok();
    let found = place.as_ref().map(|place| &place.found);
    let endpoint = found.and_then(|found| found.route.methods.find(&wanted));
    let policy = match (endpoint, found) {
        (Some(endpoint), _) => &endpoint.cors,
        (None, Some(found)) => &found.route.cors,
        (None, None) => &plan.cors,
    };
    let policy = policy.as_deref()?;
    let origin = origin(head);
    let methods = found.map_or_else(|| ALL.to_owned(), |found| shared(found, origin));
    let from_private = head.header("access-control-request-private-network") == [b"true"];
    let mut reply = respond::empty(request, 204);
    policy.preflight(origin, &methods, from_private, &mut reply.headers);
    reply.endpoint = endpoint.map(Arc::clone);
    Some(reply)
}

/// Notes who may read the reply, whatever it becomes.
pub(super) fn note(policy: Option<&Policy>, request: &Request, notes: &mut Notes) {
    if let Some(policy) = policy {
        policy.share(origin(&*request.head), &mut notes.headers);
    }
}

/// The origin of the page that asks; none where the request has several, which no browser sends.
pub(super) fn origin(head: &dyn Head) -> Option<&[u8]> {
    let all = head.header("origin");
    let [origin] = all[..] else { return None };
    Some(origin)
}

/// The methods of a route that this origin may read replies of.
fn shared(found: &Match<'_>, origin: Option<&[u8]>) -> String {
    let allows =
        |policy: &Option<Arc<Policy>>| policy.as_ref().is_some_and(|policy| policy.allows(origin));
    found.route.methods.names(|endpoint| allows(&endpoint.cors))
}

const ALL: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";
