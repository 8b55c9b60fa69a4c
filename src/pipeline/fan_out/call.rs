//! One call from its start to its end.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::answer;
use super::bearer;
use super::each;
use super::fetching::{note_part, terms};
use super::kept;
use super::request;
use super::send::{fetch, too_slow};
use super::settled::{Failure, Settled};
use crate::fault::Fault;
use crate::jq::Scope;
use crate::pipeline::frame::Frame;
use crate::pipeline::key::Item;
use crate::plan::{Call, Ttl};
use crate::upstream::Answer;

/// Runs a call that everything it waits for is there for.
pub(super) async fn settle(frame: &Rc<Frame>, index: usize) -> Settled {
    let call = frame.call(index);
    match starts(frame, call).await {
        Err(fault) => Settled::failed(call, fault),
        Ok(false) => Settled::skipped(call),
        Ok(true) => match &call.each {
            None => one(frame, index, &**frame, None).await,
            Some(each) => each::run(frame, index, each).await,
        },
    }
}

/// Whether a call is sent at all: what it needs has succeeded, and its `when` is true.
async fn starts(frame: &Frame, call: &Call) -> Result<bool, Fault> {
    let succeeded = |index: &usize| frame.settled(*index).is_some_and(Settled::succeeded);
    if !call.needs.iter().all(succeeded) {
        return Ok(false);
    }
    match &call.when {
        None => Ok(true),
        Some(when) => Ok(when.run(frame, &frame.limits()).await?.is_true()),
    }
}

/// Sends one request of a call, or serves it from what is kept, and says how it has ended. `scope` is the frame, with `$item`
/// inside `each`.
pub(super) async fn one(
    frame: &Rc<Frame>,
    index: usize,
    scope: &dyn Scope,
    item: Option<Item<'_>>,
) -> Settled {
    let call = frame.call(index);
    let ends = Instant::now() + call.timeout;
    let answered = match &call.cache {
        Some(rule) => kept::answer(frame, index, rule, scope, item, ends).await,
        None => {
            let answered = timeout_at(ends, sent(frame, call, scope, item, ends)).await;
            answered.unwrap_or_else(|_| Err(too_slow(call)))
        }
    };
    let result = match answered {
        Ok(answer) => {
            frame.answered_bytes.set(frame.answered_bytes.get() + answer.size);
            answer::read(frame, call, scope, answer).await
        }
        Err(fault) => Err(Failure::without_answer(fault)),
    };
    match result {
        Ok((value, answer)) => Settled::answered(value, answer),
        Err(failure) => Settled::failure(call, failure),
    }
}

/// The answer to a call that has no cache.
async fn sent(
    frame: &Rc<Frame>,
    call: &Call,
    scope: &dyn Scope,
    item: Option<Item<'_>>,
    ends: Instant,
) -> Result<Arc<Answer>, Fault> {
    let bearer = bearer::of(frame, call).await?;
    let request = request::make(frame, call, scope, item).await?;
    let answer = fetch(frame, call, request, bearer, ends).await?;
    note_part(frame, call, &answer);
    if let Some(rule) = &frame.endpoint.reply.cache
        && rule.ttl == Ttl::Upstream
    {
        let terms = terms(frame, call, rule);
        let (said, age) = (terms.said(&answer), terms.age(&answer, Duration::ZERO));
        let mut parts = frame.parts.borrow_mut();
        parts.rest = parts.rest.min(said);
        parts.age = parts.age.max(age);
    }
    Ok(answer)
}
