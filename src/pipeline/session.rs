//! Who asks, where from, and whether their roles let them.

use std::sync::Arc;
use std::time::Duration;

use http::Method;

use super::gateway::Gateway;
use super::notes::Notes;
use super::request::Request;
use crate::fault::{Code, Fault};
use crate::jq::{self, Program, Scope, Slot};
use crate::plan::{Csrf, Endpoint, Frontend, SessionRule, slot};
use crate::session::Live;
use crate::token::{Credentials, Rejection, Verified};
use crate::value::{DuplicateKeys, Limits, Members, SmolStr, Value, parse};
use crate::{csrf, identity::Identity};

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
/// 401 where one is required and none is there, or a bearer token is bad; 400 for two credentials; 503 when the
/// issuer's keys were never seen.
pub(super) async fn check(
    gateway: &Gateway,
    endpoint: &Endpoint,
    request: &Request,
    notes: &mut Notes,
) -> Result<Option<Session>, Fault> {
    if endpoint.session == SessionRule::None {
        return Ok(None);
    }
    let authorization = request.head.header("authorization");
    let cookie = request.head.header("cookie");
    let credentials = Credentials { authorization: &authorization, cookie: &cookie };
    let session = match gateway.verifier.verify(&credentials).await {
        Ok(verified) => verified.map(|Verified { identity, cookie }| Session {
            identity,
            by: if cookie.is_some() { By::TokenCookie } else { By::Bearer },
        }),
        Err(rejection) => {
            notes.stale_cookies.extend(rejection.stale_cookie().cloned());
            match rejection {
                Rejection::BadCookie { .. } if endpoint.session == SessionRule::Optional => None,
                rejection => return Err(rejection.into()),
            }
        }
    };
    if session.is_none() && endpoint.session == SessionRule::Required {
        return Err(Fault::new(Code::Unauthorized).cause("no session"));
    }
    Ok(session)
}

/// Refuses a change that another site may have made a browser send.
///
/// # Errors
/// 403 `CSRF_FAILED`.
pub(super) fn origin(
    frontend: &Frontend,
    endpoint: &Endpoint,
    request: &Request,
    session: Option<&Session>,
) -> Result<(), Fault> {
    let by_cookie = session.is_some_and(|session| session.by.is_cookie());
    let changes = !matches!(request.method, Method::GET | Method::HEAD);
    if !by_cookie || !changes || endpoint.csrf == Csrf::Off {
        return Ok(());
    }
    let site = request.head.header("sec-fetch-site");
    let origin = request.head.header("origin");
    if site.len() > 1 || origin.len() > 1 {
        // No browser sends two; whoever reads the other one would decide otherwise.
        let message = "The request says twice where it comes from (Sec-Fetch-Site or Origin).";
        return Err(Fault::new(Code::CsrfFailed).message(message).cause(message));
    }
    let ours = &frontend.origins;
    let (site, origin) = (site.first().copied(), origin.first().copied());
    let trusts = |origin| endpoint.cors.as_ref().is_some_and(|policy| policy.trusts(origin));
    csrf::check(changes, site, origin, ours, origin.is_some_and(trusts))
}

/// What programs see of a session.
///
/// # Errors
/// 500 when `roles_from` or `scopes_from` runs out of its budget.
pub(super) async fn describe(
    gateway: &Gateway,
    session: Option<Session>,
) -> Result<Option<Known>, Fault> {
    let Some(Session { identity, by }) = session else { return Ok(None) };
    let value = value(gateway, &identity).await?;
    Ok(Some(Known { identity, value, by }))
}

/// Asks for the roles and scopes of the endpoint.
///
/// # Errors
/// 403, or 404 where the endpoint hides that it exists.
pub(super) fn roles(endpoint: &Endpoint, session: Option<&Known>) -> Result<(), Fault> {
    let Some(Known { value, .. }) = session else {
        let open = endpoint.roles.is_empty() && endpoint.scopes.is_empty();
        return if open { Ok(()) } else { Err(denied(endpoint, "no session")) };
    };
    let has = |list: &str, wanted: &String| {
        let texts = value.get(list).and_then(Value::as_array).unwrap_or_default();
        texts.iter().any(|text| text.as_str() == Some(wanted.as_str()))
    };
    if !endpoint.roles.iter().all(|any| any.iter().any(|role| has("roles", role))) {
        return Err(denied(endpoint, "no role that is asked for"));
    }
    if !endpoint.scopes.iter().all(|scope| has("scopes", scope)) {
        return Err(denied(endpoint, "a scope is missing"));
    }
    Ok(())
}

/// The provider of the keys takes longer than the whole request may.
pub(super) fn too_slow(endpoint: &Endpoint) -> Fault {
    let cause = format!("it was not known who asks after {:?}", endpoint.deadline);
    Fault::new(Code::StoreUnavailable)
        .message("The session cannot be checked at the moment.")
        .retry_after(Duration::from_secs(1))
        .cause(cause)
}

/// What a client sees that may not do this.
pub(super) fn denied(endpoint: &Endpoint, cause: &'static str) -> Fault {
    let code = if endpoint.deny_status == 404 { Code::NotFound } else { Code::Forbidden };
    Fault::new(code).cause(cause)
}

/// `$session`, made once per token.
async fn value(gateway: &Gateway, identity: &Arc<Identity>) -> Result<Value, Fault> {
    if let Some(value) = identity.derived.get() {
        return Ok(value.clone());
    }
    let limits = Limits { max_depth: 64, duplicate_keys: DuplicateKeys::Refuse };
    let claims = parse(identity.claims.as_bytes(), &limits)
        .map_err(|error| Fault::internal(format!("claims: {}", error.reason)))?;
    let texts = async |program: &Program, name: &str| match program
        .run(&Claims(&claims), &gateway.plan.limits.program)
        .await
    {
        Ok(found) => Ok(only_texts(found, name)),
        Err(error @ (jq::Error::Failed(_) | jq::Error::NotOne(_))) => {
            Ok(none(name, &error.to_string()))
        }
        Err(error) => Err(Fault::from(error)),
    };
    let mut members = Members::default();
    members.insert("iss".into(), Value::Str(SmolStr::new(&identity.issuer)));
    members.insert("sub".into(), Value::Str(SmolStr::new(&identity.subject)));
    members.insert("roles".into(), texts(&gateway.plan.roles_from, "roles_from").await?);
    members.insert("scopes".into(), texts(&gateway.plan.scopes_from, "scopes_from").await?);
    members.insert("claims".into(), claims.clone());
    Ok(identity.derived.get_or_init(|| Value::object(members)).clone())
}

/// Anything but an array of text counts as none, the program's own error too: a role must not be guessed, and odd claims
/// take away what needs roles, but nothing else.
fn only_texts(found: Value, program: &str) -> Value {
    let texts = found.as_array().is_some_and(|all| all.iter().all(|one| one.as_str().is_some()));
    if texts { found } else { none(program, "it gave something else than an array of text") }
}

fn none(program: &str, cause: &str) -> Value {
    tracing::warn!(program, cause, "no list of texts, which counts as none");
    Value::array(Vec::new())
}

struct Claims<'a>(&'a Value);

impl Scope for Claims<'_> {
    fn get(&self, slot: Slot) -> Value {
        if slot == slot::CLAIMS { self.0.clone() } else { Value::Null }
    }
}
