//! One refresh, from the lease to what is written.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand;
use tokio::time::{Instant, sleep, timeout};

use super::{Outcome, away};
use crate::clock::Clock;
use crate::fault::Fault;
use crate::identity::Token;
use crate::login::{Granted, Problem, Provider};
use crate::session::{Found, Hash, Live, Record, Sessions};

/// How long an instance alone may refresh a session. All that it does fits into it.
const LEASE: Duration = Duration::from_secs(30);
/// How long the provider may take of it.
const PATIENCE: Duration = Duration::from_secs(20);
/// Between two looks at what another instance does.
const LOOK: Duration = Duration::from_millis(50);
/// Milliseconds before each further try to write what was granted: without it the session is lost, where refresh tokens
/// rotate. A store that fails over takes its time.
const PAUSES: [u64; 10] = [0, 250, 1_000, 4_000, 5_000, 10_000, 10_000, 10_000, 10_000, 10_000];

/// What a refresh works with.
#[derive(Clone, Copy)]
pub(super) struct Reach<'a> {
    pub(super) sessions: Sessions<'a>,
    /// The session's.
    pub(super) provider: &'a Provider,
    pub(super) clock: &'a dyn Clock,
}

/// Refreshes a session, or waits for another instance that does.
pub(super) async fn fly(reach: Reach<'_>, live: &Arc<Live>) -> Outcome {
    let mut owner = Hash::default();
    if rand::fill(&mut owner).is_err() {
        return Outcome::Failed(Fault::internal("no randomness"));
    }
    match lease(reach, live, owner).await {
        Ok(None) => {}
        Ok(Some(outcome)) => return outcome,
        Err(fault) => return Outcome::Failed(fault),
    }
    let outcome = alone(reach, live).await.unwrap_or_else(Outcome::Failed);
    if let Err(fault) = reach.sessions.release(live.key.entry(), owner).await {
        tracing::warn!(?fault, "a lease is not given back; it ends by itself");
    }
    outcome
}

/// Waits for the lease; what another instance has done meanwhile is as good.
async fn lease(reach: Reach<'_>, live: &Live, owner: Hash) -> Result<Option<Outcome>, Fault> {
    let begun = Instant::now();
    loop {
        if reach.sessions.lease(live.key.entry(), owner, LEASE).await? {
            return Ok(None);
        }
        sleep(LOOK).await;
        let now = look(reach, live).await?;
        if now.is_some() {
            return Ok(now);
        }
        if begun.elapsed() > LEASE {
            return Err(
                away(Duration::ZERO).cause("another instance refreshes the session for too long")
            );
        }
    }
}

/// What the session has become since it was read; nothing where it is the same.
async fn look(reach: Reach<'_>, live: &Live) -> Result<Option<Outcome>, Fault> {
    let found = reach.sessions.find(&live.key, &live.frontend).await?;
    Ok(match found {
        Found::Live(now) if now.version == live.version => None,
        Found::Live(now) => Some(Outcome::Live(now)),
        Found::Ended | Found::Forged => Some(Outcome::Ended),
    })
}

/// Refreshes a session that nobody else refreshes.
async fn alone(reach: Reach<'_>, live: &Arc<Live>) -> Result<Outcome, Fault> {
    // Another instance may have done it before the lease was ours.
    if let Some(now) = look(reach, live).await? {
        return Ok(now);
    }
    let Record { subject, refresh_token, .. } = &live.record;
    let Some(token) = refresh_token.as_deref().map(Token::new) else {
        return Err(Fault::internal("a session without a refresh token was to be refreshed"));
    };
    let asked = timeout(PATIENCE, reach.provider.refresh(&token, subject)).await;
    match asked.unwrap_or_else(|_| Err(Problem::Away(format!("no answer in {PATIENCE:?}")))) {
        Ok(granted) => write(reach, live, granted).await,
        Err(problem) if problem.is_invalid_grant() => refused(reach, live).await,
        Err(problem) => Err(away(Duration::ZERO).cause(problem)),
    }
}

/// The refresh token is not good. Where somebody else has used it in our place, theirs counts; else the session ends.
async fn refused(reach: Reach<'_>, live: &Live) -> Result<Outcome, Fault> {
    if let Some(now) = look(reach, live).await? {
        return Ok(now);
    }
    reach.sessions.end(live.key.entry()).await?;
    tracing::info!(login = live.record.login, "a session has ended: its refresh token is not good");
    Ok(Outcome::Ended)
}

/// Writes what was granted in the place of what it was granted for.
async fn write(reach: Reach<'_>, live: &Live, granted: Granted) -> Result<Outcome, Fault> {
    let record = renewed(&live.record, granted, reach.clock.now());
    let mut written = Ok(None);
    for pause in PAUSES {
        sleep(Duration::from_millis(pause)).await;
        written = reach.sessions.replace(live, record.clone()).await;
        if written.is_ok() {
            break;
        }
    }
    if let Some(next) = written? {
        return Ok(Outcome::Live(next));
    }
    match look(reach, live).await? {
        Some(outcome @ Outcome::Ended) => {
            revoke(reach.provider, &record).await;
            Ok(outcome)
        }
        Some(outcome) => Ok(outcome),
        None => Err(Fault::internal("a session was changed and was not")),
    }
}

/// What a refresh leaves: it moves no end of the session, and what the provider does not send stays.
fn renewed(old: &Record, granted: Granted, now: Duration) -> Record {
    let mut record = old.clone();
    record.access_token = granted.access_token.reveal().to_owned();
    record.access_expires_at = granted.access_expires_at;
    record.access_granted_at = now.as_secs();
    if let Some(token) = granted.refresh_token {
        record.refresh_token = Some(token.reveal().to_owned());
    }
    if let Some(id_token) = granted.id_token {
        record.claims = id_token.claims.into();
        if record.id_token.is_some() {
            record.id_token = Some(id_token.token.reveal().to_owned());
        }
    }
    record
}

/// Nobody will use what was granted for a session that has ended.
async fn revoke(provider: &Provider, record: &Record) {
    let tokens = [(record.refresh_token.as_deref(), true), (Some(&*record.access_token), false)];
    for (token, is_refresh_token) in tokens {
        let Some(token) = token else { continue };
        if let Err(problem) = provider.revoke(&Token::new(token), is_refresh_token).await {
            tracing::warn!(%problem, "a token of a session that has ended could not be revoked");
        }
    }
}
