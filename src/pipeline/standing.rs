//! What stands on every reply.

use http::header::{CACHE_CONTROL, VARY};
use http::{HeaderName, HeaderValue, Method};

use super::request::Head;
use super::respond::{self, Reply};
use super::{cors, route};
use crate::plan::{Headers, Plan};

/// Adds what stands on every reply of its endpoint, or of none; what the reply has itself stays. Errors are kept by no
/// cache.
pub(super) fn add(plan: &Plan, reply: &mut Reply) {
    let standing = reply.endpoint.as_ref().map_or(&plan.headers, |endpoint| &endpoint.headers);
    fill(standing, reply.status >= 400, &mut reply.headers);
}

/// What stands on a fault that is not made here: of a request of which no more is known than its head, or nothing.
pub fn standing(plan: &Plan, head: Option<(&Method, &dyn Head)>) -> Vec<(HeaderName, HeaderValue)> {
    let found = head.map(|(method, head)| route::find(plan, method, head));
    let (policy, standing) = match &found {
        Some(Ok(found)) => (&found.endpoint.cors, &found.endpoint.headers),
        Some(Err(missed)) => (&missed.cors, &plan.headers),
        None => (&plan.cors, &plan.headers),
    };
    let mut headers = Vec::new();
    if let Some(policy) = policy {
        policy.share(head.and_then(|(_, head)| cors::origin(head)), &mut headers);
    }
    fill(standing, true, &mut headers);
    headers
}

fn fill(standing: &Headers, fault: bool, headers: &mut Vec<(HeaderName, HeaderValue)>) {
    let has = |headers: &[(HeaderName, _)], name| headers.iter().any(|(other, _)| other == name);
    if fault && !has(headers, &CACHE_CONTROL) {
        headers.push((CACHE_CONTROL, HeaderValue::from_static("no-store")));
    }
    for (name, value) in standing.iter() {
        if name == VARY {
            respond::vary(headers, value.clone());
        } else if !has(headers, name) {
            headers.push((name.clone(), value.clone()));
        }
    }
}
