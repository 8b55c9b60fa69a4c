//! Which endpoint answers.

use std::sync::Arc;

use http::Method;

use super::path;
use super::request::Head;
use crate::cors::Policy;
use crate::fault::{Code, Fault};
use crate::plan::{Endpoint, Frontend, Match, Plan, Segment};
use crate::value::SmolStr;

/// The endpoint that answers, and what its path held.
pub(super) struct Found {
    /// Whose it is.
    pub(super) frontend: Arc<Frontend>,
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

/// Why no endpoint answers.
pub(super) struct Missed {
    /// 400 for an ambiguous path, 404 where no route matches, 405 with `Allow` where the route has no such method.
    pub(super) fault: Fault,
    /// Who may read that.
    pub(super) cors: Option<Arc<Policy>>,
}

/// Where a path leads.
pub(super) struct Place<'a> {
    /// Whose it is.
    frontend: &'a Arc<Frontend>,
    /// The route.
    pub(super) found: Match<'a>,
    /// The decoded segments of the path.
    segments: Vec<SmolStr>,
}

/// Finds the endpoint.
///
/// # Errors
/// See [`Missed`].
pub(super) fn find(plan: &Plan, method: &Method, head: &dyn Head) -> Result<Found, Missed> {
    let Place { frontend, found, segments } =
        at(plan, head).map_err(|fault| Missed { fault, cors: plan.cors.clone() })?;
    let methods = &found.route.methods;
    let Some(endpoint) = methods.find(method) else {
        let fault = Fault::new(Code::MethodNotAllowed).allow(methods.allow());
        return Err(Missed { fault, cors: found.route.cors.clone() });
    };
    let named =
        found.route.pattern.iter().enumerate().filter_map(|(index, segment)| match segment {
            Segment::Literal(_) => None,
            Segment::Param(name) => Some((name.clone(), Named::One(segments.get(index)?.clone()))),
            Segment::CatchAll(name) | Segment::OptionalCatchAll(name) => {
                Some((name.clone(), Named::Rest(segments[found.fixed..].to_vec())))
            }
        });
    Ok(Found {
        frontend: Arc::clone(frontend),
        endpoint: Arc::clone(endpoint),
        path: named.collect(),
    })
}

/// Finds the route.
///
/// # Errors
/// 400 for an ambiguous path, 404 where no route matches.
pub(super) fn at<'a>(plan: &'a Plan, head: &dyn Head) -> Result<Place<'a>, Fault> {
    let frontend = plan.frontend(head.host()).ok_or_else(|| {
        let host: String = head.host().chars().take(100).flat_map(char::escape_default).collect();
        Fault::new(Code::NotFound).cause(format!("no frontend has the host `{host}`"))
    })?;
    let segments = path::canonical(head.path())?;
    // A trailing slash is another path: no segment is empty.
    if segments.last().is_some_and(|last| last.is_empty()) {
        return Err(Fault::new(Code::NotFound));
    }
    let found = frontend.router.find(&segments).ok_or_else(|| Fault::new(Code::NotFound))?;
    Ok(Place { frontend, found, segments })
}
