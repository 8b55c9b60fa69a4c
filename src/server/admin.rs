//! The admin listener: whether the process lives, and whether it takes requests.

use std::sync::atomic::Ordering;

use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse};

use super::Shared;
use super::connection::Turn;

/// `GET /healthz`: the process lives. `GET /readyz`: it takes requests; 503 once it drains.
pub(super) async fn answer(request: HttpRequest) -> HttpResponse {
    let _turn = Turn::begin(&request);
    let draining =
        request.app_data::<Shared>().is_none_or(|shared| shared.draining.load(Ordering::Relaxed));
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let (status, body) = match request.path() {
        "/healthz" | "/readyz" if !reads => (StatusCode::METHOD_NOT_ALLOWED, METHODS),
        "/healthz" => (StatusCode::OK, r#"{"status":"ok"}"#),
        "/readyz" if draining => {
            (StatusCode::SERVICE_UNAVAILABLE, r#"{"status":"draining","missing":["listener"]}"#)
        }
        "/readyz" => (StatusCode::OK, r#"{"status":"ready"}"#),
        _ => (StatusCode::NOT_FOUND, NOTHING),
    };
    HttpResponse::build(status)
        .insert_header(("content-type", "application/json"))
        .insert_header(("cache-control", "no-store"))
        .body(body)
}

const METHODS: &str =
    r#"{"error":{"code":"METHOD_NOT_ALLOWED","message":"This method is not offered here."}}"#;
const NOTHING: &str = r#"{"error":{"code":"NOT_FOUND","message":"There is nothing here."}}"#;
