use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;

use super::Provider;
use super::params::Params;
use super::refusal::Refusal;
use crate::wire::Recorded;

/// The client that shows its secret, by Basic or in the form, and not by both (RFC 6749 §2.3).
pub(super) fn authenticated(
    provider: &Provider,
    request: &Recorded,
    params: &Params,
) -> Result<String, Refusal> {
    let (id, secret) = match (basic(request)?, params.get("client_secret")) {
        (Some(_), Some(_)) => {
            return Err(Refusal::invalid_request("a secret in the header and in the form"));
        }
        (Some((id, _)), None) if params.get("client_id").is_some_and(|other| other != id) => {
            return Err(Refusal::invalid_request("two clients at once"));
        }
        (Some(shown), None) => shown,
        (None, secret) => (
            params.get("client_id").unwrap_or_default().to_owned(),
            secret.unwrap_or_default().to_owned(),
        ),
    };
    match provider.settings.clients.get(&id) {
        Some(known) if *known == secret => Ok(id),
        _ => Err(Refusal::new("invalid_client", "unknown client, or not its secret")),
    }
}

/// Id and secret are form-encoded within (RFC 6749 §2.3.1).
fn basic(request: &Recorded) -> Result<Option<(String, String)>, Refusal> {
    let Some(header) = request.header("authorization") else {
        return Ok(None);
    };
    let read = || {
        let (scheme, shown) = header.split_once(' ')?;
        let shown = scheme.eq_ignore_ascii_case("basic").then(|| STANDARD.decode(shown.trim()))?;
        let shown = String::from_utf8(shown.ok()?).ok()?;
        let (id, secret) = shown.split_once(':')?;
        Some((form_decode(id), form_decode(secret)))
    };
    read().map(Some).ok_or_else(|| Refusal::new("invalid_client", "this is no Basic"))
}

fn form_decode(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}
