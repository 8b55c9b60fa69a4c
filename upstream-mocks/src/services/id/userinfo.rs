use serde_json::json;

use super::{Provider, people};
use crate::wire::{Recorded, Reply};

/// `/userinfo` (`OpenID` Connect Core 1.0 §5.3).
pub(super) fn answer(provider: &Provider, request: &Recorded) -> Reply {
    let token = request.header("authorization").and_then(|header| header.split_once(' '));
    let token = token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let claims = token.and_then(|(_, token)| provider.known_access(token));
    let person = claims.and_then(|claims| people::find(claims["sub"].as_str()?));
    match person {
        Some(person) => Reply::json(person.claims()).header("cache-control", "no-store"),
        None => Reply::json(json!({"error": "invalid_token"}))
            .with_status(401)
            .header("www-authenticate", "Bearer error=\"invalid_token\""),
    }
}
