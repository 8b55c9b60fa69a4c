//! Operators: how they show who they are, and how they are answered.

use std::rc::Rc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use super::json as reply;
use crate::fault::{Code, Fault};
use crate::pipeline::Gateway;
use crate::server::handler::Worker;

/// What an operator is served with.
///
/// # Errors
/// 403 where the config has no token, 401 where the request has not this one.
pub(super) fn authorized(request: &HttpRequest) -> Result<&Rc<Gateway>, Fault> {
    let worker = request.app_data::<Worker>().and_then(|worker| worker.gateway.as_ref().ok());
    let gateway = worker.ok_or_else(|| Fault::internal("no worker"))?;
    let Some(token) = &gateway.plan.server.admin_token else {
        let message = "This is for operators: the config has no `token` in `[admin]`.";
        return Err(Fault::new(Code::Forbidden).message(message));
    };
    let mut given = request.headers().get_all("authorization");
    let bearer = |value: &[u8]| {
        let (scheme, given) = value.split_at_checked(7)?;
        scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.is(given.trim_ascii()))
    };
    match (given.next(), given.next()) {
        (Some(value), None) if bearer(value.as_bytes()) == Some(true) => Ok(gateway),
        _ => {
            let message = "Show the token of `[admin]`: `Authorization: Bearer …`.";
            Err(Fault::new(Code::Unauthorized).message(message))
        }
    }
}

/// The answer to an operator.
pub(super) fn answer(outcome: Result<Value, Fault>) -> HttpResponse {
    match outcome {
        Ok(value) => reply(StatusCode::OK).body(value.to_string()),
        Err(fault) => refuse(&fault),
    }
}

/// 400
pub(super) fn wrong(message: &'static str) -> Fault {
    Fault::new(Code::BadRequest).message(message)
}

fn refuse(fault: &Fault) -> HttpResponse {
    let parts = fault.parts();
    if let Some(cause) = &parts.cause {
        tracing::warn!(%cause, "an operator was not served");
    }
    let status = StatusCode::from_u16(parts.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = reply(status);
    let id = uuid::Uuid::new_v4().simple().to_string();
    response.insert_header(("x-request-id", id.as_str()));
    if parts.status == 401 {
        response.insert_header(("www-authenticate", "Bearer"));
    }
    if let Some(methods) = &parts.allow {
        response.insert_header(("allow", methods.as_str()));
    }
    if let Some(seconds) = parts.retry_after {
        response.insert_header(("retry-after", seconds.to_string()));
    }
    let error = json!({
        "code": parts.code.name(), "message": parts.message, "request_id": id,
    });
    response.body(json!({ "error": error }).to_string())
}
