//! What stands on every reply.

use http::header::VARY;
use http::{HeaderName, HeaderValue, Method};

use super::request::Head;
use super::respond::{self, Reply};
use super::{cors, route};
use crate::plan::Plan;

/// Adds what stands on every reply of its endpoint, or of none; what the reply has itself stays.
pub(super) fn add(plan: &Plan, reply: &mut Reply) {
    let standing = reply.endpoint.as_ref().map_or(&plan.headers, |endpoint| &endpoint.headers);
    for (name, value) in standing.iter() {
        if name == VARY {
            respond::vary(&mut reply.headers, value.clone());
        } else if !reply.headers.iter().any(|(other, _)| other == name) {
            reply.headers.push((name.clone(), value.clone()));
        }
    }
}

/// What stands on a reply that is not made here: to a request of which no more is known than its head, or nothing.
pub fn standing(plan: &Plan, head: Option<(&Method, &dyn Head)>) -> Vec<(HeaderName, HeaderValue)> {
    let found = head.map(|(method, head)| route::find(plan, method, head.path()));
    let endpoint = found.as_ref().and_then(|found| Some(&found.as_ref().ok()?.endpoint));
    let policy = match &found {
        Some(Ok(found)) => &found.endpoint.cors,
        Some(Err(missed)) => &missed.cors,
        None => &plan.cors,
    };
    let mut headers = endpoint.map_or(&plan.headers, |endpoint| &endpoint.headers).to_vec();
    if let Some(policy) = policy {
        let mut shared = Vec::new();
        policy.share(head.and_then(|(_, head)| cors::origin(head)), &mut shared);
        shared.into_iter().for_each(|(name, value)| respond::put(&mut headers, name, value));
    }
    headers
}
