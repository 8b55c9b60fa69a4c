//! `routes`: a table of all endpoints.

use crate::plan::{Endpoint, Plan, SessionRule};

/// One line per endpoint, by path.
pub(super) fn table(plan: &Plan) -> String {
    let mut rows = vec![HEAD.map(str::to_owned)];
    let mut routes: Vec<_> = plan.routes().collect();
    routes.sort_by_key(|route| route.path());
    for route in routes {
        for (method, endpoint) in &route.methods.0 {
            let path = route.path();
            let calls: Vec<&str> = endpoint.calls.iter().map(|call| call.name.as_str()).collect();
            rows.push([
                method.to_string(),
                path,
                session(endpoint).to_owned(),
                or_dash(roles(endpoint)),
                or_dash(calls.join(", ")),
                route.file.clone(),
            ]);
        }
    }
    align(&rows)
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

const HEAD: [&str; 6] = ["METHOD", "PATH", "SESSION", "ROLES", "CALLS", "FILE"];

fn or_dash(text: String) -> String {
    if text.is_empty() { "-".to_owned() } else { text }
}

fn align<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..N).map(|column| width(column).unwrap_or(0)).collect();
    let mut table = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        table.push_str(line.trim_end());
        table.push('\n');
    }
    table
}
