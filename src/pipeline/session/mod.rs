//! Who asks, where from, and whether their roles let them.

mod describe;
mod keep;
mod login;
mod origin;
mod roles;

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use http::header::VARY;

pub(super) use describe::describe;
pub(super) use keep::keep;
pub(super) use login::{Held, forget, held};
pub(super) use origin::origin;
pub(super) use roles::{denied, roles};

use super::gateway::Gateway;
use super::notes::Notes;
use super::request::{Head, Request};
use crate::cookie::{Cookie, SameSite};
use crate::fault::{Code, Fault};
use crate::identity::Identity;
use crate::plan::{Endpoint, Frontend, SessionRule};
use crate::session::Live;
use crate::token::{Credentials, Rejection, Verified};
use crate::value::Value;

/// Who asks, and how they showed it.
pub(super) struct Session {
    /// Who it is.
    pub(super) identity: Arc<Identity>,
    /// How they showed it.
    pub(super) by: By,
}

/// How somebody shows who they are.
pub(super) enum By {
    /// By a token in `Authorization`.
    Bearer,
    /// By a token in a cookie.
    TokenCookie,
    /// By the cookie of a login.
    Login(Arc<Live>),
}

impl By {
    /// Whether a browser sends it on its own, so that the request has to show where it comes from.
    pub(super) fn is_cookie(&self) -> bool {
        !matches!(self, Self::Bearer)
    }
}

/// A session and what programs see of it.
pub(super) struct Known {
    /// Whose it is.
    pub(super) identity: Arc<Identity>,
    /// `$session`: `{iss, sub, roles, scopes, claims}`.
    pub(super) value: Value,
    /// How they showed it.
    pub(super) by: By,
}

/// Looks for a session, as the endpoint's rule says.
///
/// # Errors
/// 401 where one is required and none is there, or has ended, or a bearer token is bad; 400 for two credentials; 503 when
/// the issuer's keys were never seen, or the store is away.
pub(super) async fn check(
    gateway: &Gateway,
    frontend: &Frontend,
    endpoint: &Endpoint,
    request: &Request,
    notes: &mut Notes,
) -> Result<Option<Session>, Fault> {
    if endpoint.session == SessionRule::None {
        return Ok(None);
    }
    let head = &*request.head;
    if frontend.login.is_some() || !head.header("cookie").is_empty() {
        notes.headers.push((VARY, HeaderValue::from_static("Cookie")));
    }
    let refusal = match found(gateway, frontend, head, notes).await? {
        Ok(Some(session)) => return Ok(Some(session)),
        Ok(None) => Fault::new(Code::Unauthorized).cause("no session"),
        Err(dead) => dead,
    };
    if endpoint.session == SessionRule::Optional {
        return Ok(None);
    }
    notes.is_nobody = true;
    Err(refusal)
}

/// The session that a request brings; inside, the refusal of a cookie that is no longer good.
async fn found(
    gateway: &Gateway,
    frontend: &Frontend,
    head: &dyn Head,
    notes: &mut Notes,
) -> Result<Result<Option<Session>, Fault>, Fault> {
    match held(gateway, frontend, head, notes).await? {
        Held::Live(live) => {
            let identity = Arc::clone(&live.identity);
            Ok(Ok(Some(Session { identity, by: By::Login(live) })))
        }
        Held::Dead(refusal) => Ok(Err(refusal)),
        Held::Nothing => token(gateway, head, notes).await,
    }
}

async fn token(
    gateway: &Gateway,
    head: &dyn Head,
    notes: &mut Notes,
) -> Result<Result<Option<Session>, Fault>, Fault> {
    let (authorization, cookie) = (head.header("authorization"), head.header("cookie"));
    let credentials = Credentials { authorization: &authorization, cookie: &cookie };
    match gateway.verifier.verify(&credentials).await {
        Ok(verified) => Ok(Ok(verified.map(|Verified { identity, cookie }| Session {
            identity,
            by: if cookie.is_some() { By::TokenCookie } else { By::Bearer },
        }))),
        Err(rejection) => {
            forget_token(&rejection, notes);
            match rejection {
                Rejection::BadCookie { .. } => Ok(Err(rejection.into())),
                rejection => Err(rejection.into()),
            }
        }
    }
}

/// Has the browser forget a cookie whose token is no longer good.
fn forget_token(rejection: &Rejection, notes: &mut Notes) {
    if let Some(name) = rejection.stale_cookie() {
        let name = Arc::clone(name);
        let cookie = Cookie { name, secure: true, same_site: SameSite::Lax };
        notes.stale_cookies.extend(cookie.delete());
    }
}

/// The provider of the keys takes longer than the whole request may.
pub(super) fn too_slow(endpoint: &Endpoint) -> Fault {
    let cause = format!("it was not known who asks after {:?}", endpoint.deadline);
    Fault::new(Code::StoreUnavailable)
        .message("The session cannot be checked at the moment.")
        .retry_after(Duration::from_secs(1))
        .cause(cause)
}
