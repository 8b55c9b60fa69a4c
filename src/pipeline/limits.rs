//! How many requests are let in: each policy as soon as what its key reads is there.

use std::cmp::Reverse;
use std::fmt::Write as _;
use std::time::Duration;

use http::{HeaderName, HeaderValue};

use super::asked::Asked;
use super::frame::Frame;
use super::gateway::Gateway;
use super::notes::Notes;
use super::request::Request;
use super::session::Known;
use crate::cookie::cookies;
use crate::fault::{Code, Details, Fault};
use crate::identity::Identity;
use crate::jq::{self, Program, Scope, Slot};
use crate::limit::{self, Key, Limiter, Standing};
use crate::plan::{Endpoint, Frontend, KeyFrom, Login, Place, RateLimit, SessionRule, slot};
use crate::token::Credentials;
use crate::value::{SmolStr, Value};

/// Counts by what the head says: its address, the token that it brings, good or not.
///
/// # Errors
/// 429 `RATE_LIMITED`; 503 where the store is away and nobody is let in then. Where a `key_from` fails the address
/// counts, and then it is 400 for one that reads the client's input, 500 for others.
pub(super) async fn by_address(
    gateway: &Gateway,
    endpoint: &Endpoint,
    request: &Request,
    notes: &mut Notes,
) -> Result<(), Fault> {
    let scope = Early { frontend: &endpoint.frontend, request, session: None };
    let by = By { gateway, rule: endpoint.session, request, identity: None, scope: &scope };
    by.count(&endpoint.rate_limits.by_address, &gateway.plan.limits.program, notes).await
}

/// Counts requests for the paths of a login.
///
/// # Errors
/// As [`by_address`].
pub(super) async fn at_login(
    gateway: &Gateway,
    (frontend, login): (&Frontend, &Login),
    request: &Request,
    notes: &mut Notes,
) -> Result<(), Fault> {
    let scope = Early { frontend: &frontend.name, request, session: None };
    let by = By { gateway, rule: SessionRule::None, request, identity: None, scope: &scope };
    by.count(&login.rate_limits, &gateway.plan.limits.program, notes).await
}

/// Counts by who asks.
///
/// # Errors
/// As [`by_address`].
pub(super) async fn by_session(
    gateway: &Gateway,
    endpoint: &Endpoint,
    request: &Request,
    session: Option<&Known>,
    notes: &mut Notes,
) -> Result<(), Fault> {
    let scope = Early { frontend: &endpoint.frontend, request, session };
    let identity = session.map(|session| &*session.identity);
    let by = By { gateway, rule: endpoint.session, request, identity, scope: &scope };
    by.count(&endpoint.rate_limits.by_session, &gateway.plan.limits.program, notes).await
}

/// Counts by what the input says.
///
/// # Errors
/// As [`by_address`].
pub(super) async fn by_input(
    frame: &Frame,
    request: &Request,
    notes: &mut Notes,
) -> Result<(), Fault> {
    let (gateway, endpoint) = (&*frame.gateway, &*frame.endpoint);
    let identity = frame.identity.as_deref();
    let by = By { gateway, rule: endpoint.session, request, identity, scope: frame };
    by.count(&endpoint.rate_limits.by_input, &frame.limits(), notes).await
}

/// What keys are made of.
struct By<'a> {
    gateway: &'a Gateway,
    rule: SessionRule,
    request: &'a Request,
    identity: Option<&'a Identity>,
    scope: &'a dyn Scope,
}

impl By<'_> {
    async fn count(
        &self,
        limits: &[RateLimit],
        budget: &jq::Limits,
        notes: &mut Notes,
    ) -> Result<(), Fault> {
        if limits.is_empty() {
            return Ok(());
        }
        let mut asked = Vec::with_capacity(limits.len());
        let mut failed = None;
        for limit in limits {
            let key = match self.key(&limit.key, budget).await {
                Ok(key) => key,
                // Whoever sends what makes it fail is counted all the same.
                Err(fault) => {
                    failed = failed.or(Some(fault));
                    self.address()
                }
            };
            asked.push(limit::Asked { policy: limit.policy, key });
        }
        let shared = self.gateway.plan.stores.rate_limits == Place::Redis;
        let redis = self.gateway.redis.as_ref().filter(|_| shared);
        let limiter = &self.gateway.limiter;
        let standings = limiter.count(redis, &asked).await?;
        let refused = too_many(limiter, &standings);
        notes.limits.extend(standings);
        tell(limiter, notes);
        refused.or(failed).map_or(Ok(()), Err)
    }

    async fn key(&self, from: &KeyFrom, budget: &jq::Limits) -> Result<Key, Fault> {
        let known = match from {
            KeyFrom::Address => None,
            KeyFrom::Session => self.identity.map(|who| Key::session(&who.issuer, &who.subject)),
            KeyFrom::Credential => self.credential(),
            KeyFrom::Program(program) => match program.run(self.scope, budget).await {
                Err(error) => return Err(fault(program, error)),
                Ok(Value::Null) => None,
                // A client must not have a new budget for `1.0` in the place of `1`, or for members in another order.
                Ok(value) => Some(Key::value(&value.to_canonical())),
            },
        };
        Ok(known.unwrap_or_else(|| self.address()))
    }

    fn address(&self) -> Key {
        Key::address(self.request.client)
    }

    /// Where nobody looks at tokens, a new one at each request would be a new budget each time.
    fn credential(&self) -> Option<Key> {
        if self.rule == SessionRule::None {
            return None;
        }
        let head = &self.request.head;
        let (authorization, cookie) = (head.header("authorization"), head.header("cookie"));
        let login = self.gateway.plan.frontend(head.host()).and_then(|one| one.login.as_ref());
        let session = login.and_then(|door| {
            cookies(&cookie).find(|(name, _)| *name == door.cookie.name.as_bytes())
        });
        if let Some((_, value)) = session {
            return Some(Key::credential(value));
        }
        let credentials = Credentials { authorization: &authorization, cookie: &cookie };
        self.gateway.verifier.token(&credentials).map(Key::credential)
    }
}

