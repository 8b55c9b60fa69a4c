//! Access tokens of login sessions: refreshed before they end, once per session over all workers and instances.
//!
//! A flight is one refresh. In this process all who need it share it; over instances the store gives one of them a lease,
//! and the others look into the store until they see what has come of it. What the provider grants is written in the
//! place of what it was granted for, or not at all, so that a session that has ended meanwhile stays dead.

mod due;
mod flight;
#[cfg(test)]
mod tests;

use std::hash::{BuildHasher, RandomState};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::spawn_local;
use tokio::time::timeout_at;
use tracing::Instrument;

use super::gateway::Gateway;
use super::request::{Ongoing, Request};
use super::session::{By, Session};
use crate::fault::{Code, Fault};
use crate::flight::{Flight, Flights, Rests};
use crate::plan::Endpoint;
use crate::session::{Entry, Live};
use due::Due;
use flight::Reach;

/// The refreshes of all sessions. One serves all workers.
pub(super) struct Refreshes {
    flights: Arc<Flights<Entry, Outcome>>,
    /// Sessions whose provider did not refresh them.
    rests: Rests<Entry>,
    /// Sessions whose new token an upstream did not take either.
    useless: Rests<Entry>,
    /// Instances begin at different times.
    spread: u8,
}

/// What has come of a flight.
#[derive(Clone)]
enum Outcome {
    /// The session as it is now, whoever has refreshed it.
    Live(Arc<Live>),
    /// There is none any more.
    Ended,
    /// Neither: it may be tried again.
    Failed(Fault),
}

impl Refreshes {
    pub(super) fn new() -> Self {
        // No secret: the first random bytes of the crypto library take it 30 ms, and no start should wait for them.
        let [spread, ..] = RandomState::new().hash_one(()).to_be_bytes();
        Self { flights: Arc::default(), rests: Rests::default(), useless: Rests::default(), spread }
    }
}

/// Refreshes a session whose access token is about to end. While it is good, the request goes on with it; once it has ended,
/// the request waits. A provider that is away leaves the session as it is: calls that need the token will say so.
///
/// # Errors
/// 401 `SESSION_EXPIRED` where the provider says that the session has ended.
pub(super) async fn keep(
    gateway: &Rc<Gateway>,
    endpoint: &Endpoint,
    request: &Request,
    session: Option<Session>,
) -> Result<Option<Session>, Fault> {
    let Some(Session { by: By::Login(live), .. }) = &session else { return Ok(session) };
    let may = live.record.refresh_token.is_some();
    match due(gateway, live) {
        Due::Soon if may && resting(gateway, live).is_none() => {
            drop(begin(gateway, &request.ongoing, live));
            Ok(session)
        }
        Due::Over if may => {
            // The rest of the time is for what needs no token.
            let patience = request.started + endpoint.deadline / 2;
            let waiting = usable(gateway, &request.ongoing, live);
            match timeout_at(patience, waiting).await {
                Ok(Ok(live)) => {
                    let identity = Arc::clone(&live.identity);
                    Ok(Some(Session { identity, by: By::Login(live) }))
                }
                Ok(Err(fault)) if fault.parts().code == Code::SessionExpired => Err(fault),
                Ok(Err(_)) | Err(_) => Ok(session),
            }
        }
        _ => Ok(session),
    }
}

/// The session with an access token that has not ended.
///
/// # Errors
/// 401 `SESSION_EXPIRED` where there can be none; 503 where its provider is away.
pub(super) async fn usable(
    gateway: &Rc<Gateway>,
    ongoing: &Ongoing,
    live: &Arc<Live>,
) -> Result<Arc<Live>, Fault> {
    if due(gateway, live) != Due::Over {
        return Ok(Arc::clone(live));
    }
    if live.record.refresh_token.is_none() {
        return Err(ended("the access token has ended, and there is no refresh token"));
    }
    refreshed(gateway, ongoing, live).await
}

