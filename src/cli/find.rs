//! Finds the endpoints of a method and a path.

use std::sync::Arc;

use http::Method;

use crate::plan::{Endpoint, Frontend, Plan, Route, Segment};
use crate::value::SmolStr;

/// An endpoint and where it belongs.
pub(super) struct Found<'p> {
    /// Whose it is.
    pub(super) frontend: &'p Frontend,
    /// Its file.
    pub(super) route: &'p Route,
    /// What answers.
    pub(super) endpoint: &'p Endpoint,
}

/// The endpoint of each frontend that has one, or of the one that is named. `path` is a pattern or a path.
///
/// # Errors
/// Why there is none.
pub(super) fn find<'p>(
    plan: &'p Plan,
    method: &str,
    path: &str,
    frontend: Option<&str>,
) -> Result<Vec<Found<'p>>, String> {
    let verb = Method::from_bytes(method.to_ascii_uppercase().as_bytes())
        .map_err(|_| format!("`{method}` is not a method"))?;
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let frontends = named(plan, frontend)?;
    let routes = frontends.iter().filter_map(|one| Some((*one, leads_to(one, path)?)));
    let routes: Vec<_> = routes.collect();
    let Some((_, first)) = routes.first() else { return Err(nowhere(&frontends, path)) };
    let answering = routes.iter().filter_map(|(frontend, route)| {
        let endpoint = route.methods.find(&verb)?;
        Some(Found { frontend, route, endpoint })
    });
    let found: Vec<_> = answering.collect();
    match found.is_empty() {
        true => Err(format!("`{}` has no {verb}; it has {}", first.path(), first.methods.allow())),
        false => Ok(found),
    }
}

fn named<'p>(plan: &'p Plan, name: Option<&str>) -> Result<Vec<&'p Frontend>, String> {
    let all = plan.frontends.iter().map(AsRef::as_ref);
    let Some(name) = name else { return Ok(all.collect()) };
    let found: Vec<&Frontend> = all.clone().filter(|frontend| frontend.name == name).collect();
    if found.is_empty() {
        let names = all.map(|frontend| frontend.name.as_str()).filter(|name| !name.is_empty());
        let near = crate::config::did_you_mean(name, names);
        let help = near.map_or(String::new(), |near| format!("; {near}"));
        return Err(format!("no frontend is named `{name}`{help}"));
    }
    Ok(found)
}

fn leads_to<'p>(frontend: &'p Frontend, path: &str) -> Option<&'p Route> {
    let routes = frontend.router.routes();
    let named = routes.iter().find(|route| route.path() == path || in_files(route) == path);
    if let Some(named) = named {
        return Some(named);
    }
    let decode =
        |segment| SmolStr::new(percent_encoding::percent_decode_str(segment).decode_utf8_lossy());
    let segments: Vec<SmolStr> = match path.strip_prefix('/')? {
        "" => Vec::new(),
        inner => inner.split('/').map(decode).collect(),
    };
    frontend.router.find(&segments).map(|found| found.route.as_ref())
}

fn nowhere(frontends: &[&Frontend], path: &str) -> String {
    let routes = frontends.iter().flat_map(|frontend| frontend.router.routes());
    let paths: Vec<String> = routes.map(|route: &Arc<Route>| route.path()).collect();
    let near = crate::config::did_you_mean(path, paths.iter().map(String::as_str));
    let help = near.unwrap_or_else(|| "`frontdesk routes` lists them".to_owned());
    format!("no route leads to `{path}`; {help}")
}

/// `/users/[id]`, as the files are named.
fn in_files(route: &Route) -> String {
    let text = |segment: &Segment| match segment {
        Segment::Literal(text) => format!("/{text}"),
        Segment::Param(name) => format!("/[{name}]"),
        Segment::CatchAll(name) => format!("/[...{name}]"),
        Segment::OptionalCatchAll(name) => format!("/[[...{name}]]"),
    };
    route.pattern.iter().map(text).collect()
}
