use serde_json::json;

use crate::wire::Reply;

/// An error as RFC 6749 §5.2 words it.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) error: &'static str,
    pub(super) description: String,
}

impl Refusal {
    pub(super) fn new(error: &'static str, description: impl Into<String>) -> Self {
        Self { error, description: description.into() }
    }

    pub(super) fn invalid_request(description: impl Into<String>) -> Self {
        Self::new("invalid_request", description)
    }

    pub(super) fn invalid_grant(description: impl Into<String>) -> Self {
        Self::new("invalid_grant", description)
    }

    pub(super) fn reply(&self) -> Reply {
        let reply = Reply::json(json!({
            "error": self.error, "error_description": self.description,
        }));
        let reply = reply.header("cache-control", "no-store");
        match self.error {
            "invalid_client" => {
                reply.with_status(401).header("www-authenticate", "Basic realm=\"id\"")
            }
            "server_error" => reply.with_status(500),
            _ => reply.with_status(400),
        }
    }
}