/// The session with another access token than one that an upstream has not taken. Nothing where there is none, or where
/// another one has not helped a moment ago.
///
/// # Errors
/// 401 `SESSION_EXPIRED` where the provider says that the session has ended.
pub(super) async fn another(
    gateway: &Rc<Gateway>,
    ongoing: &Ongoing,
    live: &Arc<Live>,
) -> Result<Option<Arc<Live>>, Fault> {
    let now = gateway.clock.steady();
    let useless = gateway.refreshes.useless.left(&live.key.entry(), now);
    if live.record.refresh_token.is_none() || useless.is_some() {
        return Ok(None);
    }
    match refreshed(gateway, ongoing, live).await {
        Ok(next) => {
            let other = next.record.access_token != live.record.access_token;
            Ok(other.then_some(next))
        }
        Err(fault) if fault.parts().code == Code::SessionExpired => Err(fault),
        // What the upstream has said says more than that the provider is away.
        Err(_) => Ok(None),
    }
}

/// Notes whether an upstream has taken another token, after it had not taken one.
pub(super) fn helped(gateway: &Gateway, live: &Live, helped: bool) {
    let (useless, entry) = (&gateway.refreshes.useless, live.key.entry());
    if helped {
        useless.clear(&entry);
    } else {
        useless.fail(entry, gateway.clock.steady());
    }
}

async fn refreshed(
    gateway: &Rc<Gateway>,
    ongoing: &Ongoing,
    live: &Arc<Live>,
) -> Result<Arc<Live>, Fault> {
    if let Some(rest) = resting(gateway, live) {
        return Err(away(rest).cause("a session could not be refreshed a moment ago"));
    }
    match begin(gateway, ongoing, live).landed().await {
        Some(Outcome::Live(live)) => Ok(live),
        Some(Outcome::Ended) => Err(ended("the session ended when it was to be refreshed")),
        Some(Outcome::Failed(fault)) => Err(fault),
        None => Err(away(Duration::ZERO).cause("who refreshed the session has gone")),
    }
}

/// In a task of its own, which a shutdown waits for: what the provider has granted must not be lost, whoever has left.
fn begin(gateway: &Rc<Gateway>, ongoing: &Ongoing, live: &Arc<Live>) -> Flight<Outcome> {
    let entry = live.key.entry();
    let (flight, takeoff) = gateway.refreshes.flights.join(&entry);
    if let Some(takeoff) = takeoff {
        let (gateway, live, keeps) = (Rc::clone(gateway), Arc::clone(live), ongoing.keeps());
        let flying = async move {
            let outcome = fly(&gateway, &live).await.unwrap_or_else(Outcome::Failed);
            takeoff.land(rested(&gateway, entry, outcome));
            drop(keeps);
        };
        spawn_local(flying.in_current_span());
    }
    flight
}

async fn fly(gateway: &Gateway, live: &Arc<Live>) -> Result<Outcome, Fault> {
    let mut providers = gateway.providers.iter();
    let provider = providers.find(|provider| **provider.name() == *live.record.login);
    let provider = provider.ok_or_else(|| Fault::internal("a session of no login"))?;
    let reach = Reach { sessions: gateway.sessions()?, provider, clock: &*gateway.clock };
    Ok(flight::fly(reach, live).await)
}

/// What has failed is left alone for a while, and its fault says for how long.
fn rested(gateway: &Gateway, entry: Entry, outcome: Outcome) -> Outcome {
    let rests = &gateway.refreshes.rests;
    if let Outcome::Failed(fault) = outcome {
        let rest = rests.fail(entry, gateway.clock.steady());
        tracing::warn!(?fault, "a session could not be refreshed");
        return Outcome::Failed(fault.retry_after(rest));
    }
    rests.clear(&entry);
    outcome
}

fn due(gateway: &Gateway, live: &Live) -> Due {
    let (ahead, spread) = (gateway.plan.lifetimes.refresh_ahead, gateway.refreshes.spread);
    due::of(&live.record, gateway.clock.now(), ahead, spread)
}

fn resting(gateway: &Gateway, live: &Live) -> Option<Duration> {
    gateway.refreshes.rests.left(&live.key.entry(), gateway.clock.steady())
}

fn ended(cause: &'static str) -> Fault {
    Fault::new(Code::SessionExpired).cause(cause)
}

fn away(rest: Duration) -> Fault {
    Fault::new(Code::UpstreamUnavailable).retry_after(rest.max(Duration::from_secs(1)))
}
