//! A call whose answers are kept.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::answer::said;
use super::bearer;
use super::request;
use super::send::{fetch, too_slow};
use super::tags;
use crate::cache::{Entry, Key, Tag};
use crate::fault::Fault;
use crate::jq::Scope;
use crate::pipeline::cache::freshness::Terms;
use crate::pipeline::cache::{
    Ask, Held, How, Made, Mark, Served, excused, freshness, scope as of_scope, serve, validators,
};
use crate::pipeline::frame::{Frame, With};
use crate::pipeline::key::Item;
use crate::plan::{Caching, Call, Expect, OnStatus, slot};
use crate::upstream::{Answer, Request};
use crate::value::Value;

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
    let asked = async {
        bearer::has_user(frame, call)?;
        let request = request::make(frame, call, scope, item).await?;
        let tags = tags::ahead(rule, frame, scope).await?;
        let key = key(frame, index, rule, scope, &request, &tags).await?;
        Ok::<_, Fault>((request, tags, key))
    };
    let (request, tags, key) = match timeout_at(ends, asked).await {
        Ok(asked) => asked?,
        Err(_) => return Err(too_slow(call)),
    };
    let ours = Rc::new(Cell::new(false));
    let all_ahead = rule.tags.iter().all(|tag| !tag.reads_answer);
    let ask = Ask {
        key,
        tags: all_ahead.then(|| tags.clone()),
        patience: call.timeout,
        keeps: frame.ongoing.keeps(),
    };
    let fetching = Fetching {
        frame: Rc::clone(frame),
        index,
        item: item.map(|item| (item.at, item.value.clone())),
        request: request.clone(),
        tags: tags.clone(),
    };
    let making = Rc::clone(&ours);
    let make = |old| async move {
        making.set(true);
        fetching.make(old).await
    };
    let served = match timeout_at(ends, serve(&frame.gateway, ask, make)).await {
        Ok(served) => served,
        Err(_) => match excused(&frame.gateway, &key) {
            Some(served) => served,
            None => {
                note(frame, How::Bypass, None, &[]);
                return Err(too_slow(call));
            }
        },
    };
    if ours.get() || served.entry.is_some() || !is_for_one(frame, rule, call, &served) {
        return taken(frame, index, rule, scope, tags, served).await;
    }
    // What another request has got is not for this one: it asks for itself.
    note(frame, How::Bypass, None, &tags);
    let sent = async {
        let bearer = bearer::of(frame, call).await?;
        fetch(frame, call, request, bearer, ends).await
    };
    let answer = timeout_at(ends, sent).await.unwrap_or_else(|_| Err(too_slow(call)))?;
    frame.parts.borrow_mut().sets_cookie |= freshness::sets_cookie(&answer);
    Ok(answer)
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
    if let Some(entry) = &entry {
        note(frame, how, Some(entry), &entry.tags);
    }
    let answer = match outcome {
        Ok(Held::Answer(answer)) => answer,
        Ok(_) => return Err(Fault::internal("a key of a call has led to a reply")),
        Err(fault) => {
            note(frame, How::Bypass, None, &tags);
            return Err(fault);
        }
    };
    if entry.is_none() {
        let call = frame.call(index);
        // The whole reply may be kept all the same, and is revalidated by what it is made of.
        if let Ok(value) = read(frame, call, &answer).await {
            tags.extend(tags::behind(rule, frame, index, scope, &answer, value).await?);
        }
        note(frame, how, None, &tags);
        frame.parts.borrow_mut().sets_cookie |= freshness::sets_cookie(&answer);
    }
    Ok(answer)
}

