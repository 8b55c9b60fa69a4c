//! A provider's metadata: fetched when first needed, kept, fetched again now and then.
//!
//! One fetch at a time, in a task of its own: who has nothing to go on with waits for it, others go on with what was
//! found before, for as long as the provider fails.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use reqwest::{StatusCode, header};
use serde_json::{Map, Value};

use super::metadata::{KeysAt, Metadata, OTHER};
use super::problem::Problem;
use crate::clock::Clock;
use crate::token::{Http, KeyRing, strict_object};

pub(super) struct Discovery {
    pub(super) name: Arc<str>,
    pub(super) issuer: Arc<str>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) http: Arc<Http>,
    pub(super) state: Mutex<State>,
}

#[derive(Default)]
pub(super) struct State {
    found: Option<Arc<Metadata>>,
    /// Why the last try failed, if it did.
    failed: Option<Problem>,
    tried_at: Option<Duration>,
    flight: Option<Flight>,
}

type Flight = Shared<BoxFuture<'static, ()>>;

impl Discovery {
    /// The metadata, by now at most an hour old where the provider is there.
    pub(super) async fn metadata(self: &Arc<Self>) -> Result<Arc<Metadata>, Problem> {
        let flight = {
            let mut state = self.state();
            self.refresh(&mut state);
            match &state.found {
                Some(found) => return Ok(Arc::clone(found)),
                None => state.flight.clone(),
            }
        };
        if let Some(flight) = flight {
            flight.await;
        }
        let state = self.state();
        let given_up = || Problem::Away("discovery was given up".to_owned());
        state.found.clone().ok_or_else(|| state.failed.clone().unwrap_or_else(given_up))
    }

    /// Begins a fetch if one is due.
    fn refresh(self: &Arc<Self>, state: &mut State) {
        // A flight ends with the worker that it began on, with or without a result.
        if state.flight.clone().is_some_and(|flight| flight.now_or_never().is_some()) {
            state.flight = None;
        }
        let pause = if state.failed.is_some() { RETRY } else { REFRESH };
        let now = self.clock.now();
        // A clock that was set back has waited long enough.
        let rests = |at| now.checked_sub(at).is_some_and(|age| age < pause);
        if state.flight.is_some() || state.tried_at.is_some_and(rests) {
            return;
        }
        let this = Arc::clone(self);
        let task = tokio::spawn(async move { this.fly().await });
        state.flight = Some(task.map(drop).boxed().shared());
    }

    async fn fly(self: Arc<Self>) {
        let found = self.fetch().await;
        let mut state = self.state();
        state.tried_at = Some(self.clock.now());
        match found {
            Ok(found) => {
                state.found = Some(Arc::new(found));
                state.failed = None;
            }
            Err(problem) => {
                tracing::warn!(login = &*self.name, cause = %problem, "discovery failed");
                state.failed = Some(problem);
            }
        }
    }

    async fn fetch(&self) -> Result<Metadata, Problem> {
        let away = |why: String| Problem::Away(format!("discovery: {why}"));
        let bad = |why: &str| Problem::Bad(format!("discovery: {why}"));
        // §4.1: after the issuer without the slash at its end.
        let base = self.issuer.strip_suffix('/').unwrap_or(&self.issuer);
        let url = format!("{base}/.well-known/openid-configuration");
        let json = "application/json";
        let reply = self.http.send(|http| http.get(&url).header(header::ACCEPT, json)).await;
        let reply = reply.map_err(away)?;
        if reply.status != StatusCode::OK {
            return Err(away(format!("{url} answers {}", reply.status.as_u16())));
        }
        let said = strict_object(&reply.body).map_err(|why| away(why.to_owned()))?;
        Metadata::read(&self.issuer, &said, |at| self.keys(at)).map_err(|why| match why {
            OTHER => bad(&format!("`{}` is asked for, {why}: {}", self.issuer, named(&said))),
            why => bad(why),
        })
    }

    /// The keys that are there already, unless they are elsewhere now or for something else.
    fn keys(&self, at: KeysAt) -> Arc<KeyRing> {
        let kept = self.state().found.as_ref().map(|found| Arc::clone(&found.keys));
        kept.filter(|keys| keys.is_of(&at.url, &at.algorithms)).unwrap_or_else(|| {
            let (name, clock, http) = (self.name.clone(), self.clock.clone(), self.http.clone());
            Arc::new(KeyRing::new(name, at.url, at.algorithms, clock, http))
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The issuer that metadata names, for the log.
fn named(said: &Map<String, Value>) -> String {
    let named = said.get("issuer").and_then(Value::as_str).unwrap_or("none");
    named.chars().take(200).flat_map(char::escape_default).collect()
}

const REFRESH: Duration = Duration::from_secs(3600);
const RETRY: Duration = Duration::from_secs(5);
