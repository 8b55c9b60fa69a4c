//! `routes`: a table of all endpoints.

use http::Method;

use crate::plan::{Endpoint, Plan, Route, SessionRule};

/// One line per endpoint, by path; with the frontend where there are some.
pub(super) fn table(plan: &Plan) -> String {
    let several = plan.frontends.iter().any(|frontend| !frontend.name.is_empty());
    let mut rows = vec![HEAD.map(str::to_owned).to_vec()];
    for frontend in &plan.frontends {
        let mut routes: Vec<_> = frontend.router.routes().iter().collect();
        routes.sort_by_key(|route| route.path());
        for route in routes {
            let endpoints = route.methods.0.iter();
            rows.extend(endpoints.map(|(method, endpoint)| row(route, method, endpoint)));
        }
    }
    if !several {
        rows.iter_mut().for_each(|row| drop(row.remove(0)));
    }
    align(&rows)
}

fn row(route: &Route, method: &Method, endpoint: &Endpoint) -> Vec<String> {
    let calls: Vec<&str> = endpoint.calls.iter().map(|call| call.name.as_str()).collect();
    vec![
        endpoint.frontend.to_string(),
        method.to_string(),
        route.path(),
        session(endpoint).to_owned(),
        or_dash(roles(endpoint)),
        or_dash(calls.join(", ")),
        route.file.clone(),
    ]
}

/// `required`, `optional` or `none`; `signature` where that takes its place.
pub(super) fn session(endpoint: &Endpoint) -> &'static str {
    match endpoint.session {
        SessionRule::Required => "required",
        SessionRule::Optional => "optional",
        SessionRule::None if endpoint.webhook.is_some() => "signature",
        SessionRule::None => "none",
    }
}

/// `admin or support; editor`: one of each list.
pub(super) fn roles(endpoint: &Endpoint) -> String {
    let lists: Vec<String> = endpoint.roles.iter().map(|list| list.join(" or ")).collect();
    lists.join("; ")
}

const HEAD: [&str; 7] = ["FRONTEND", "METHOD", "PATH", "SESSION", "ROLES", "CALLS", "FILE"];

fn or_dash(text: String) -> String {
    if text.is_empty() { "-".to_owned() } else { text }
}

/// Columns of equal width.
pub(super) fn align(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut table = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        table.push_str(line.trim_end());
        table.push('\n');
    }
    table
}
