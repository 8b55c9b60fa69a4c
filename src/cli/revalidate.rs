//! `revalidate`: tells a running gateway, and by it all instances, what has to be fetched anew.

use std::io;

use serde_json::{Value, json};

use super::admin::{self, Answer};
use crate::plan::Server;

/// Asks the gateway that has this config.
///
/// # Errors
/// What the system says where it cannot be reached.
pub(super) fn ask(server: &Server, tags: &[String]) -> io::Result<Answer> {
    admin::ask(server, "POST", "/revalidate", Some(&json!({ "tags": tags })))
}

/// How many tags were revalidated, and where.
pub(super) fn describe(answer: &Value) -> String {
    let count = |key: &str, one: &str, many: &str| {
        let count = answer[key].as_u64().unwrap_or(0);
        format!("{count} {}", if count == 1 { one } else { many })
    };
    let tags = count("revalidated", "tag is", "tags are");
    let instances = count("instances", "instance", "instances");
    let pending = match answer["pending"].as_bool() {
        Some(true) => "; the others will know when Redis is back",
        _ => "",
    };
    format!("{tags} revalidated on {instances}{pending}\n")
}
