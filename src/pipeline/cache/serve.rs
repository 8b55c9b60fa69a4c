//! What is kept is served; what is not is made once, for all who ask meanwhile.

use std::any::Any;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::Held;
use super::making::Making;
use crate::cache::{Entry, Key, Lives, Look, Tag, Tick};
use crate::fault::Fault;
use crate::flight::Flight;
use crate::pipeline::gateway::Gateway;

/// What is asked of the cache.
#[derive(Clone)]
pub(in crate::pipeline) struct Ask {
    /// What decides it.
    pub(in crate::pipeline) key: Key,
    /// Its tags, where they are known before it is made.
    pub(in crate::pipeline) tags: Option<Vec<Tag>>,
    /// The moment before anything that it is made of was asked for.
    pub(in crate::pipeline) began: Tick,
    /// How long another instance may take to make it.
    pub(in crate::pipeline) patience: Duration,
    /// What a shutdown waits for.
    pub(in crate::pipeline) keeps: Rc<dyn Any>,
}

/// What was made.
pub(in crate::pipeline) struct Made {
    /// What it is.
    pub(in crate::pipeline) outcome: Result<Held, Fault>,
    /// How long it may be kept, and its tags; none: not at all.
    pub(in crate::pipeline) keep: Option<(Lives, Vec<Tag>)>,
    /// An entry from before is better, if there is one yet.
    pub(in crate::pipeline) is_error: bool,
}

/// What is served.
#[derive(Clone)]
pub(in crate::pipeline) struct Served {
    /// What it is.
    pub(in crate::pipeline) outcome: Result<Held, Fault>,
    /// Where it comes from.
    pub(in crate::pipeline) how: How,
    /// The entry that it is from, or in; none where it is not kept.
    pub(in crate::pipeline) entry: Option<Arc<Entry<Held>>>,
}

/// Where something that is served comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::pipeline) enum How {
    /// An entry.
    Hit,
    /// An entry whose time is over.
    Stale,
    /// It was made now.
    Miss,
    /// It was made now, and may not be kept.
    Bypass,
}

impl How {
    /// As `frontdesk-cache` says it.
    pub(in crate::pipeline) fn name(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Stale => "stale",
            Self::Miss => "miss",
            Self::Bypass => "bypass",
        }
    }
}

/// Serves what is kept, or has it made: by `make`, or by whoever is at it already on any worker. `make` gets an entry whose
/// time is over, and goes on when its client has left.
pub(in crate::pipeline) async fn serve<M, F>(gateway: &Rc<Gateway>, ask: Ask, make: M) -> Served
where
    M: FnOnce(Option<Arc<Entry<Held>>>) -> F + 'static,
    F: Future<Output = Made> + 'static,
{
    let old = match gateway.cache.entries.look(&ask.key) {
        Look::Fresh(entry) => return Served::kept(entry, How::Hit),
        Look::Stale(entry) => {
            refresh(gateway, ask, &entry, make);
            return Served::kept(entry, How::Stale);
        }
        Look::Old(entry) => {
            let entries = &gateway.cache.entries;
            // Where another one could not be had a moment ago, nobody waits for that again.
            if entries.excuses(&entry) && rests(gateway, &ask.key) {
                return Served::kept(entry, How::Stale);
            }
            Some(entry)
        }
        Look::Nothing => None,
    };
    let mut make = Some(make);
    // Whoever makes it may go without an end, as a worker that stops does.
    for _ in 0..2 {
        let (flight, making) = join(gateway, &ask, old.clone());
        match (making, make.take()) {
            (Some(making), Some(make)) => making.start(make),
            (Some(_), None) => break,
            (None, unused) => make = unused,
        }
        if let Some(served) = flight.landed().await {
            return served;
        }
    }
    Served::failed(Fault::internal("what was asked of the cache has gone without an end"))
}

/// Has another entry made behind one that is served, unless that is under way, or has failed a moment ago.
fn refresh<M, F>(gateway: &Rc<Gateway>, ask: Ask, entry: &Arc<Entry<Held>>, make: M)
where
    M: FnOnce(Option<Arc<Entry<Held>>>) -> F + 'static,
    F: Future<Output = Made> + 'static,
{
    if rests(gateway, &ask.key) {
        return;
    }
    if let (_, Some(making)) = join(gateway, &ask, Some(Arc::clone(entry))) {
        making.start(make);
    }
}

/// An entry that is served where another one cannot be had: also where that takes too long for whoever asks.
pub(in crate::pipeline) fn excused(gateway: &Gateway, key: &Key) -> Option<Served> {
    let (Look::Stale(entry) | Look::Old(entry)) = gateway.cache.entries.look(key) else {
        return None;
    };
    gateway.cache.entries.excuses(&entry).then(|| Served::kept(entry, How::Stale))
}

/// Whether it has failed a moment ago, and is left alone.
fn rests(gateway: &Gateway, key: &Key) -> bool {
    gateway.cache.rests.left(key, gateway.clock.steady()).is_some()
}

fn join(
    gateway: &Rc<Gateway>,
    ask: &Ask,
    old: Option<Arc<Entry<Held>>>,
) -> (Flight<Served>, Option<Making>) {
    let tags = &gateway.cache.entries.tags;
    let began = ask.began;
    // What began before a revalidation is not joined after it. Of tags that are not known yet, any may be meant.
    let since = ask.tags.as_ref().map_or(began, |known| tags.last_of(known).min(began));
    let (flight, takeoff) = gateway.cache.flights.join(&(ask.key, since));
    let making = takeoff.map(|takeoff| Making {
        gateway: Rc::clone(gateway),
        ask: ask.clone(),
        takeoff: Some(takeoff),
        began,
        since,
        old,
    });
    (flight, making)
}

impl Served {
    /// What is kept.
    pub(in crate::pipeline) fn kept(entry: Arc<Entry<Held>>, how: How) -> Self {
        Self { outcome: Ok(entry.payload.clone()), how, entry: Some(entry) }
    }

    /// A fault, which is not kept.
    pub(in crate::pipeline) fn failed(fault: Fault) -> Self {
        Self { outcome: Err(fault), how: How::Bypass, entry: None }
    }
}
