//! How a call's request is sent.

use std::rc::Rc;
use std::sync::Arc;

use http::Method;
use tokio::task::spawn_local;
use tokio::time::{Instant, timeout_at};

use super::bearer::{self, Bearer};
use crate::fault::{Code, Fault};
use crate::pipeline::frame::Frame;
use crate::plan::Call;
use crate::upstream::{Answer, Client, Error, Request};

/// Sends a request with its token, and once more with another one where the upstream does not take it.
///
/// # Errors
/// Why there is no answer.
pub(super) async fn fetch(
    frame: &Rc<Frame>,
    call: &Call,
    request: Request,
    bearer: Option<Bearer>,
    ends: Instant,
) -> Result<Arc<Answer>, Fault> {
    let answer = send(frame, call, with(request.clone(), bearer.as_ref())?, ends).await?;
    // The token may have been taken back before its end: another one is tried, once.
    let Some(refused) = bearer.filter(|_| answer.status == UNAUTHORIZED) else {
        return Ok(answer);
    };
    let Some(another) = bearer::another(frame, call, &refused).await? else {
        return Ok(answer);
    };
    let answer = send(frame, call, with(request, Some(&another))?, ends).await?;
    bearer::helped(frame, &another, answer.status != UNAUTHORIZED);
    Ok(answer)
}

fn with(mut request: Request, bearer: Option<&Bearer>) -> Result<Request, Fault> {
    if let Some(bearer) = bearer {
        bearer.put(&mut request.headers)?;
    }
    Ok(request)
}

async fn send(
    frame: &Rc<Frame>,
    call: &Call,
    request: Request,
    ends: Instant,
) -> Result<Arc<Answer>, Fault> {
    let client = frame.gateway.client(call.upstream)?;
    let sent = if call.changes {
        frame.ongoing.commit().await?;
        change(frame, client.clone(), request, ends).await.ok_or_else(|| too_slow(call))?
    } else {
        let now = frame.gateway.cache.entries.tags.now();
        let since = if call.cache.is_some() { now } else { 0 };
        frame.shared.send(client, request, now, since).await
    };
    sent.map_err(|error| unanswered(frame, call, &error))
}

/// Sends what changes something, in a task of its own: it comes to its end whatever becomes of the request.
/// Nothing, when it has not ended in time.
async fn change(
    frame: &Rc<Frame>,
    client: Client,
    request: Request,
    ends: Instant,
) -> Option<Result<Arc<Answer>, Error>> {
    let sending = Rc::clone(frame);
    sending.changes.set(sending.changes.get() + 1);
    let sending = spawn_local(async move {
        let sent = timeout_at(ends, client.send(&request)).await;
        let not_sent = matches!(&sent, Ok(Err(Error::Connect(_)))) && !is_repeated(&request);
        if not_sent {
            sending.ongoing.not_sent();
        }
        if not_sent || matches!(&sent, Ok(Ok(answer)) if answer.status >= 400) {
            sending.changes.set(sending.changes.get().saturating_sub(1));
        }
        // The reply did not wait for this one: what was asked for meanwhile may be from before it.
        if let Some(tags) = sending.revalidated.get() {
            sending.gateway.revalidate(tags).await;
        }
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

fn unanswered(frame: &Rc<Frame>, call: &Call, error: &Error) -> Fault {
    let code = match error {
        Error::Request(_) => Code::InternalError,
        Error::Connect(_) => Code::UpstreamUnavailable,
        Error::Closed(_) | Error::Broken(_) | Error::TooLarge(_) => Code::UpstreamError,
    };
    let upstream = &frame.gateway.plan.upstreams[call.upstream].name;
    Fault::new(code).cause(format_args!("call `{}` to upstream `{upstream}`: {error}", call.name))
}

/// That a call has taken longer than it may.
pub(super) fn too_slow(call: &Call) -> Fault {
    let cause = format!("call `{}` has not ended after {:?}", call.name, call.timeout);
    Fault::new(Code::UpstreamTimeout).cause(cause)
}

const UNAUTHORIZED: u16 = 401;
