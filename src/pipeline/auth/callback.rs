//! `GET /auth/callback`: where the provider sends the browser back to.

use std::sync::Arc;

use http::header::SET_COOKIE;

use super::attempt::{self, Begun};
use super::login::{self, only_in_a_tab, problem};
use super::params::Params;
use super::place::Place;
use super::{end, once_more, reply};
use crate::cookie::SameSite;
use crate::fault::{Code, Fault};
use crate::login::{Callback, Granted, Problem};
use crate::pipeline::notes::Notes;
use crate::pipeline::request::Request;
use crate::pipeline::respond::Reply;
use crate::pipeline::session::{Held, held};
use crate::session::{Entry, Live, Record};

/// Finishes an attempt of this browser: a new session, and on to where the user wanted to go.
///
/// # Errors
/// 400 where no attempt of this browser is to be finished, or what the provider says is not to be believed; 403 where the
/// user has said no; 502 and 503 where the provider or the store cannot.
pub(super) async fn answer(
    place: &Place<'_>,
    request: &Request,
    notes: &mut Notes,
) -> Result<Reply, Fault> {
    let head = &*request.head;
    only_in_a_tab(head)?;
    let params = Params::of_query(head.query())?;
    if let Some(page) = once_more::page(place, request, &params, notes)? {
        return Ok(page);
    }
    let old = held(place.gateway, place.frontend, head, notes).await?;
    let state = params.get("state")?;
    let begun = state.and_then(|state| attempt::take(place, head, state, notes));
    let Some(begun) = begun else { return nothing_to_finish(request, &old) };
    if let Some(error) = params.get("error")? {
        return Err(refused(error));
    }
    let Some(granted) = redeem(place, &begun, &params, notes).await? else {
        return nothing_to_finish(request, &old);
    };
    let record = record(place, granted)?;
    let live = match begin(place, old, &begun, &record).await {
        Ok((live, unused)) => {
            unused.into_iter().for_each(|record| end::revoke(place, request, record));
            live
        }
        // Nobody will use what was granted.
        Err(fault) => {
            end::revoke(place, request, record);
            return Err(fault);
        }
    };
    let cookie = place.door.cookie.set(&live.key.reveal(), None);
    let cookie = cookie.ok_or_else(|| Fault::internal("no cookie"))?;
    // A cookie that is set must not be deleted behind that.
    notes.stale_cookies.retain(|stale| Some(stale) != place.door.cookie.delete().as_ref());
    let mut reply = match place.door.cookie.same_site {
        SameSite::Lax => reply::see_other(request, &begun.return_to)?,
        SameSite::Strict => reply::going_on(request, 200, "Signed in", &begun.return_to),
    };
    reply.headers.push((SET_COOKIE, cookie));
    Ok(reply)
}

/// A callback that was finished before, as by the button that goes back, or of an attempt that is not known any more.
fn nothing_to_finish(request: &Request, old: &Held) -> Result<Reply, Fault> {
    match old {
        Held::Live(_) => reply::see_other(request, "/"),
        _ => Err(Fault::new(Code::BadRequest)
            .message(
                "This sign-in was finished before, or began too long ago. Please sign in again.",
            )
            .cause("no attempt of this browser has this state")),
    }
}

/// Nothing where that was done before.
async fn redeem(
    place: &Place<'_>,
    begun: &Begun,
    params: &Params,
    notes: &mut Notes,
) -> Result<Option<Granted>, Fault> {
    let said = begun.said.as_ref();
    let said = said.map(|said| Callback { code: &said.code, issuer: said.issuer.as_deref() });
    let callback = match params.get("code")? {
        Some(code) => Some(Callback { code, issuer: params.get("iss")? }),
        None => said,
    };
    let callback = callback.ok_or_else(|| bad().cause("a callback without a code"))?;
    let uri = place.redirect_uri()?;
    let _turn = match place.provider.turn(callback).await {
        Ok(turn) => turn,
        Err(problem) => {
            // Nothing was sent.
            if matches!(problem, Problem::Away(_)) {
                attempt::stays(place, begun, notes);
            }
            return Err(not_redeemed(place, problem));
        }
    };
    if !attempt::is_first(place, begun).await? {
        return Ok(None);
    }
    let granted = place.provider.redeem(&uri, &begun.attempt, callback).await;
    granted.map(Some).map_err(|problem| not_redeemed(place, problem))
}

