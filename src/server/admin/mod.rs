//! The admin listener: whether the process lives, whether it takes requests, whose sessions there are, and
//! what is to be fetched anew.

mod operator;
mod revalidate;
mod sessions;

use std::sync::atomic::Ordering;

use actix_web::http::{ConnectionType, Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};

use super::connection::Turn;
use super::error;
use super::handler::Worker;
use crate::fault::Code;

/// `GET /healthz`: the process lives. `GET /readyz`: it takes requests, and what it does without; 503 once it drains. `/sessions`,
/// `/revalidate`: for operators.
pub(super) async fn answer(request: HttpRequest, payload: web::Payload) -> HttpResponse {
    let turn = Turn::begin(&request);
    let mut response = match turn.turns().refused() {
        None if sessions::is_meant(request.path()) => sessions::answer(&request).await,
        None if request.path() == "/revalidate" => {
            revalidate::answer(&request, payload, turn.turns()).await
        }
        None => reply(&request),
        Some(refused) => refuse(&refused.fault.parts().code, None),
    };
    if turn.turns().is_last() {
        response.head_mut().set_connection_type(ConnectionType::Close);
    }
    response
}

fn reply(request: &HttpRequest) -> HttpResponse {
    let worker = request.app_data::<Worker>();
    let draining = worker.is_none_or(|worker| worker.shared.draining.load(Ordering::Relaxed));
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    match request.path() {
        "/healthz" | "/readyz" if !reads => refuse(&Code::MethodNotAllowed, Some("GET, HEAD")),
        "/healthz" => json(StatusCode::OK).body(r#"{"status":"ok"}"#),
        "/readyz" if draining => json(StatusCode::SERVICE_UNAVAILABLE)
            .body(r#"{"status":"draining","missing":["listener"]}"#),
        "/readyz" if worker.is_some_and(Worker::lacks_redis) => {
            json(StatusCode::OK).body(r#"{"status":"ready","missing":["redis"]}"#)
        }
        "/readyz" => json(StatusCode::OK).body(r#"{"status":"ready"}"#),
        _ => refuse(&Code::NotFound, None),
    }
}

fn json(status: StatusCode) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response.insert_header(("content-type", "application/json"));
    response.insert_header(("cache-control", "no-store"));
    response.insert_header(("x-content-type-options", "nosniff"));
    response
}

fn refuse(code: &Code, allow: Option<&'static str>) -> HttpResponse {
    let id = uuid::Uuid::new_v4().simple().to_string();
    let status = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::NOT_FOUND);
    let mut response = json(status);
    response.insert_header(("x-request-id", id.as_str()));
    if let Some(methods) = allow {
        response.insert_header(("allow", methods));
    }
    response.body(error::body(code, &id))
}
