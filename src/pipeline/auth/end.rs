//! How sessions begin and end, in the log and at the provider.

use std::rc::Rc;
use std::sync::Arc;

use tokio::task::spawn_local;

use super::place::Place;
use crate::fault::Fault;
use crate::identity::Token;
use crate::login::Problem;
use crate::pipeline::request::Request;
use crate::session::{Entry, Live, Record};

/// Says that a session has begun.
pub(super) fn begun(place: &Place<'_>, live: &Live) {
    let (frontend, login) = (place.frontend.name.as_str(), place.login.name.as_str());
    tracing::info!(frontend, login, session = short(live.key.entry()), "a session has begun");
}

/// Ends a session, and has its tokens count no more.
///
/// # Errors
/// 503 where the store is away: it has not ended.
pub(super) async fn session(
    place: &Place<'_>,
    request: &Request,
    live: &Arc<Live>,
    why: &'static str,
) -> Result<(), Fault> {
    let record = closed(place, live, why).await?;
    revoke(place, request, record);
    Ok(())
}

/// Ends a session, and gives what it has held last.
///
/// # Errors
/// 503 where the store is away: it has not ended.
pub(super) async fn closed(
    place: &Place<'_>,
    live: &Arc<Live>,
    why: &'static str,
) -> Result<Record, Fault> {
    let record = place.gateway.sessions()?.close(live).await?;
    ended(place, live.key.entry(), why);
    Ok(record)
}

/// Ends a session of which no more is known.
///
/// # Errors
/// 503 where the store is away: it has not ended.
pub(super) async fn entry(place: &Place<'_>, entry: Entry, why: &'static str) -> Result<(), Fault> {
    if place.gateway.sessions()?.end(entry).await? {
        ended(place, entry, why);
    }
    Ok(())
}

fn ended(place: &Place<'_>, entry: Entry, why: &'static str) {
    let (frontend, login) = (place.frontend.name.as_str(), place.login.name.as_str());
    tracing::info!(frontend, login, session = short(entry), why, "a session has ended");
}

/// Has the tokens of a session that has ended, or could not begin, count no more. The reply does not wait for it; a stop of the gateway does.
pub(super) fn revoke(place: &Place<'_>, request: &Request, record: Record) {
    let (gateway, login) = (Rc::clone(place.gateway), place.door.login);
    let ongoing = Rc::clone(&request.ongoing);
    spawn_local(async move {
        let _ongoing = ongoing;
        let Some(provider) = gateway.providers.get(login) else { return };
        let refresh = record.refresh_token.map(|token| (token, true));
        for (token, is_refresh) in refresh.into_iter().chain([(record.access_token, false)]) {
            match provider.revoke(&Token::new(token), is_refresh).await {
                Ok(()) => {}
                // RFC 7009 §2.2.1: one that its provider keeps nothing of, such as a JWT, ends by itself.
                Err(Problem::Refused(code)) if !is_refresh && code == "unsupported_token_type" => {}
                Err(problem) => {
                    let login = &*record.login;
                    tracing::warn!(login, %problem, "a token that nobody will use is not revoked");
                }
            }
        }
    });
}

/// A session as the log names it: as operators see it, cut. It opens nothing.
fn short(entry: Entry) -> String {
    let mut hex = entry.hex();
    hex.truncate(16);
    hex
}
