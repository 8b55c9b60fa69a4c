//! Attempts to log in: each has a cookie of its own, so that several tabs do not disturb each other.
//!
//! The cookie holds all that is known of an attempt, sealed: only this browser can finish it, and only here.

use std::cmp::Reverse;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::place::Place;
use crate::cookie::{Cookie, cookies};
use crate::fault::Fault;
use crate::idempotency::hash;
use crate::login::Attempt;
use crate::pipeline::notes::Notes;
use crate::pipeline::request::Head;
use crate::session::Hash;

/// What is known of an attempt.
#[derive(Serialize, Deserialize)]
pub(super) struct Begun {
    pub(super) attempt: Attempt,
    /// A path of ours.
    pub(super) return_to: String,
    /// The entry of the session that the browser had then: its cookie does not come along with the callback.
    pub(super) session: Option<Hash>,
    /// In seconds since 1970.
    began: u64,
    /// What the provider has said, where the callback comes once more.
    pub(super) said: Option<Said>,
}

/// What a provider has said in a callback.
#[derive(Serialize, Deserialize)]
pub(super) struct Said {
    pub(super) code: String,
    /// `iss` (RFC 9207)
    pub(super) issuer: Option<String>,
}

/// How long a user may take.
const LIFE: Duration = Duration::from_secs(600);
/// More are not kept at once, nor in more bytes: they come along with every request, and proxies take 8 KiB of cookies.
const MOST: usize = 8;
const MOST_BYTES: usize = 4 * 1024;
const PURPOSE: &str = "attempt";

/// A cookie of an attempt that has come.
struct Held {
    cookie: Cookie,
    bytes: usize,
    begun: Option<Begun>,
}

/// Begins an attempt: its cookie, and deletions of the oldest others where there are too many.
///
/// # Errors
/// 500 where nothing can be sealed.
pub(super) fn begin(
    place: &Place<'_>,
    head: &dyn Head,
    return_to: String,
    session: Option<Hash>,
    notes: &mut Notes,
) -> Result<(Attempt, http::HeaderValue), Fault> {
    let attempt = Attempt::new().map_err(|_| Fault::internal("no randomness"))?;
    let began = place.gateway.clock.now().as_secs();
    let cookie = cookie(place, &attempt.state);
    let begun = Begun { attempt, return_to, session, began, said: None };
    let value = sealed(place, &cookie, &begun)?;
    let set = cookie.set(&value, Some(LIFE)).ok_or_else(|| Fault::internal("no cookie"))?;
    make_room(place, head, &cookie, value.len(), notes);
    Ok((begun.attempt, set))
}

/// Keeps what the provider has said with its attempt, for the rest of its time: its cookie anew. Nothing where that does
/// not fit into one.
///
/// # Errors
/// 500 where nothing can be sealed.
pub(super) fn keep(
    place: &Place<'_>,
    head: &dyn Head,
    begun: Begun,
    said: Said,
    notes: &mut Notes,
) -> Result<Option<http::HeaderValue>, Fault> {
    let cookie = cookie(place, &begun.attempt.state);
    let age = place.gateway.clock.now().as_secs().saturating_sub(begun.began);
    let life = LIFE.saturating_sub(Duration::from_secs(age));
    let value = sealed(place, &cookie, &Begun { said: Some(said), ..begun })?;
    if cookie.name.len() + value.len() > MOST_BYTES {
        return Ok(None);
    }
    make_room(place, head, &cookie, value.len(), notes);
    Ok(cookie.set(&value, Some(life)))
}

fn sealed(place: &Place<'_>, cookie: &Cookie, begun: &Begun) -> Result<String, Fault> {
    let text = serde_json::to_vec(begun).map_err(Fault::internal)?;
    let sealed = place.gateway.plan.keys.seal(PURPOSE, b"", &about(place, &cookie.name), &text);
    let sealed = sealed.map_err(|_| Fault::internal("an attempt to log in cannot be sealed"))?;
    Ok(URL_SAFE_NO_PAD.encode(sealed))
}

/// The attempt of this browser that a state belongs to. Nothing where there is none, or it was begun too long ago.
pub(super) fn find(place: &Place<'_>, head: &dyn Head, state: &str) -> Option<Begun> {
    let wanted = cookie(place, state);
    let now = place.gateway.clock.now().as_secs();
    let held = held(place, head).into_iter().filter(|one| one.cookie.name == wanted.name);
    held.filter_map(|one| one.begun).find(|begun| {
        let (own, came) = (begun.attempt.state.as_bytes(), state.as_bytes());
        let same = aws_lc_rs::constant_time::verify_slices_are_equal(own, came).is_ok();
        same && now.saturating_sub(begun.began) < LIFE.as_secs()
    })
}

