//! Tokens that are kept, each asked for once however many need it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use moka::Expiry;
use moka::sync::Cache;

use super::Asking;
use crate::clock::Clock;
use crate::fault::{Code, Fault};
use crate::flight::{Flight, Flights, Rests};
use crate::identity::Token;
use crate::login::{Granted, Problem};

/// A SHA-256 of all that a token is for.
pub(super) type Key = [u8; 32];

pub(super) struct Tokens {
    kept: Cache<Key, Kept>,
    flights: Arc<Flights<Key, Result<Token, Problem>>>,
    /// Those that could not be had.
    rests: Rests<Key>,
    /// Those where another token has not helped.
    useless: Rests<Key>,
    clock: Arc<dyn Clock>,
}

#[derive(Clone)]
struct Kept {
    token: Token,
    granted_at: Duration,
    /// Since 1970.
    ends_at: Duration,
}

#[derive(PartialEq)]
enum Age {
    Fresh,
    /// Good, but not for long.
    Due,
    Over,
}

impl Tokens {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        let weight = |_: &Key, kept: &Kept| {
            u32::try_from(kept.token.reveal().len() + 256).unwrap_or(u32::MAX)
        };
        let kept = Cache::builder().max_capacity(BYTES).weigher(weight).expire_after(Life).build();
        let (flights, rests, useless) = (Arc::default(), Rests::default(), Rests::default());
        Self { kept, flights, rests, useless, clock }
    }

    /// The token that is kept for a key, or a new one. One that will soon end is asked for anew while it is still used.
    pub(super) async fn get(
        self: &Arc<Self>,
        key: Key,
        ask: impl FnOnce() -> Asking,
    ) -> Result<Token, Fault> {
        match self.kept(&key) {
            Some((kept, Age::Fresh)) => Ok(kept.token),
            Some((kept, Age::Due)) => {
                if self.rest(&key).is_none() {
                    drop(self.begin(key, None, ask));
                }
                Ok(kept.token)
            }
            _ => self.new_one(key, None, ask).await,
        }
    }

    /// Another token than this one; nothing where that has not helped a moment ago.
    pub(super) async fn another(
        self: &Arc<Self>,
        key: Key,
        refused: &Token,
        ask: impl FnOnce() -> Asking,
    ) -> Result<Option<Token>, Fault> {
        match self.kept(&key) {
            Some((kept, age)) if age != Age::Over && kept.token != *refused => Ok(Some(kept.token)),
            _ if self.useless.left(&key, self.clock.steady()).is_some() => Ok(None),
            _ => self.new_one(key, Some(refused.clone()), ask).await.map(Some),
        }
    }

    /// Whether another token has helped.
    pub(super) fn helped(&self, key: Key, helped: bool) {
        if helped {
            self.useless.clear(&key);
        } else {
            self.useless.fail(key, self.clock.steady());
        }
    }

    async fn new_one(
        self: &Arc<Self>,
        key: Key,
        refused: Option<Token>,
        ask: impl FnOnce() -> Asking,
    ) -> Result<Token, Fault> {
        if let Some(rest) = self.rest(&key) {
            return Err(away(rest).cause("a token could not be had a moment ago"));
        }
        match self.begin(key, refused, ask).landed().await {
            Some(Ok(token)) => Ok(token),
            Some(Err(problem @ Problem::Away(_))) => {
                Err(away(self.rest(&key).unwrap_or_default()).cause(problem))
            }
            Some(Err(problem)) => Err(problem.into()),
            None => Err(away(Duration::ZERO).cause("who asked for a token has gone")),
        }
    }

    /// In a task of its own, so that a request that is given up does not take the question with it.
    fn begin(
        self: &Arc<Self>,
        key: Key,
        refused: Option<Token>,
        ask: impl FnOnce() -> Asking,
    ) -> Flight<Result<Token, Problem>> {
        let (flight, takeoff) = self.flights.join(&key);
        if let Some(takeoff) = takeoff {
            let (tokens, asking) = (Arc::clone(self), ask());
            tokio::spawn(async move { takeoff.land(tokens.ask(key, refused, asking).await) });
        }
        flight
    }

    async fn ask(
        &self,
        key: Key,
        refused: Option<Token>,
        asking: Asking,
    ) -> Result<Token, Problem> {
        // Whoever came too late to join has found an old one.
        if let Some((Kept { token, .. }, Age::Fresh)) = self.kept(&key)
            && refused.as_ref() != Some(&token)
        {
            return Ok(token);
        }
        match asking.await {
            Ok(granted) => {
                self.rests.clear(&key);
                Ok(self.keep(key, granted))
            }
            Err(problem) => {
                self.rests.fail(key, self.clock.steady());
                Err(problem)
            }
        }
    }

    fn keep(&self, key: Key, granted: Granted) -> Token {
        let granted_at = self.clock.now();
        let ends_at = granted.access_expires_at.map(Duration::from_secs);
        let ends_at = ends_at.unwrap_or(granted_at + UNKNOWN);
        let token = granted.access_token;
        self.kept.insert(key, Kept { token: token.clone(), granted_at, ends_at });
        token
    }

    fn kept(&self, key: &Key) -> Option<(Kept, Age)> {
        let kept = self.kept.get(key)?;
        let age = kept.age(self.clock.now());
        Some((kept, age))
    }

    fn rest(&self, key: &Key) -> Option<Duration> {
        self.rests.left(key, self.clock.steady())
    }
}

impl Kept {
    fn age(&self, now: Duration) -> Age {
        let ahead = (self.life() / 4).min(AHEAD);
        match self.ends_at {
            end if now >= end => Age::Over,
            end if now + ahead >= end => Age::Due,
            _ => Age::Fresh,
        }
    }

    fn life(&self) -> Duration {
        self.ends_at.saturating_sub(self.granted_at)
    }
}

/// So that what has ended does not stay in memory, nor anything for longer than a day; whether it has ended is looked at on
/// every use.
struct Life;

impl Expiry<Key, Kept> for Life {
    fn expire_after_create(&self, _: &Key, kept: &Kept, _: Instant) -> Option<Duration> {
        Some(kept.life().min(DAY))
    }

    fn expire_after_update(
        &self,
        _: &Key,
        kept: &Kept,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(kept.life().min(DAY))
    }
}

fn away(rest: Duration) -> Fault {
    Fault::new(Code::UpstreamUnavailable).retry_after(rest.max(Duration::from_secs(1)))
}

/// Of all tokens that are kept.
const BYTES: u64 = 16 << 20;
/// How long before its end a token is asked for anew; a quarter of its life at most.
const AHEAD: Duration = Duration::from_secs(30);
const DAY: Duration = Duration::from_secs(24 * 3600);
/// How long a token is used whose end nobody has said.
const UNKNOWN: Duration = Duration::from_secs(60);
