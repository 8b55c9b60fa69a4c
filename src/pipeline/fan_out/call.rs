//! One call from its start to its end.

use std::rc::Rc;
use std::sync::Arc;

use http::Method;
use tokio::task::spawn_local;
use tokio::time::{Instant, timeout_at};

use super::answer;
use super::bearer::{self, Bearer};
use super::each;
use super::request;
use super::settled::{Failure, Settled};
use crate::fault::{Code, Fault};
use crate::jq::Scope;
use crate::pipeline::frame::Frame;
use crate::pipeline::key::Item;
use crate::plan::Call;
use crate::upstream::{Answer, Client, Error, Request};

/// Runs a call that everything it waits for is there for.
pub(super) async fn settle(frame: &Rc<Frame>, index: usize) -> Settled {
    let call = frame.call(index);
    match starts(frame, call).await {
        Err(fault) => Settled::failed(call, fault),
        Ok(false) => Settled::skipped(call),
        Ok(true) => match &call.each {
            None => one(frame, call, &**frame, None).await,
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

/// Sends one request of a call, and says how it has ended. `scope` is the frame, with `$item` inside `each`.
pub(super) async fn one(
    frame: &Rc<Frame>,
    call: &Call,
    scope: &dyn Scope,
    item: Option<Item<'_>>,
) -> Settled {
    let ends = Instant::now() + call.timeout;
    let answered = async {
        let bearer = bearer::of(frame, call).await?;
        let made = || request::make(frame, call, scope, item);
        let answer = send(frame, call, with(made().await?, bearer.as_ref())?, ends).await?;
        // The token may have been taken back before its end: another one is tried, once.
        let Some(refused) = bearer.filter(|_| answer.status == UNAUTHORIZED) else {
            return Ok(answer);
        };
        let Some(another) = bearer::another(frame, call, &refused).await? else {
            return Ok(answer);
        };
        let answer = send(frame, call, with(made().await?, Some(&another))?, ends).await?;
        bearer::helped(frame, &another, answer.status != UNAUTHORIZED);
        Ok(answer)
    };
    let result = match timeout_at(ends, answered).await {
        Ok(Ok(answer)) => answer::read(frame, call, scope, answer).await,
        Ok(Err(fault)) => Err(Failure::without_answer(fault)),
        Err(_) => Err(Failure::without_answer(too_slow(call))),
    };
    match result {
        Ok((value, answer)) => Settled::answered(value, answer),
        Err(failure) => Settled::failure(call, failure),
    }
}

fn with(mut request: Request, bearer: Option<&Bearer>) -> Result<Request, Fault> {
    if let Some(bearer) = bearer {
        bearer.put(&mut request.headers)?;
    }
    Ok(request)
}

async fn send(
    frame: &Frame,
    call: &Call,
    request: Request,
    ends: Instant,
) -> Result<Arc<Answer>, Fault> {
    let client = frame.gateway.client(call.upstream)?;
    let sent = if call.changes {
        frame.ongoing.commit().await?;
        change(frame, client.clone(), request, ends).await.ok_or_else(|| too_slow(call))?
    } else {
        frame.shared.send(client, request).await
    };
    let answer = sent.map_err(|error| unanswered(frame, call, &error))?;
    frame.answered_bytes.set(frame.answered_bytes.get() + answer.size);
    Ok(answer)
}

/// Sends what changes something, in a task of its own: it comes to its end whatever becomes of the request.
/// Nothing, when it has not ended in time.
async fn change(
    frame: &Frame,
    client: Client,
    request: Request,
    ends: Instant,
) -> Option<Result<Arc<Answer>, Error>> {
    let ongoing = Rc::clone(&frame.ongoing);
    let sending = spawn_local(async move {
        let sent = timeout_at(ends, client.send(&request)).await;
        if matches!(&sent, Ok(Err(Error::Connect(_)))) && !is_repeated(&request) {
            ongoing.not_sent();
        }
        drop(ongoing);
        sent.ok()
    });
    match sending.await {
        Ok(sent) => Some(sent?.map(Arc::new)),
        Err(error) => Some(Err(Error::Closed(error.to_string()))),
    }
}

/// Whether the client may have sent it before it found no connection.
fn is_repeated(request: &Request) -> bool {
    matches!(request.method, Method::GET | Method::HEAD)
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

const UNAUTHORIZED: u16 = 401;