/// The attempt of this browser that a state belongs to; its cookie goes. Nothing where there is none, or it was begun too
/// long ago.
pub(super) fn take(
    place: &Place<'_>,
    head: &dyn Head,
    state: &str,
    notes: &mut Notes,
) -> Option<Begun> {
    let wanted = cookie(place, state);
    if !held(place, head).iter().any(|one| one.cookie.name == wanted.name) {
        return None;
    }
    notes.stale_cookies.extend(wanted.delete());
    find(place, head, state)
}

/// The cookie of an attempt stays: it may be finished yet.
pub(super) fn stays(place: &Place<'_>, begun: &Begun, notes: &mut Notes) {
    let deletion = cookie(place, &begun.attempt.state).delete();
    notes.stale_cookies.retain(|stale| Some(stale) != deletion.as_ref());
}

/// Marks an attempt right before its code is redeemed; whether it was not before. That its cookie goes and that the
/// provider takes a code once guard it too, so that marks, which anybody can cause, may be forgotten.
///
/// # Errors
/// 503 where the store is away.
pub(super) async fn is_first(place: &Place<'_>, begun: &Begun) -> Result<bool, Fault> {
    let parts: [&[u8]; 2] = [b"attempt", begun.attempt.state.as_bytes()];
    place.gateway.sessions()?.once_lately(&parts, LIFE).await
}

/// Has the browser forget all attempts.
pub(super) fn forget(place: &Place<'_>, head: &dyn Head, notes: &mut Notes) {
    notes.stale_cookies.extend(held(place, head).iter().filter_map(|one| one.cookie.delete()));
}

/// Deletes the oldest attempts where there are too many beside this one.
fn make_room(
    place: &Place<'_>,
    head: &dyn Head,
    own: &Cookie,
    value_bytes: usize,
    notes: &mut Notes,
) {
    let mut held = held(place, head);
    held.retain(|one| one.cookie.name != own.name);
    // The youngest first; what does not open is older than all.
    held.sort_by_key(|one| Reverse(one.begun.as_ref().map(|begun| begun.began)));
    let (mut count, mut bytes) = (1, own.name.len() + value_bytes);
    for one in held {
        count += 1;
        bytes += one.bytes;
        if count > MOST || bytes > MOST_BYTES {
            notes.stale_cookies.extend(one.cookie.delete());
        }
    }
}

/// The cookies of attempts that came along.
fn held(place: &Place<'_>, head: &dyn Head) -> Vec<Held> {
    let attempt = &place.door.attempt;
    let header = head.header("cookie");
    let ours = cookies(&header).filter_map(|(name, value)| {
        let name = std::str::from_utf8(name).ok()?;
        let own = name.strip_prefix(&*attempt.name)?;
        if own.len() != OWN || !own.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let cookie = Cookie { name: name.into(), ..attempt.clone() };
        Some(Held { cookie, bytes: name.len() + value.len(), begun: open(place, name, value) })
    });
    ours.collect()
}

fn open(place: &Place<'_>, name: &str, value: &[u8]) -> Option<Begun> {
    let sealed = URL_SAFE_NO_PAD.decode(value).ok()?;
    let text = place.gateway.plan.keys.open(PURPOSE, b"", &about(place, name), &sealed)?;
    serde_json::from_slice(&text).ok()
}

/// The hexadecimal digits of a name that are its attempt's own.
const OWN: usize = 16;

fn cookie(place: &Place<'_>, state: &str) -> Cookie {
    let attempt = &place.door.attempt;
    let hash = hash(&[b"attempt", state.as_bytes()]);
    let own: String = hash[..OWN / 2].iter().map(|byte| format!("{byte:02x}")).collect();
    Cookie { name: format!("{}{own}", attempt.name).into(), ..attempt.clone() }
}

/// An attempt counts at its own frontend, login and name only.
fn about(place: &Place<'_>, name: &str) -> Hash {
    let (frontend, login) = (place.frontend.name.as_bytes(), place.login.name.as_bytes());
    hash(&[b"attempt", frontend, login, name.as_bytes()])
}
