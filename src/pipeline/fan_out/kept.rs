//! A call whose answers are kept.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::bearer;
use super::fetching::{Fetching, note_part, read, terms};
use super::key::key;
use super::request;
use super::send::{fetch, too_slow};
use super::tags;
use crate::cache::{Key, Look, Tag};
use crate::fault::{Code, Fault};
use crate::jq::Scope;
use crate::pipeline::cache::{Ask, Held, How, Mark, Served, excused, freshness, serve};
use crate::pipeline::frame::Frame;
use crate::pipeline::key::Item;
use crate::plan::{Caching, Call};
use crate::upstream::{Answer, Request};

/// The answer to a call that has a cache: one that is kept, or one that is sent for, by this request or by another that
/// asks for the same.
///
/// # Errors
/// Why there is none.
pub(super) async fn answer(
    frame: &Rc<Frame>,
    index: usize,
    rule: &Caching,
    scope: &dyn Scope,
    item: Option<Item<'_>>,
    ends: Instant,
) -> Result<Arc<Answer>, Fault> {
    let call = frame.call(index);
    let asking = asked(frame, index, rule, scope, item);
    let asked = timeout_at(ends, asking).await.unwrap_or_else(|_| Err(too_slow(call)))?;
    let tags = asked.tags.clone();
    let served = served(frame, index, rule, item, asked, ends).await;
    taken(frame, index, rule, scope, tags, served).await
}

/// What is asked of the cache.
struct Asked {
    /// Without a token.
    request: Request,
    /// Those that do not read the answer.
    tags: Vec<Tag>,
    key: Key,
}

async fn asked(
    frame: &Frame,
    index: usize,
    rule: &Caching,
    scope: &dyn Scope,
    item: Option<Item<'_>>,
) -> Result<Asked, Fault> {
    let call = frame.call(index);
    bearer::has_user(frame, call)?;
    let request = request::make(frame, call, scope, item).await?;
    let tags = tags::ahead(rule, frame, scope).await?;
    let key = key(frame, index, rule, scope, &request, &tags).await?;
    Ok(Asked { request, tags, key })
}

async fn served(
    frame: &Rc<Frame>,
    index: usize,
    rule: &Caching,
    item: Option<Item<'_>>,
    Asked { request, tags, key }: Asked,
    ends: Instant,
) -> Served {
    if let Look::Fresh(entry) = frame.gateway.cache.entries.look(&key) {
        return Served::kept(entry, How::Hit);
    }
    let call = frame.call(index);
    let all_ahead = rule.tags.iter().all(|tag| !tag.reads_answer);
    let ask = Ask {
        key,
        tags: all_ahead.then(|| tags.clone()),
        began: frame.began,
        patience: call.timeout,
        keeps: frame.ongoing.keeps(),
    };
    let fetching = Fetching {
        frame: Rc::clone(frame),
        index,
        item: item.map(|item| item.value.clone()),
        request: request.clone(),
        tags,
    };
    loop {
        let ours = Rc::new(Cell::new(false));
        let (making, fetching) = (Rc::clone(&ours), fetching.clone());
        let make = |old| async move {
            making.set(true);
            fetching.make(old).await
        };
        let served = match timeout_at(ends, serve(&frame.gateway, ask.clone(), make)).await {
            Ok(served) => served,
            Err(_) => {
                let late = Served::failed(too_slow(call));
                return excused(&frame.gateway, &key).unwrap_or(late);
            }
        };
        if ours.get() || served.entry.is_some() {
            return served;
        }
        if !(is_late(&served) && Instant::now() < ends) {
            let is_for_one = is_for_one(frame, rule, call, &served);
            return if is_for_one { alone(frame, call, request, ends).await } else { served };
        }
        // Whoever was at it had less patience.
    }
}

/// What another request has got is not for this one: it asks for itself.
async fn alone(frame: &Rc<Frame>, call: &Call, request: Request, ends: Instant) -> Served {
    let sent = async {
        let bearer = bearer::of(frame, call).await?;
        fetch(frame, call, request, bearer, ends).await
    };
    let outcome = timeout_at(ends, sent).await.unwrap_or_else(|_| Err(too_slow(call)));
    Served { outcome: outcome.map(Held::Answer), how: How::Bypass, entry: None }
}

/// Whether there was no answer in time.
fn is_late(served: &Served) -> bool {
    let late = |fault: &Fault| fault.parts().code == Code::UpstreamTimeout;
    served.outcome.as_ref().err().is_some_and(late)
}

/// What is served, and a note of it for the reply.
async fn taken(
    frame: &Frame,
    index: usize,
    rule: &Caching,
    scope: &dyn Scope,
    mut tags: Vec<Tag>,
    served: Served,
) -> Result<Arc<Answer>, Fault> {
    let Served { outcome, how, entry } = served;
    let call = frame.call(index);
    let answer = match outcome {
        Ok(Held::Answer(answer)) => answer,
        Ok(_) => return Err(Fault::internal("a key of a call has led to a reply")),
        Err(fault) => {
            let mark = Mark { how: How::Bypass, age: Duration::ZERO, rest: Duration::ZERO };
            frame.parts.borrow_mut().add(mark, &tags);
            return Err(fault);
        }
    };
    let now = frame.gateway.clock.steady();
    let resident = entry.as_ref().map_or(Duration::ZERO, |entry| entry.age(now));
    let rest = entry.as_ref().map_or(Duration::ZERO, |entry| entry.rest(now));
    let age = resident.saturating_add(terms(frame, call, rule).age(&answer, resident));
    let mark = Mark { how, age, rest };
    if let Some(entry) = &entry {
        frame.parts.borrow_mut().add(mark, &entry.tags);
    } else {
        // The whole reply may be kept all the same, and is revalidated by what it is made of.
        if let Ok(Some(value)) = read(frame, call, &answer).await {
            tags.extend(tags::behind(rule, frame, index, scope, &answer, value).await?);
        }
        frame.parts.borrow_mut().add(mark, &tags);
    }
    // Also of one that is kept: others may share the reply than the answer.
    note_part(frame, call, &answer);
    Ok(answer)
}

/// Whether what another request has got is for that one only.
fn is_for_one(frame: &Frame, rule: &Caching, call: &Call, served: &Served) -> bool {
    match &served.outcome {
        Ok(Held::Answer(answer)) => {
            !freshness::is_error(answer.status) && terms(frame, call, rule).is_for_one(answer)
        }
        Ok(_) => false,
        Err(fault) => fault.parts().status < 500,
    }
}
