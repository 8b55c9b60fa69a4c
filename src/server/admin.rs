//! The admin listener: whether the process lives, and whether it takes requests.

use std::sync::atomic::Ordering;

use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse};

use super::Shared;
use super::connection::Turn;
use crate::fault::Code;

/// `GET /healthz`: the process lives. `GET /readyz`: it takes requests; 503 once it drains.
pub(super) async fn answer(request: HttpRequest) -> HttpResponse {
    let _turn = Turn::begin(&request);
    let draining =
        request.app_data::<Shared>().is_none_or(|shared| shared.draining.load(Ordering::Relaxed));
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    match request.path() {
        "/healthz" | "/readyz" if !reads => error(&Code::MethodNotAllowed, Some("GET, HEAD")),
        "/healthz" => json(StatusCode::OK, r#"{"status":"ok"}"#),
        "/readyz" if draining => {
            json(StatusCode::SERVICE_UNAVAILABLE, r#"{"status":"draining","missing":["listener"]}"#)
        }
        "/readyz" => json(StatusCode::OK, r#"{"status":"ready"}"#),
        _ => error(&Code::NotFound, None),
    }
}

fn json(status: StatusCode, body: impl Into<String>) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header(("content-type", "application/json"))
        .insert_header(("cache-control", "no-store"))
        .body(body.into())
}

fn error(code: &Code, allow: Option<&'static str>) -> HttpResponse {
    let (name, sentence) = (code.name(), code.sentence());
    let status = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::NOT_FOUND);
    let body = format!(r#"{{"error":{{"code":"{name}","message":"{sentence}"}}}}"#);
    let mut response = json(status, body);
    if let Some(methods) = allow {
        let header = actix_web::http::header::HeaderValue::from_static(methods);
        response.headers_mut().insert(actix_web::http::header::ALLOW, header);
    }
    response
}
