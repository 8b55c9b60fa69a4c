//! From an actix request to the pipeline and back.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, HttpResponseBuilder, web};
use http::Method;
use tokio::time::Instant;
use tracing_actix_web::RequestId;

use super::Shared;
use super::body::ActixBody;
use super::connection::Turn;
use super::detach::{Detachable, Serving};
use super::error;
use super::head::ActixHead;
use crate::fault::{Code, Fault};
use crate::pipeline::{self, Body, Gateway, Ongoing, Reply, Request};
use crate::telemetry::{Access, Trace, access};
use crate::value::SmolStr;

/// What a worker has at hand.
pub(super) struct Worker {
    pub(super) gateway: Result<Rc<Gateway>, String>,
    pub(super) shared: Shared,
}

impl Worker {
    /// Whether the cache does without the Redis that it should have.
    pub(super) fn lacks_redis(&self) -> bool {
        self.gateway.as_ref().is_ok_and(|gateway| gateway.cache.is_away())
    }
}

/// Answers a request.
pub(super) async fn answer(request: HttpRequest, payload: web::Payload) -> HttpResponse {
    let worker = request.app_data::<Worker>();
    let Some((Ok(gateway), shared)) = worker.map(|worker| (&worker.gateway, &worker.shared)) else {
        return HttpResponse::InternalServerError().finish();
    };
    let (gateway, shared) = (Rc::clone(gateway), shared.clone());
    let turn = Turn::begin(&request);
    let incoming = take_in(&request, payload, &turn, gateway.plan.limits.body_timeout);
    let (id, ongoing) = (incoming.id.clone(), Rc::clone(&incoming.ongoing));
    let (method, head) = (incoming.method.clone(), Rc::clone(&incoming.head));
    let state = Rc::clone(&gateway);
    let refused = turn.turns().refused();
    let left = Rc::new(Cell::new(false));
    let log = Log {
        id: incoming.id.clone(),
        started: incoming.started,
        request: refused.as_ref().is_none_or(|refused| refused.is_known).then_some(request),
        left: Rc::clone(&left),
        written: false,
    };
    let running = async move {
        let reply = match refused {
            None => pipeline::run(gateway, incoming).await,
            Some(refused) => pipeline::refuse(&gateway, &incoming, &refused.fault),
        };
        log.write(&reply);
        if shared.draining.load(Ordering::Relaxed) {
            turn.turns().end();
        }
        into_response(reply, turn.turns().is_last())
    };
    let reply = Detachable::new(running, ongoing, left).await;
    reply.unwrap_or_else(|_| {
        panicked(&id, &pipeline::standing(&state.plan, Some((&method, &*head))))
    })
}

fn take_in(
    request: &HttpRequest,
    payload: web::Payload,
    turn: &Turn,
    body_timeout: Duration,
) -> Request {
    let id = request.extensions().get::<RequestId>().copied();
    let uuid = id.map(uuid::Uuid::from).unwrap_or_default();
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    // actix-web's methods are those of an older `http`.
    let method = Method::from_bytes(request.method().as_str().as_bytes()).unwrap_or(Method::GET);
    let announced = header("content-length").and_then(|length| length.parse().ok());
    Request {
        method,
        head: Rc::new(ActixHead(request.clone())),
        body: Body::new(ActixBody {
            payload,
            announced,
            turns: Rc::clone(turn.turns()),
            longest: body_timeout,
        }),
        id: SmolStr::from(uuid.simple().to_string()),
        trace: Trace::start(header("traceparent"), uuid.as_bytes()),
        client: request.peer_addr().map(|peer| peer.ip()),
        started: Instant::now(),
        ongoing: Ongoing::new(request.conn_data::<Option<Serving>>().cloned()),
    }
}

fn into_response(reply: Reply, last: bool) -> HttpResponse {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    add_headers(&mut response, &reply.headers);
    if last {
        response.force_close();
    }
    response.body(reply.body)
}

fn add_headers(
    response: &mut HttpResponseBuilder,
    headers: &[(http::HeaderName, http::HeaderValue)],
) {
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_str().as_bytes());
        let value = HeaderValue::from_bytes(value.as_bytes());
        if let (Ok(name), Ok(value)) = (name, value) {
            response.append_header((name, value));
        }
    }
}

/// What is left to say where the pipeline has a bug.
fn panicked(id: &str, standing: &[(http::HeaderName, http::HeaderValue)]) -> HttpResponse {
    let mut response = HttpResponse::InternalServerError();
    response.insert_header(("content-type", "application/json"));
    response.insert_header(("x-request-id", id));
    add_headers(&mut response, standing);
    response.body(error::body(&Code::InternalError, id))
}

/// Nobody gets it: this is what logs commonly have for a client that has left.
const LEFT: u16 = 499;

/// What became of a change whose client has left.
fn without_client(status: u16, cause: Option<&str>) -> String {
    let said = format!("the client left; the change went on, its reply would have been {status}");
    match cause {
        Some(cause) => format!("{said}: {cause}"),
        None => said,
    }
}

/// The access line of a request, also of one that is dropped before it has a reply.
struct Log {
    id: SmolStr,
    started: Instant,
    /// Nothing where what came is none.
    request: Option<HttpRequest>,
    /// The client has left, and a change went on without it.
    left: Rc<Cell<bool>>,
    written: bool,
}

impl Log {
    fn write(mut self, reply: &Reply) {
        let fault = reply.fault.as_ref().map(Fault::parts);
        let cause = fault.and_then(|parts| parts.cause.as_deref());
        // HEAD is told of a body, and sent none.
        let is_head = self.request.as_ref().is_some_and(|request| request.method() == "HEAD");
        let bytes = if is_head { 0 } else { reply.body.len() as u64 };
        let line = Access {
            route: reply.endpoint.as_ref().map(|endpoint| endpoint.route()),
            status: reply.status,
            bytes: Some(bytes),
            partial: reply.partial.as_deref(),
            code: fault.map(|parts| parts.code.name()),
            cause,
            ..self.access()
        };
        if self.left.get() {
            let cause = without_client(reply.status, cause);
            access(&Access { status: LEFT, bytes: None, cause: Some(&cause), ..line });
        } else {
            access(&line);
        }
        self.written = true;
    }

    fn access(&self) -> Access<'_> {
        let (status, code, cause) = match std::thread::panicking() {
            true => (500, Some(Code::InternalError.name()), "a panic"),
            false => (LEFT, None, "the connection ended before the reply"),
        };
        Access {
            method: self.request.as_ref().map_or("-", |request| request.method().as_str()),
            route: None,
            path: self.request.as_ref().map_or("-", |request| request.uri().path()),
            status,
            duration: self.started.elapsed(),
            request_id: &self.id,
            bytes: None,
            partial: None,
            code,
            cause: Some(cause),
        }
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        if !self.written {
            access(&self.access());
        }
    }
}
