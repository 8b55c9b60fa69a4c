//! Whether a session's roles let it.

use super::Known;
use crate::fault::{Code, Fault};
use crate::plan::Endpoint;
use crate::value::Value;

/// Asks for the roles and scopes of the endpoint.
///
/// # Errors
/// 403, or 404 where the endpoint hides that it exists.
pub(in crate::pipeline) fn roles(
    endpoint: &Endpoint,
    session: Option<&Known>,
) -> Result<(), Fault> {
    let Some(Known { value, .. }) = session else {
        let open = endpoint.roles.is_empty() && endpoint.scopes.is_empty();
        return if open { Ok(()) } else { Err(denied(endpoint, "no session")) };
    };
    let has = |list: &str, wanted: &String| {
        let texts = value.get(list).and_then(Value::as_array).unwrap_or_default();
        texts.iter().any(|text| text.as_str() == Some(wanted.as_str()))
    };
    if !endpoint.roles.iter().all(|any| any.iter().any(|role| has("roles", role))) {
        return Err(denied(endpoint, "no role that is asked for"));
    }
    if !endpoint.scopes.iter().all(|scope| has("scopes", scope)) {
        return Err(denied(endpoint, "a scope is missing"));
    }
    Ok(())
}

/// What a client sees that may not do this.
pub(in crate::pipeline) fn denied(endpoint: &Endpoint, cause: &'static str) -> Fault {
    let code = if endpoint.deny_status == 404 { Code::NotFound } else { Code::Forbidden };
    Fault::new(code).cause(cause)
}
