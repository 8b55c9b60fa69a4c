use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::refusal::Refusal;

/// All that the provider remembers, until it stops.
#[derive(Default)]
pub(super) struct State {
    /// By the value of their cookie.
    pub(super) sessions: HashMap<String, Session>,
    /// Requests by grant type.
    pub(super) asked: BTreeMap<String, usize>,
    /// Refresh tokens that came again.
    pub(super) reused: usize,
    /// The `jti` of access tokens that were taken back.
    pub(super) revoked: HashSet<String>,
    codes: HashMap<String, Code>,
    grants: Vec<Grant>,
    refresh: HashMap<String, Refresh>,
}

/// A browser in which somebody is logged in.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) sid: String,
    pub(super) sub: String,
    pub(super) auth_time: i64,
    /// Those that have tokens of it, and hear of its end.
    pub(super) clients: BTreeSet<String>,
}

/// What somebody has let a client do.
#[derive(Clone, Debug)]
pub(super) struct Grant {
    pub(super) client: String,
    pub(super) sub: String,
    pub(super) sid: String,
    pub(super) auth_time: i64,
    pub(super) scope: Vec<String>,
    pub(super) audiences: Vec<String>,
    pub(super) nonce: Option<String>,
    pub(super) revoked: bool,
}

/// What a code stands for.
#[derive(Clone, Debug)]
pub(super) struct Code {
    pub(super) grant: Grant,
    pub(super) redirect_uri: String,
    pub(super) challenge: String,
    pub(super) expires: i64,
    pub(super) redeemed: Option<usize>,
}

/// The number of a grant.
pub(super) type Granted = usize;

struct Refresh {
    grant: Granted,
    spent: bool,
}

impl State {
    pub(super) fn keep_code(&mut self, code: String, entry: Code, now: i64) {
        // One that comes again long after its end is as unknown as any other.
        self.codes.retain(|_, known| known.expires + 600 > now);
        self.codes.insert(code, entry);
    }

    /// What this code stands for, once. RFC 6749 §4.1.2: with a second try all that came of the
    /// first one is revoked.
    pub(super) fn redeem(&mut self, code: &str, now: i64) -> Result<(Granted, Code), Refusal> {
        let unknown = || Refusal::invalid_grant("this code is unknown, used or expired");
        let entry = self.codes.get_mut(code).ok_or_else(unknown)?;
        if let Some(grant) = entry.redeemed {
            self.grants[grant].revoked = true;
            return Err(unknown());
        }
        let granted = self.grants.len();
        entry.redeemed = Some(granted);
        self.grants.push(entry.grant.clone());
        if entry.expires <= now { Err(unknown()) } else { Ok((granted, entry.clone())) }
    }

    pub(super) fn keep_refresh(&mut self, token: String, grant: Granted) {
        self.refresh.insert(token, Refresh { grant, spent: false });
    }

    /// What this refresh token stands for. One that was used before revokes its grant, since
    /// either the client or a thief holds a newer one (RFC 9700 §4.14.2).
    pub(super) fn refreshed(&mut self, token: &str, client: &str) -> Result<Grant, Refusal> {
        let unknown = || Refusal::invalid_grant("this refresh token is unknown or revoked");
        let known = self.refresh.get(token).ok_or_else(unknown)?;
        let grant = &mut self.grants[known.grant];
        if grant.client != client {
            return Err(unknown());
        }
        if known.spent {
            self.reused += 1;
            grant.revoked = true;
            return Err(Refusal::invalid_grant("this refresh token was used before"));
        }
        if grant.revoked { Err(unknown()) } else { Ok(grant.clone()) }
    }

    /// From now on `next` stands in its place.
    pub(super) fn rotate(&mut self, token: &str, next: String) {
        if let Some(known) = self.refresh.get_mut(token) {
            known.spent = true;
            let grant = known.grant;
            self.keep_refresh(next, grant);
        }
    }

    /// RFC 7009 §2.1: a refresh token takes its whole grant along. False where it is none of
    /// this client's.
    pub(super) fn revoke_refresh(&mut self, token: &str, client: &str) -> bool {
        let grant = self.refresh.get(token).map(|known| &mut self.grants[known.grant]);
        match grant.filter(|grant| grant.client == client) {
            Some(grant) => {
                grant.revoked = true;
                true
            }
            None => false,
        }
    }

    pub(super) fn revoke(&mut self, whose: impl Fn(&Grant) -> bool) {
        self.grants.iter_mut().filter(|grant| whose(grant)).for_each(|grant| grant.revoked = true);
    }

    /// Ends these; they are returned so that their clients can be told.
    pub(super) fn end_sessions(&mut self, which: impl Fn(&Session) -> bool) -> Vec<Session> {
        let ended = self.sessions.extract_if(|_, session| which(session));
        ended.map(|(_, session)| session).collect()
    }
}
