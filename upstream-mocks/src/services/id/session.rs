use std::collections::BTreeSet;

use super::Provider;
use super::refusal::Refusal;
use super::state::Session;
use super::tokens::random;
use crate::wire::{Recorded, Reply};

/// Cookies do not know ports: a name that a gateway at the same host does not have.
const COOKIE: &str = "id_session";

/// The session of this browser, and the value of its cookie.
pub(super) fn of(provider: &Provider, request: &Recorded) -> Option<(String, Session)> {
    let state = provider.state();
    let cookies = request.header_values("cookie");
    let pairs = cookies.iter().flat_map(|line| line.split(';'));
    let mut ours = pairs.filter_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='));
    ours.find_map(|value| Some((value.to_owned(), state.sessions.get(value)?.clone())))
}

/// A new session. The old one of this browser is over, without a word to anybody: its clients'
/// sessions are theirs.
pub(super) fn start(
    provider: &Provider,
    sub: &str,
    old: Option<&(String, Session)>,
) -> Result<(String, Session), Refusal> {
    let (cookie, sid) = (random()?, random()?);
    let auth_time = provider.clock.now();
    let session = Session { sid, sub: sub.to_owned(), auth_time, clients: BTreeSet::new() };
    let mut state = provider.state();
    if let Some((cookie, _)) = old {
        state.sessions.remove(cookie);
    }
    state.sessions.insert(cookie.clone(), session.clone());
    Ok((cookie, session))
}

pub(super) fn remember(reply: Reply, cookie: &str) -> Reply {
    reply.header("set-cookie", &format!("{COOKIE}={cookie}; Path=/; HttpOnly; SameSite=Lax"))
}

pub(super) fn forget(reply: Reply) -> Reply {
    let gone = format!("{COOKIE}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
    reply.header("set-cookie", &gone)
}
