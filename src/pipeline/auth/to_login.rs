//! `unauthenticated = "login"`

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::reply::{going_on, see_other};
use crate::cookie::SameSite;
use crate::fault::{Code, Fault};
use crate::pipeline::browser;
use crate::pipeline::gateway::Gateway;
use crate::pipeline::notes::Notes;
use crate::pipeline::request::Request;
use crate::pipeline::respond::Reply;
use crate::plan::{Endpoint, Frontend, Unauthenticated};

/// Sends a navigation to the login in the place of a 401, where the endpoint says so. Whoever asks for data gets the 401.
///
/// An upstream's own 401 passes: another login would not change it, and lead here again.
pub(in crate::pipeline) fn instead_of(
    fault: &Fault,
    gateway: &Gateway,
    frontend: &Frontend,
    endpoint: &Endpoint,
    request: &Request,
    notes: &Notes,
) -> Option<Reply> {
    let is_nobody = fault.parts().status == 401
        && (notes.is_nobody || fault.parts().code == Code::SessionExpired);
    if endpoint.unauthenticated != Unauthenticated::Login
        || !is_nobody
        || !browser::is_navigation(request)
    {
        return None;
    }
    let login = gateway.plan.logins.get(frontend.login.as_ref()?.login)?;
    let (path, query) = (request.head.path(), request.head.query());
    let mark = if query.is_empty() { "" } else { "?" };
    let here = format!("{path}{mark}{query}");
    // A link of another site brings no Strict cookie. What a page of ours asks for does.
    if strict(frontend) && browser::is_of_another_site(None, &*request.head) {
        let mut reply = going_on(request, 200, "One moment", &here);
        reply.fault = Some(fault.clone());
        return Some(reply);
    }
    let here = utf8_percent_encode(&here, NON_ALPHANUMERIC);
    let mut reply = see_other(request, &format!("{}/login?return_to={here}", login.path)).ok()?;
    reply.fault = Some(fault.clone());
    Some(reply)
}

fn strict(frontend: &Frontend) -> bool {
    frontend.login.as_ref().is_some_and(|door| door.cookie.same_site == SameSite::Strict)
}
