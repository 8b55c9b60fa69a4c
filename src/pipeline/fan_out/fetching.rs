//! The request of a call that has a cache, sent for all who ask for the same.

use std::rc::Rc;
use std::sync::Arc;

use tokio::time::{Instant, timeout_at};

use super::answer::said;
use super::bearer;
use super::send::{fetch, too_slow};
use super::tags;
use crate::cache::{Entry, Tag};
use crate::fault::Fault;
use crate::pipeline::cache::freshness::Terms;
use crate::pipeline::cache::{Held, Made, freshness, tagged, validators};
use crate::pipeline::frame::{Frame, With};
use crate::plan::{Caching, Call, Expect, OnStatus, slot};
use crate::upstream::{Answer, Request};
use crate::value::Value;

/// A request that is sent for all who ask for the same.
#[derive(Clone)]
pub(super) struct Fetching {
    pub(super) frame: Rc<Frame>,
    /// The call.
    pub(super) index: usize,
    /// Its item, inside `each`.
    pub(super) item: Option<Value>,
    /// Without a token.
    pub(super) request: Request,
    /// The tags that do not read the answer.
    pub(super) tags: Vec<Tag>,
}

impl Fetching {
    /// Sends it, with a patience of its own, and says what of the answer is kept. An old one that can be asked for by its
    /// validators may turn out to be still good.
    pub(super) async fn make(mut self, old: Option<Arc<Entry<Held>>>) -> Made {
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
        let old = old.filter(|old| !old.is_gone(&entries.tags));
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
        let behind = match (value, &item) {
            (None, _) => Ok(Vec::new()),
            (Some(value), None) => tags::behind(rule, &frame, index, &*frame, &answer, value).await,
            (Some(value), Some(item)) => {
                let scope = With { scope: &*frame, slot: slot::ITEM, value: item };
                tags::behind(rule, &frame, index, &scope, &answer, value).await
            }
        };
        match behind {
            Ok(behind) => {
                tags.extend(behind);
                let Some(tags) = tagged(tags, &call.name) else { return not(answer) };
                let answer = Arc::new(answer.compact(call.expect == Expect::Json));
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

/// Notes whether the whole reply is one client's because of an answer.
pub(super) fn note_part(frame: &Frame, call: &Call, answer: &Answer) {
    if let Some(rule) = &frame.endpoint.reply.cache {
        let is_for_one = terms(frame, call, rule).makes_for_one(answer);
        frame.parts.borrow_mut().is_for_one |= is_for_one;
    }
}

/// What reading the call gives where it has succeeded; nothing for any other answer, whose tags are those that do not read
/// it.
///
/// # Errors
/// Why the body of a success cannot be read.
pub(super) async fn read(
    frame: &Frame,
    call: &Call,
    answer: &Answer,
) -> Result<Option<Value>, String> {
    if !(200..300).contains(&answer.status) {
        return Ok(None);
    }
    match call.on_status.iter().find(|(own, _)| *own == answer.status) {
        Some((_, OnStatus::Value(value))) => Ok(Some(value.clone())),
        Some(_) => Ok(None),
        None => said(frame, call, answer).await.map(Some),
    }
}

const NOT_MODIFIED: u16 = 304;
