use serde_json::{Value, json};

use super::params::Params;
use super::refusal::Refusal;
use super::state::{Code, Grant};
use super::tokens::{challenge, random};
use super::{Provider, client, discovery, exchange};
use crate::wire::{Recorded, Reply};

/// `POST /token` (RFC 6749 §3.2).
pub(super) fn answer(provider: &Provider, request: &Recorded) -> Reply {
    match grant(provider, request) {
        Ok(tokens) => Reply::json(tokens).header("cache-control", "no-store"),
        Err(refusal) => refusal.reply(),
    }
}

fn grant(provider: &Provider, request: &Recorded) -> Result<Value, Refusal> {
    let params = Params::of(request)?;
    let client = client::authenticated(provider, request, &params)?;
    let kind = params.need("grant_type")?;
    *provider.state().asked.entry(kind.to_owned()).or_default() += 1;
    match kind {
        discovery::CODE => by_code(provider, &params, &client),
        discovery::REFRESH => by_refresh(provider, &params, &client),
        discovery::CLIENT => by_client(provider, &params, &client),
        discovery::EXCHANGE => exchange::exchange(provider, &params, &client),
        _ => Err(Refusal::new("unsupported_grant_type", "not this one")),
    }
}

fn by_code(provider: &Provider, params: &Params, client: &str) -> Result<Value, Refusal> {
    let (granted, code) = provider.state().redeem(params.need("code")?, provider.clock.now())?;
    // By now it is spent: after a try with wrong values, the right ones come too late, since
    // whoever has the code is not alone.
    is_bound(&code, params, client)?;
    let grant = narrowed(code.grant, params)?;
    let refresh = match grant.scope.iter().any(|scope| scope == "offline_access") {
        true => Some(random()?),
        false => None,
    };
    let tokens = tokens(provider, &grant, refresh.as_deref())?;
    let mut state = provider.state();
    if let Some(token) = refresh {
        state.keep_refresh(token, granted);
    }
    let sessions = state.sessions.values_mut();
    sessions.filter(|session| session.sid == grant.sid).for_each(|session| {
        session.clients.insert(client.to_owned());
    });
    Ok(tokens)
}

/// To its client, to where it was sent, and to whoever knows the verifier.
fn is_bound(code: &Code, params: &Params, client: &str) -> Result<(), Refusal> {
    if code.grant.client != client {
        return Err(Refusal::invalid_grant("the code of another client"));
    }
    if params.need("redirect_uri")? != code.redirect_uri {
        return Err(Refusal::invalid_grant("not the `redirect_uri` of the login"));
    }
    if challenge(params.need("code_verifier")?) != code.challenge {
        return Err(Refusal::invalid_grant("not the verifier of the `code_challenge`"));
    }
    Ok(())
}

fn by_refresh(provider: &Provider, params: &Params, client: &str) -> Result<Value, Refusal> {
    let token = params.need("refresh_token")?;
    let next = random()?;
    // In one go, so that of two requests with the same token one is the second.
    let grant = {
        let mut state = provider.state();
        let grant = narrowed(state.refreshed(token, client)?, params)?;
        state.rotate(token, next.clone());
        grant
    };
    tokens(provider, &Grant { nonce: None, ..grant }, Some(&next))
}

/// The gateway's own token: nobody's roles, itself as the subject.
fn by_client(provider: &Provider, params: &Params, client: &str) -> Result<Value, Refusal> {
    let ttl = provider.settings.access_ttl;
    let scope = params.get("scope").unwrap_or_default();
    let claims = json!({
        "sub": client, "client_id": client, "scope": scope,
        "aud": provider.audience(&params.audiences()),
    });
    let token = provider.access_token(claims, ttl)?;
    Ok(json!({
        "access_token": token, "token_type": "Bearer", "expires_in": ttl, "scope": scope,
    }))
}

/// A token request may ask for less than was granted (RFC 6749 §6, RFC 8707 §2.2).
fn narrowed(mut grant: Grant, params: &Params) -> Result<Grant, Refusal> {
    if let Some(scope) = params.get("scope") {
        let wanted: Vec<_> = scope.split(' ').map(str::to_owned).collect();
        if wanted.iter().any(|scope| !grant.scope.contains(scope)) {
            return Err(Refusal::new("invalid_scope", "more than was granted"));
        }
        grant.scope = wanted;
    }
    let wanted = params.audiences();
    let granted = grant.audiences.is_empty() || wanted.iter().all(|x| grant.audiences.contains(x));
    if !granted {
        return Err(Refusal::new("invalid_target", "more than was granted"));
    }
    if !wanted.is_empty() {
        grant.audiences = wanted;
    }
    Ok(grant)
}

fn tokens(provider: &Provider, grant: &Grant, refresh: Option<&str>) -> Result<Value, Refusal> {
    let ttl = provider.settings.access_ttl;
    let access = provider.access_token(provider.access_claims(grant), ttl)?;
    let mut tokens = json!({
        "token_type": "Bearer", "expires_in": ttl, "scope": grant.scope.join(" "),
    });
    if grant.scope.iter().any(|scope| scope == "openid") {
        tokens["id_token"] = provider.id_token(grant, &access)?.into();
    }
    if let Some(refresh) = refresh {
        tokens["refresh_token"] = refresh.into();
    }
    tokens["access_token"] = access.into();
    Ok(tokens)
}