/// A program that reads the client's input fails because of it.
fn fault(program: &Program, error: jq::Error) -> Fault {
    let from_client = program.slots().iter().any(|slot| slot::FROM_CLIENT.contains(slot));
    match error {
        jq::Error::Failed(_) | jq::Error::NotOne(_) if from_client => {
            Fault::new(Code::BadRequest).cause(format_args!("`key_from`: {error}"))
        }
        error => error.into(),
    }
}

fn too_many(limiter: &Limiter, standings: &[Standing]) -> Option<Fault> {
    let wait = standings.iter().filter_map(|one| one.wait).max()?;
    let refusing = standings.iter().filter(|one| one.refuses());
    let names: Vec<_> = refusing.map(|one| limiter.policy(one.policy).name.clone()).collect();
    let message = match seconds(wait) {
        1 => "Too many requests: try again in a second.".to_owned(),
        seconds => format!("Too many requests: try again in {seconds} seconds."),
    };
    let cause = format!("rate limit {}", names.join(", "));
    let fault = Fault::new(Code::RateLimited).message(message).cause(cause);
    Some(fault.retry_after(wait).details(Details::Policies(names)))
}

/// Writes the headers anew for all that was counted so far: `RateLimit-Policy` and `RateLimit`
/// (draft-ietf-httpapi-ratelimit-headers-10), and `X-RateLimit-*` for the policy that is nearest to its end.
fn tell(limiter: &Limiter, notes: &mut Notes) {
    const NAMES: [HeaderName; 5] = [
        HeaderName::from_static("ratelimit-policy"),
        HeaderName::from_static("ratelimit"),
        HeaderName::from_static("x-ratelimit-limit"),
        HeaderName::from_static("x-ratelimit-remaining"),
        HeaderName::from_static("x-ratelimit-reset"),
    ];
    let (mut policies, mut standings) = (String::new(), String::new());
    for one in &notes.limits {
        let policy = limiter.policy(one.policy);
        let comma = if policies.is_empty() { "" } else { ", " };
        let (name, quota, window) = (&policy.name, policy.count, policy.per.as_secs());
        let _ = write!(policies, "{comma}\"{name}\";q={quota};w={window}");
        let reset = reset(limiter, one);
        let _ = write!(standings, "{comma}\"{name}\";r={};t={reset}", one.remaining);
    }
    // How many more requests would be let in decides, not how many of the units.
    let left = |one: &&Standing| one.remaining / limiter.policy(one.policy).cost;
    let nearest = notes.limits.iter().min_by_key(|one| (Reverse(one.wait), left(one)));
    let Some(nearest) = nearest else { return };
    let limit = limiter.policy(nearest.policy).burst.to_string();
    let (left, reset) = (nearest.remaining.to_string(), reset(limiter, nearest).to_string());
    notes.headers.retain(|(name, _)| !NAMES.contains(name));
    for (name, text) in NAMES.into_iter().zip([policies, standings, limit, left, reset]) {
        notes.headers.extend(HeaderValue::try_from(text).ok().map(|value| (name, value)));
    }
}

/// Seconds until the whole burst is there again; where the request was refused, the same as `Retry-After`.
fn reset(limiter: &Limiter, standing: &Standing) -> u64 {
    let full = || limiter.policy(standing.policy).full_after(standing.remaining);
    seconds(standing.wait.unwrap_or_else(full))
}

/// Rounded up.
fn seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

/// What programs see before the input is read.
struct Early<'a> {
    frontend: &'a SmolStr,
    request: &'a Request,
    session: Option<&'a Known>,
}

impl Scope for Early<'_> {
    fn get(&self, slot: Slot) -> Value {
        match slot {
            slot::SESSION => self.session.map_or(Value::Null, |session| session.value.clone()),
            slot::REQUEST => Asked::of(self.request, self.frontend).describe(),
            _ => Value::Null,
        }
    }
}
