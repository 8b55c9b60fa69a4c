use serde_json::Value;

use super::params::Params;
use super::{Provider, pages, session};
use crate::wire::{Recorded, Reply};

/// `/logout` (`OpenID` Connect RP-Initiated Logout 1.0). A good hint proves that the client asks;
/// without it the user is.
pub(super) fn answer(provider: &Provider, request: &Recorded) -> Reply {
    let params = match Params::of(request) {
        Ok(params) => params,
        Err(refusal) => return pages::mistake(&refusal.description),
    };
    let written = params.get("post_logout_redirect_uri");
    let target = written.and_then(|uri| provider.may_lead_to(uri));
    if written.is_some() && target.is_none() {
        return pages::mistake("A logout may not lead there.");
    }
    let current = session::of(provider, request).map(|(_, session)| session);
    let hint = params.get("id_token_hint").and_then(|token| good_hint(provider, &params, token));
    let confirmed = request.method == "POST" && params.get("confirmed").is_some();
    let sid = match (&hint, &current) {
        (Some(hint), _) => hint["sid"].as_str(),
        (None, Some(current)) if confirmed => Some(current.sid.as_str()),
        (None, Some(current)) => return pages::leave(&params, &current.sub),
        (None, None) => None,
    };
    let ended = provider.state().end_sessions(|known| Some(known.sid.as_str()) == sid);
    for delivery in provider.logout_tokens(&ended) {
        delivery.send_beside();
    }
    let reply = match target {
        Some(mut target) => {
            if let Some(state) = params.get("state") {
                target.query_pairs_mut().append_pair("state", state);
            }
            Reply::redirect(target.as_str()).header("cache-control", "no-store")
        }
        None => pages::left(),
    };
    match current {
        Some(current) if Some(current.sid.as_str()) != sid => reply,
        _ => session::forget(reply),
    }
}

/// The claims of an ID token of ours, which may have expired, for the client that asks.
fn good_hint(provider: &Provider, params: &Params, token: &str) -> Option<Value> {
    let claims = provider.key.claims("JWT", token)?;
    let client = params.get("client_id");
    client.is_none_or(|client| claims["aud"] == client).then_some(claims)
}
