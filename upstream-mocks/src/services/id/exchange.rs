use serde_json::{Value, json};

use super::Provider;
use super::params::Params;
use super::refusal::Refusal;

const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

/// A user's access token for one with another audience, in which `act` says who asked
/// (RFC 8693 §2). It lives no longer than what it was made of.
pub(super) fn exchange(
    provider: &Provider,
    params: &Params,
    client: &str,
) -> Result<Value, Refusal> {
    let (token, kind) = (params.need("subject_token")?, params.need("subject_token_type")?);
    let wanted = params.get("requested_token_type").unwrap_or(ACCESS_TOKEN);
    if ![ACCESS_TOKEN, JWT].contains(&kind) || ![ACCESS_TOKEN, JWT].contains(&wanted) {
        return Err(Refusal::invalid_request("access tokens for access tokens, no other types"));
    }
    if params.get("actor_token").is_some() {
        return Err(Refusal::invalid_request("the actor is the client"));
    }
    let subject = provider
        .known_access(token)
        .ok_or_else(|| Refusal::invalid_request("the subject token is not good"))?;
    let audiences = params.audiences();
    if audiences.is_empty() {
        return Err(Refusal::invalid_request("`audience` or `resource` is missing"));
    }
    let scope = scope(&subject, params)?;
    let rest = subject["exp"].as_i64().unwrap_or(0) - provider.clock.now();
    let ttl = rest.min(provider.settings.access_ttl);
    let mut act = json!({"sub": client});
    if subject["act"].is_object() {
        act["act"] = subject["act"].clone();
    }
    let claims = json!({
        "sub": subject["sub"], "aud": provider.audience(&audiences), "client_id": client,
        "scope": scope, "roles": subject["roles"], "act": act,
    });
    Ok(json!({
        "access_token": provider.access_token(claims, ttl)?, "issued_token_type": wanted,
        "token_type": "Bearer", "expires_in": ttl, "scope": scope,
    }))
}

fn scope(subject: &Value, params: &Params) -> Result<String, Refusal> {
    let has = subject["scope"].as_str().unwrap_or_default();
    let wanted = params.get("scope").unwrap_or(has);
    match wanted.split(' ').all(|one| one.is_empty() || has.split(' ').any(|known| known == one)) {
        true => Ok(wanted.to_owned()),
        false => Err(Refusal::new("invalid_scope", "more than the subject token has")),
    }
}
