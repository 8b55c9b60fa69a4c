//! Which endpoint answers.

use std::sync::Arc;

use super::path;
use super::request::Request;
use crate::fault::{Code, Fault};
use crate::plan::{Endpoint, Plan, Segment};
use crate::value::SmolStr;

/// The endpoint that answers, and what its path held.
pub(super) struct Found {
    /// The endpoint.
    pub(super) endpoint: Arc<Endpoint>,
    /// The segments that the route names: text, or an array for a catch-all.
    pub(super) path: Vec<(SmolStr, Named)>,
}

/// What a named segment held.
pub(super) enum Named {
    /// `[id]`
    One(SmolStr),
    /// `[...rest]`
    Rest(Vec<SmolStr>),
}

/// Finds the endpoint.
///
/// # Errors
/// 400 for an ambiguous path, 404 where no route matches, 405 with `Allow` where the route has no such method.
pub(super) fn find(plan: &Plan, request: &Request) -> Result<Found, Fault> {
    let segments = path::canonical(request.head.path())?;
    // A trailing slash is another path: no segment is empty.
    if segments.last().is_some_and(|last| last.is_empty()) {
        return Err(Fault::new(Code::NotFound));
    }
    let found = plan.router.find(&segments).ok_or_else(|| Fault::new(Code::NotFound))?;
    let methods = &found.route.methods;
    let endpoint = methods
        .find(&request.method)
        .ok_or_else(|| Fault::new(Code::MethodNotAllowed).allow(methods.allow()))?;
    let named =
        found.route.pattern.iter().enumerate().filter_map(|(index, segment)| match segment {
            Segment::Literal(_) => None,
            Segment::Param(name) => Some((name.clone(), Named::One(segments.get(index)?.clone()))),
            Segment::CatchAll(name) | Segment::OptionalCatchAll(name) => {
                Some((name.clone(), Named::Rest(segments[found.fixed..].to_vec())))
            }
        });
    Ok(Found { endpoint: Arc::clone(endpoint), path: named.collect() })
}
