//! From an actix request to the pipeline and back.

use std::rc::Rc;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};
use http::Method;
use tokio::time::Instant;
use tracing_actix_web::RequestId;

use super::body::ActixBody;
use super::detach::{Detachable, Open};
use super::head::{self, ActixHead};
use crate::fault::Fault;
use crate::pipeline::{self, Gateway, Ongoing, Reply, Request};
use crate::plan::ErrorShape;
use crate::telemetry::{Access, Trace, access};
use crate::value::SmolStr;

/// What a worker has at hand.
pub(super) struct Worker {
    pub(super) gateway: Result<Rc<Gateway>, String>,
}

/// Answers a request.
pub(super) async fn answer(request: HttpRequest, payload: web::Payload) -> HttpResponse {
    let worker = request.app_data::<Worker>();
    let Some(Ok(gateway)) = worker.map(|worker| &worker.gateway) else {
        return HttpResponse::InternalServerError().finish();
    };
    let gateway = Rc::clone(gateway);
    let incoming = take_in(&request, payload);
    let ongoing = Rc::clone(&incoming.ongoing);
    let log = Log { id: incoming.id.clone(), started: incoming.started, request };
    let running = async move {
        let reply = match head::check(&log.request, &gateway.plan.limits) {
            Ok(()) => pipeline::run(gateway, incoming).await,
            Err(fault) => pipeline::respond_to_fault(&incoming, ErrorShape::Envelope, &fault),
        };
        log.write(&reply);
        into_response(reply)
    };
    Detachable::new(running, ongoing).await
}

fn take_in(request: &HttpRequest, payload: web::Payload) -> Request {
    let id = request.extensions().get::<RequestId>().copied();
    let uuid = id.map(uuid::Uuid::from).unwrap_or_default();
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    // actix-web's methods are those of an older `http`.
    let method = Method::from_bytes(request.method().as_str().as_bytes()).unwrap_or(Method::GET);
    let announced = header("content-length").and_then(|length| length.parse().ok());
    Request {
        method,
        head: Rc::new(ActixHead(request.clone())),
        payload: Box::new(ActixBody { payload, announced }),
        id: SmolStr::from(uuid.simple().to_string()),
        trace: Trace::start(header("traceparent"), uuid.as_bytes()),
        peer: request.peer_addr().map(|peer| peer.ip()),
        started: Instant::now(),
        ongoing: Ongoing::new(request.conn_data::<Open>().cloned()),
    }
}

fn into_response(reply: Reply) -> HttpResponse {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    for (name, value) in &reply.headers {
        let name = HeaderName::from_bytes(name.as_str().as_bytes());
        let value = HeaderValue::from_bytes(value.as_bytes());
        if let (Ok(name), Ok(value)) = (name, value) {
            response.append_header((name, value));
        }
    }
    response.body(reply.body)
}

struct Log {
    id: SmolStr,
    started: Instant,
    request: HttpRequest,
}

impl Log {
    fn write(&self, reply: &Reply) {
        let fault = reply.fault.as_ref().map(Fault::parts);
        let endpoint = reply.endpoint.as_ref();
        access(&Access {
            method: self.request.method().as_str(),
            route: endpoint.map(|endpoint| endpoint.route()),
            path: self.request.uri().path(),
            status: reply.status,
            duration: self.started.elapsed(),
            request_id: &self.id,
            bytes: Some(reply.body.len() as u64),
            partial: reply.partial.as_deref(),
            code: fault.map(|parts| parts.code.name()),
            cause: fault.and_then(|parts| parts.cause.as_deref()),
        });
    }
}
