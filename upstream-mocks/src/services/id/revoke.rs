use super::params::Params;
use super::refusal::Refusal;
use super::{Provider, client};
use crate::wire::{Recorded, Reply};

/// `POST /revoke` (RFC 7009): 200 also for what is unknown.
pub(super) fn answer(provider: &Provider, request: &Recorded) -> Reply {
    match revoke(provider, request) {
        Ok(()) => Reply::status(200).header("cache-control", "no-store"),
        Err(refusal) => refusal.reply(),
    }
}

fn revoke(provider: &Provider, request: &Recorded) -> Result<(), Refusal> {
    let params = Params::of(request)?;
    let client = client::authenticated(provider, request, &params)?;
    let token = params.need("token")?;
    if provider.state().revoke_refresh(token, &client) {
        return Ok(());
    }
    let claims = provider.known_access(token).filter(|claims| claims["client_id"] == client);
    if let Some(jti) = claims.as_ref().and_then(|claims| claims["jti"].as_str()) {
        provider.state().revoked.insert(jti.to_owned());
    }
    Ok(())
}
