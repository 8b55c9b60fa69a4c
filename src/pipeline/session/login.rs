//! The session of a login, by its cookie.

use std::sync::Arc;

use super::forget_token;
use crate::cookie::cookies;
use crate::fault::{Code, Fault};
use crate::pipeline::gateway::Gateway;
use crate::pipeline::notes::Notes;
use crate::pipeline::request::Head;
use crate::plan::{Door, Frontend};
use crate::session::{Found, Key, Live};
use crate::token::Credentials;

/// What the cookie of a login has come to.
pub(in crate::pipeline) enum Held {
    /// There is none.
    Nothing,
    /// A session.
    Live(Arc<Live>),
    /// None any more, or never: the 401 for where one is needed. The reply deletes the cookie.
    Dead(Fault),
}

/// Looks for the session that a frontend's cookie leads to.
///
/// # Errors
/// 400 for two cookies, or another credential beside it; 503 where the store is away.
pub(in crate::pipeline) async fn held(
    gateway: &Gateway,
    frontend: &Frontend,
    head: &dyn Head,
    notes: &mut Notes,
) -> Result<Held, Fault> {
    let Some(door) = &frontend.login else { return Ok(Held::Nothing) };
    let cookie = head.header("cookie");
    let Some(value) = the_one(door, &cookie, notes)? else { return Ok(Held::Nothing) };
    let authorization = head.header("authorization");
    let credentials = Credentials { authorization: &authorization, cookie: &cookie };
    gateway.verifier.stands_aside(&credentials).map_err(|rejection| {
        forget_token(&rejection, notes);
        Fault::from(rejection)
    })?;
    let held = session(gateway, frontend, door, value).await?;
    if matches!(held, Held::Dead(_)) {
        notes.stale_cookies.extend(door.cookie.delete());
    }
    Ok(held)
}

/// A session that has ended while a request was served takes its cookie with it.
pub(in crate::pipeline) fn forget(fault: &Fault, frontend: &Frontend, notes: &mut Notes) {
    if fault.parts().code != Code::SessionExpired {
        return;
    }
    let deletion = frontend.login.as_ref().and_then(|door| door.cookie.delete());
    if let Some(deletion) = deletion.filter(|one| !notes.stale_cookies.contains(one)) {
        notes.stale_cookies.push(deletion);
    }
}

/// The value of the one cookie of this name. With two it is not clear who is meant: somebody may have put one there.
fn the_one<'a>(
    door: &Door,
    cookie: &'a [&'a [u8]],
    notes: &mut Notes,
) -> Result<Option<&'a [u8]>, Fault> {
    let mut ours = cookies(cookie).filter(|(name, _)| *name == door.cookie.name.as_bytes());
    let one = ours.next().map(|(_, value)| value);
    if ours.next().is_some() {
        notes.stale_cookies.extend(door.cookie.delete());
        return Err(Fault::new(Code::BadRequest).message("There is more than one session cookie."));
    }
    Ok(one)
}

async fn session(
    gateway: &Gateway,
    frontend: &Frontend,
    door: &Door,
    value: &[u8],
) -> Result<Held, Fault> {
    // What cannot be ours does not get as far as the store.
    let Some(key) = Key::parse(value) else { return Ok(forged()) };
    let name = Arc::from(frontend.name.as_str());
    Ok(match gateway.sessions()?.find(&key, &name).await? {
        // The config has another login now.
        Found::Live(live) if !is_of(gateway, door, &live) => ended(),
        Found::Live(live) => Held::Live(live),
        Found::Ended => ended(),
        Found::Forged => {
            // The id is right, so that nobody makes this up: more likely a key of ours is not there.
            tracing::warn!(
                frontend = frontend.name.as_str(),
                "the record of a session does not open: its key is not among [session] keys, or the cookie is not whole"
            );
            forged()
        }
    })
}

fn is_of(gateway: &Gateway, door: &Door, live: &Live) -> bool {
    gateway.plan.logins.get(door.login).is_some_and(|login| login.name == live.record.login)
}

fn ended() -> Held {
    Held::Dead(Fault::new(Code::SessionExpired).cause("the session of the cookie has ended"))
}

fn forged() -> Held {
    Held::Dead(Fault::new(Code::Unauthorized).cause("the session cookie is not one of ours"))
}
