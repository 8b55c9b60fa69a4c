//! Whether a request that a cookie authenticates is sent by our own pages.

use http::Method;

use super::Session;
use crate::csrf;
use crate::fault::Fault;
use crate::pipeline::browser;
use crate::pipeline::gateway::Gateway;
use crate::pipeline::request::Request;
use crate::plan::{Csrf, Endpoint, Frontend};

/// Refuses a request that another site may have made a browser send.
///
/// # Errors
/// 403 `CSRF_FAILED`, with a text that says which check has failed.
pub(in crate::pipeline) fn origin(
    gateway: &Gateway,
    frontend: &Frontend,
    endpoint: &Endpoint,
    request: &Request,
    session: Option<&Session>,
) -> Result<(), Fault> {
    let by_cookie = session.is_some_and(|session| session.by.is_cookie());
    if !by_cookie || endpoint.csrf == Csrf::Off || browser::is_link(request) {
        return Ok(());
    }
    let head = &*request.head;
    let changes = !matches!(request.method, Method::GET | Method::HEAD);
    browser::is_ours(changes, frontend, endpoint.cors.as_deref(), head)?;
    if endpoint.csrf == Csrf::Header {
        let name = &gateway.plan.lifetimes.csrf_header;
        csrf::header(name, &head.header(name.as_str()))?;
    }
    Ok(())
}
