//! One call from its start to its end.

use std::rc::Rc;

use futures_util::StreamExt;
use tokio::time::timeout;

use super::answer;
use super::request;
use super::settled::{End, Failure, Settled};
use crate::fault::{Code, Fault};
use crate::jq::Scope;
use crate::pipeline::frame::{Frame, With};
use crate::plan::{Call, Each, slot};
use crate::upstream::{Answer, Error, Request};
use crate::value::Value;

/// Runs a call that everything it waits for is there for. Gives its index back, for the engine.
pub(super) async fn settle(frame: Rc<Frame>, index: usize) -> (usize, Settled) {
    let call = frame.call(index);
    let settled = match starts(&frame, call).await {
        Err(fault) => Settled::failed(call, fault),
        Ok(false) => Settled::skipped(call),
        Ok(true) => match &call.each {
            None => one(&frame, call, &*frame).await,
            Some(each) => every(&frame, call, each).await,
        },
    };
    (index, settled)
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

async fn one(frame: &Frame, call: &Call, scope: &dyn Scope) -> Settled {
    let sent = async {
        let request = request::make(frame, call, scope).await?;
        send(frame, call, request).await
    };
    let result = match timeout(call.timeout, sent).await {
        Ok(Ok(answer)) => answer::read(frame, call, answer).await,
        Ok(Err(fault)) => Err(failure(fault)),
        Err(_) => Err(failure(too_slow(call))),
    };
    match result {
        Ok((value, answer)) => Settled::answered(value, answer),
        Err(failure) => Settled::failure(call, failure),
    }
}

/// One request per item, a bounded number of them at once; the answers stand in the order of the items.
async fn every(frame: &Frame, call: &Call, each: &Each) -> Settled {
    let items = match items(frame, each).await {
        Ok(items) => items,
        Err(fault) => return Settled::failed(call, fault),
    };
    let list = items.as_array().unwrap_or_default();
    let requests = list.iter().map(|item| async move {
        let scope = With { frame, slot: slot::ITEM, value: item };
        one(frame, call, &scope).await
    });
    let mut ended = futures_util::stream::iter(requests).buffered(each.parallel);
    let (mut values, mut ends) = (Vec::with_capacity(list.len()), Vec::with_capacity(list.len()));
    while let Some(settled) = ended.next().await {
        let failed = matches!(settled.end, End::Failed(_));
        values.push(settled.value);
        ends.push(settled.end);
        if failed && !call.optional && !call.changes {
            break;
        }
    }
    Settled { value: Value::array(values), end: End::Each(ends) }
}

async fn items(frame: &Frame, each: &Each) -> Result<Value, Fault> {
    let items = each.items.run(frame, &frame.limits()).await?;
    match items.as_array() {
        None if items.is_null() => Ok(Value::Null),
        None => Err(Fault::internal("`each` gave something else than an array")),
        Some(list) if list.len() > each.limit => Err(Fault::internal(format_args!(
            "`each` gave {} items, the limit is {}",
            list.len(),
            each.limit
        ))),
        Some(_) => Ok(items),
    }
}

async fn send(frame: &Frame, call: &Call, request: Request) -> Result<Rc<Answer>, Fault> {
    let client = frame.gateway.client(call.upstream)?;
    if frame.decided.get() {
        return Err(Fault::internal("the reply was decided before this call was sent"));
    }
    let sent = if call.changes {
        frame.committed.set(true);
        client.send(&request).await.map(Rc::new)
    } else {
        frame.shared.send(client, request).await
    };
    let answer = sent.map_err(|error| unanswered(frame, call, &error))?;
    frame.answered_bytes.set(frame.answered_bytes.get() + answer.body.len());
    Ok(answer)
}

fn unanswered(frame: &Frame, call: &Call, error: &Error) -> Fault {
    let code = match error {
        Error::Request(_) => Code::InternalError,
        Error::Connect(_) => Code::UpstreamUnavailable,
        Error::Closed(_) | Error::Broken(_) | Error::TooLarge(_) => Code::UpstreamError,
    };
    let upstream = &frame.gateway.plan.upstreams[call.upstream].name;
    Fault::new(code).cause(format_args!("call `{}` to upstream `{upstream}`: {error}", call.name))
}

fn too_slow(call: &Call) -> Fault {
    let cause = format!("call `{}` has not ended after {:?}", call.name, call.timeout);
    Fault::new(Code::UpstreamTimeout).cause(cause)
}

fn failure(fault: Fault) -> Failure {
    Failure { fault, answer: None, body: Value::Null }
}