fn note(frame: &Frame, how: How, entry: Option<&Entry<Held>>, tags: &[Tag]) {
    let now = frame.gateway.clock.steady();
    let age = entry.map_or(Duration::ZERO, |entry| entry.age(now));
    let rest = entry.map_or(Duration::ZERO, |entry| entry.rest(now));
    frame.parts.borrow_mut().add(Mark { how, age, rest }, tags);
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

/// All that decides the answer. `request` has no token yet: whose it is, the scope says.
async fn key(
    frame: &Frame,
    index: usize,
    rule: &Caching,
    scope: &dyn Scope,
    request: &Request,
    tags: &[Tag],
) -> Result<Key, Fault> {
    let call = frame.call(index);
    let upstream = &frame.gateway.plan.upstreams[call.upstream].name;
    let expect = match call.expect {
        Expect::Json => 0_u8,
        Expect::Text => 1,
        Expect::None => 2,
    };
    let mut key = Key::of("call")
        .part(&rule.rule)
        .part(upstream.as_bytes())
        .part(format!("{:?}", call.auth).as_bytes())
        .part(&[expect])
        .part(&call.max_response.to_be_bytes())
        .part(request.method.as_str().as_bytes())
        .part(request.url.as_str().as_bytes())
        .part(&request.body);
    let mut headers: Vec<_> =
        request.headers.iter().filter(|header| !is_told(frame, header)).collect();
    // Values of one name stay in their order.
    headers.sort_by_key(|(name, _)| name.as_str());
    key = key.count(headers.len());
    for (name, value) in headers {
        key = key.part(name.as_str().as_bytes()).part(value.as_bytes());
    }
    key = key.count(tags.len());
    for tag in tags {
        key = key.part(&tag.0);
    }
    for slot in tags::besides(rule, index) {
        key = key.part(&slot.to_be_bytes()).part(&scope.get(slot).to_canonical());
    }
    Ok(of_scope(key, &rule.scope, frame, scope).await?.end())
}

/// Whether a header only tells the upstream which request this is.
fn is_told(frame: &Frame, (name, value): &(&http::HeaderName, &http::HeaderValue)) -> bool {
    frame.told().iter().any(|(own, told)| own == *name && told == *value)
}

/// A request that is sent for all who ask for the same.
struct Fetching {
    frame: Rc<Frame>,
    index: usize,
    item: Option<(usize, Value)>,
    request: Request,
    /// The tags that do not read the answer.
    tags: Vec<Tag>,
}

impl Fetching {
    /// Sends it, with a patience of its own, and says what of the answer is kept. An old one that can be asked for by its
    /// validators may turn out to be still good.
    async fn make(mut self, old: Option<Arc<Entry<Held>>>) -> Made {
        let frame = Rc::clone(&self.frame);
        let call = frame.call(self.index);
        let ends = Instant::now() + call.timeout;
        let sent = timeout_at(ends, self.fetch(old, ends)).await;
        match sent.unwrap_or_else(|_| Err(too_slow(call))) {
            Ok(answer) => self.judge(answer).await,
            // Only what an upstream, or who gives us tokens, has done is excused by what was there before.
            Err(fault) => {
                Made { is_error: fault.parts().status > 500, outcome: Err(fault), keep: None }
            }
        }
    }

    async fn fetch(
        &mut self,
        old: Option<Arc<Entry<Held>>>,
        ends: Instant,
    ) -> Result<Arc<Answer>, Fault> {
        let frame = Rc::clone(&self.frame);
        let call = frame.call(self.index);
        let send = async |request| {
            let bearer = bearer::of(&frame, call).await?;
            fetch(&frame, call, request, bearer, ends).await
        };
        let entries = &frame.gateway.cache.entries;
        // What was revalidated is not good any more, whatever the upstream says.
        let old = old.filter(|old| !entries.is_gone(&old.tags, old.began));
        if let Some(Held::Answer(old)) = old.as_ref().map(|old| &old.payload) {
            let mut request = self.request.clone();
            if validators::ask(&mut request, old) {
                let answer = send(request).await?;
                if answer.status != NOT_MODIFIED {
                    return Ok(answer);
                }
                if let Some(renewed) = validators::renewed(old, &answer) {
                    return Ok(Arc::new(renewed));
                }
            }
        }
        send(self.request.clone()).await
    }

    /// What is kept of an answer.
    async fn judge(self, answer: Arc<Answer>) -> Made {
        let Self { frame, index, item, mut tags, .. } = self;
        let call = frame.call(index);
        let is_error = freshness::is_error(answer.status);
        let outcome = |answer| Ok(Held::Answer(answer));
        let not = |answer| Made { outcome: outcome(answer), keep: None, is_error };
        let Some(rule) = call.cache.as_ref().filter(|_| !is_error) else { return not(answer) };
        let Ok(value) = read(&frame, call, &answer).await else {
            return Made { outcome: outcome(answer), keep: None, is_error: true };
        };
        let Some(lives) = terms(&frame, call, rule).lives(&answer) else {
            return not(answer);
        };
        let tagged = match &item {
            None => tags::behind(rule, &frame, index, &*frame, &answer, value).await,
            Some((_, item)) => {
                let scope = With { scope: &*frame, slot: slot::ITEM, value: item };
                tags::behind(rule, &frame, index, &scope, &answer, value).await
            }
        };
        match tagged {
            Ok(behind) => {
                tags.extend(behind);
                Made { outcome: outcome(answer), keep: Some((lives, tags)), is_error }
            }
            Err(fault) => Made { outcome: Err(fault), keep: None, is_error },
        }
    }
}

/// What decides how long answers are kept.
pub(super) fn terms<'a>(frame: &Frame, call: &'a Call, rule: &'a Caching) -> Terms<'a> {
    let shows_user = bearer::shows_user(frame, call);
    Terms { rule, call, shows_user, now: frame.gateway.clock.now() }
}

/// What reading the call gives.
///
/// # Errors
/// Why the body of a success cannot be read.
async fn read(frame: &Frame, call: &Call, answer: &Answer) -> Result<Value, String> {
    let rule = call.on_status.iter().find(|(own, _)| *own == answer.status);
    match rule {
        Some((_, OnStatus::Value(value))) => Ok(value.clone()),
        None if (200..300).contains(&answer.status) => said(frame, call, answer).await,
        _ => Ok(call.fallback.clone()),
    }
}

const NOT_MODIFIED: u16 = 304;
