//! `GET /auth/session`: who is logged in, and for how long yet.

use std::time::Duration;

use super::place::Place;
use super::reply;
use crate::fault::Fault;
use crate::pipeline::browser;
use crate::pipeline::notes::Notes;
use crate::pipeline::request::Request;
use crate::pipeline::respond::{Reply, vary};
use crate::pipeline::session::{Held, held};
use crate::session::Live;
use crate::value::{DuplicateKeys, Limits, Members, Value, parse};

/// `{"data": {authenticated, user: {sub, …}, session: {expires_in, absolute_expires_in}, logout_url}}`; without a session
/// `authenticated` alone. Does not count as a use of the session.
///
/// # Errors
/// 403 for a page of another site; 400 for two credentials; 503 where the store is away.
pub(super) async fn answer(
    place: &Place<'_>,
    request: &Request,
    notes: &mut Notes,
) -> Result<Reply, Fault> {
    let head = &*request.head;
    browser::is_ours(false, place.frontend, place.gateway.plan.cors.as_deref(), head)?;
    let members = match held(place.gateway, place.frontend, head, notes).await? {
        Held::Live(live) => about(place, &live)?,
        Held::Nothing | Held::Dead(_) => vec![("authenticated", Value::Bool(false))],
    };
    let mut reply = reply::data(request, object(members));
    vary(&mut reply.headers, http::HeaderValue::from_static("Cookie"));
    Ok(reply)
}

fn about(place: &Place<'_>, live: &Live) -> Result<Vec<(&'static str, Value)>, Fault> {
    let now = place.gateway.clock.now();
    let left = |until: Duration| {
        let seconds = until.saturating_sub(now).as_secs();
        Value::from(i64::try_from(seconds).unwrap_or(i64::MAX))
    };
    let session = object(vec![
        ("expires_in", left(live.idle_until.min(live.absolute_until))),
        ("absolute_expires_in", left(live.absolute_until)),
    ]);
    Ok(vec![
        ("authenticated", Value::Bool(true)),
        ("user", user(place, live)?),
        ("session", session),
        ("logout_url", Value::from(format!("{}/logout", place.login.path).as_str())),
    ])
}

/// `sub`, and the claims that the config shows.
fn user(place: &Place<'_>, live: &Live) -> Result<Value, Fault> {
    let limits = Limits { max_depth: 64, duplicate_keys: DuplicateKeys::Refuse };
    let claims = parse(live.identity.claims.as_bytes(), &limits)
        .map_err(|error| Fault::internal(format!("claims: {}", error.reason)))?;
    let mut members = Members::default();
    members.insert("sub".into(), Value::from(&*live.identity.subject));
    for name in place.login.show.iter().filter(|name| *name != "sub") {
        if let Some(claim) = claims.as_object().and_then(|claims| claims.get(name.as_str())) {
            members.insert(name.as_str().into(), claim.clone());
        }
    }
    Ok(Value::object(members))
}

fn object(members: Vec<(&'static str, Value)>) -> Value {
    Value::object(members.into_iter().map(|(name, value)| (name.into(), value)).collect())
}
