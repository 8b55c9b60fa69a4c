//! `sessions`: asks the admin listener of a running gateway who is logged in, or ends it.

use std::io;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::admin::{self, Answer};
use super::times::duration;
use crate::plan::Server;

/// What is done with sessions.
#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Show who is logged in
    List(Whose),
    /// End sessions: whoever has one must log in again
    Revoke {
        #[command(flatten)]
        whose: Whose,
        /// The session with this id
        #[arg(long, value_name = "ID", conflicts_with_all = ["sub", "iss", "frontend", "all"])]
        id: Option<String>,
        /// Everybody's
        #[arg(long)]
        all: bool,
    },
}

/// Whose sessions are meant.
#[derive(Debug, Args)]
pub(super) struct Whose {
    /// Of this subject
    #[arg(long)]
    sub: Option<String>,
    /// Of this issuer
    #[arg(long)]
    iss: Option<String>,
    /// Of this frontend
    #[arg(long, value_name = "NAME")]
    frontend: Option<String>,
}

/// Asks the gateway that has this config.
///
/// # Errors
/// What the system says where it cannot be reached.
pub(super) fn ask(server: &Server, action: &Action) -> io::Result<Answer> {
    let (method, target) = match action {
        Action::List(whose) => ("GET", format!("/sessions?{}", query(whose, false))),
        Action::Revoke { id: Some(id), .. } => {
            let id = percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC);
            ("DELETE", format!("/sessions/{id}"))
        }
        Action::Revoke { whose, all, .. } => {
            ("DELETE", format!("/sessions?{}", query(whose, *all)))
        }
    };
    admin::ask(server, method, &target, None)
}

/// A table of sessions, or how many have ended.
pub(super) fn describe(answer: &Value) -> String {
    if let Some(ended) = answer["ended"].as_u64() {
        let one = if ended == 1 { "session has" } else { "sessions have" };
        return format!("{ended} {one} ended\n");
    }
    let empty = Vec::new();
    let sessions = answer["sessions"].as_array().unwrap_or(&empty);
    let text = |session: &Value, key: &str| match session[key].as_str() {
        Some("") | None => "-".to_owned(),
        // They are of the provider's making: none breaks out of its line.
        Some(text) => text.escape_debug().to_string(),
    };
    let time = |session: &Value, key: &str| {
        duration(Duration::from_secs(session[key].as_u64().unwrap_or(0)))
    };
    let head = ["SUB", "ISS", "FRONTEND", "AGE", "IDLE LEFT", "LEFT", "ID"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(sessions.iter().map(|session| {
        vec![
            text(session, "sub"),
            text(session, "iss"),
            text(session, "frontend"),
            time(session, "age"),
            time(session, "idle_left"),
            time(session, "absolute_left"),
            text(session, "id"),
        ]
    }));
    let mut table = super::routes::align(&rows);
    let total = answer["total"].as_u64().unwrap_or(0);
    if total > sessions.len() as u64 {
        table.push_str(&format!("and {} more\n", total - sessions.len() as u64));
    }
    table
}

fn query(whose: &Whose, all: bool) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    let pairs = [("sub", &whose.sub), ("iss", &whose.iss), ("frontend", &whose.frontend)];
    for (name, value) in pairs {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    if all {
        query.append_pair("all", "true");
    }
    query.finish()
}