fn not_redeemed(place: &Place<'_>, problem: Problem) -> Fault {
    match problem {
        Problem::Away(_) => login::problem(problem),
        Problem::Refused(ref code) if code != "invalid_grant" => login::problem(problem),
        // The browser has brought what is not good: another one's code, or one that was used.
        other => {
            tracing::warn!(login = %place.login.name, problem = %other, "a sign-in failed");
            bad().cause(other)
        }
    }
}

/// Begins a session in the place of the one that the browser had; gives with it what that one has held, where nobody has a
/// use for it any more.
async fn begin(
    place: &Place<'_>,
    old: Held,
    begun: &Begun,
    record: &Record,
) -> Result<(Arc<Live>, Option<Record>), Fault> {
    // Under another id in any case: whoever knows the old one gets nothing of it.
    let last = replace(place, old, begun).await?;
    let frontend = Arc::from(place.frontend.name.as_str());
    let live = place.gateway.sessions()?.begin(&frontend, record.clone()).await?;
    end::begun(place, &live);
    Ok((live, last.filter(|last| is_another_login(last, record))))
}

/// Ends the session that the browser had, and the one that it had when the attempt began.
async fn replace(place: &Place<'_>, old: Held, begun: &Begun) -> Result<Option<Record>, Fault> {
    let mut before = begun.session.map(Entry);
    let mut last = None;
    if let Held::Live(live) = old {
        before = before.filter(|entry| *entry != live.key.entry());
        last = Some(end::closed(place, &live, "another login").await?);
    }
    if let Some(entry) = before {
        end::entry(place, entry, "another login").await?;
    }
    Ok(last)
}

/// Whether two sessions are of different logins at their providers for certain. Those of one login share a grant at some
/// providers: to revoke a token of the one would end the other.
fn is_another_login(one: &Record, other: &Record) -> bool {
    let other_sid =
        one.sid.as_ref().zip(other.sid.as_ref()).is_some_and(|(one, other)| one != other);
    one.issuer != other.issuer || one.subject != other.subject || other_sid
}

fn record(place: &Place<'_>, granted: Granted) -> Result<Record, Fault> {
    let missing = || problem(Problem::Bad("no ID token".to_owned()));
    let id = granted.id_token.ok_or_else(missing)?;
    Ok(Record {
        login: place.login.name.to_string(),
        issuer: id.issuer.to_string(),
        subject: id.subject.to_string(),
        sid: id.sid.as_deref().map(str::to_owned),
        claims: id.claims.into(),
        id_token: place.login.id_token_hint.then(|| id.token.reveal().to_owned()),
        access_token: granted.access_token.reveal().to_owned(),
        access_expires_at: granted.access_expires_at,
        access_granted_at: place.gateway.clock.now().as_secs(),
        refresh_token: granted.refresh_token.map(|token| token.reveal().to_owned()),
    })
}

/// The provider's own no (RFC 6749 §4.1.2.1). Its texts are not shown: whoever writes the link writes them.
fn refused(error: &str) -> Fault {
    let is_code = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    let known = error.len() <= 64 && error.bytes().all(is_code);
    let code = if known { error } else { "an unknown error" };
    match code {
        "access_denied" => Fault::new(Code::Forbidden)
            .message("The sign-in was cancelled.")
            .cause("the provider says access_denied"),
        "server_error" | "temporarily_unavailable" => problem(Problem::Away(code.to_owned())),
        _ => problem(Problem::Refused(code.to_owned())),
    }
}

fn bad() -> Fault {
    Fault::new(Code::BadRequest).message("The sign-in could not be completed. Please try again.")
}
