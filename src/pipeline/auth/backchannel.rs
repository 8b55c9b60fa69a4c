//! `POST /auth/backchannel-logout`: the provider says that somebody has logged out (OpenID Connect Back-Channel Logout 1.0).

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use http::header::RETRY_AFTER;
use tokio::task::spawn_local;
use tokio::time::sleep;

use super::params::{Params, media_type};
use super::place::Place;
use super::reply;
use crate::fault::Fault;
use crate::login::{LoggedOut, Problem};
use crate::pipeline::gateway::Gateway;
use crate::pipeline::request::{BodyError, Request};
use crate::pipeline::respond::Reply;
use crate::session::Who;
use crate::value::{Members, Value};

/// Ends the sessions that a logout token names. Neither cookies nor origins count: the token is signed.
///
/// # Errors
/// None: what is refused has the form of §2.8.
pub(super) async fn answer(place: &Place<'_>, request: &mut Request) -> Result<Reply, Fault> {
    let token = match logout_token(request).await {
        Ok(token) => token,
        Err(why) => return Ok(refusal(place, request, why)),
    };
    let out = match place.provider.logged_out(&token).await {
        Ok(out) => out,
        Err(Problem::Away(why)) => return Ok(later(place, request, &why)),
        Err(problem) => return Ok(refusal(place, request, &problem.to_string())),
    };
    let out = Arc::new(out);
    match log_out(place.gateway, &out).await {
        Ok(None) => Ok(refusal(place, request, "the token has come before")),
        Ok(Some(ended)) => {
            let (frontend, login) = (place.frontend.name.as_str(), place.login.name.as_str());
            tracing::info!(
                frontend,
                login,
                ended,
                why = "back-channel logout",
                "sessions have ended"
            );
            Ok(reply::empty(request, 200))
        }
        Err(fault) => {
            go_on(place, request, out);
            Ok(later(place, request, &format!("{fault:?}")))
        }
    }
}

/// The one `logout_token` of a form.
async fn logout_token(request: &mut Request) -> Result<String, &'static str> {
    if media_type(&*request.head).as_deref() != Some(b"application/x-www-form-urlencoded") {
        return Err("it is not a form");
    }
    let body = request.body.payload.read(MAX_BODY).await.map_err(|error| match error {
        BodyError::TooLarge => "the form is too large",
        BodyError::TooSlow | BodyError::Broken(_) => "the form did not arrive whole",
    })?;
    let params = Params::of_form(&body).map_err(|_| "the form is malformed")?;
    let token = params.get("logout_token").ok().flatten();
    token.map(str::to_owned).ok_or("no `logout_token`, or several")
}

/// Logout tokens are small.
const MAX_BODY: usize = 32 * 1024;

/// Ends what a token names, and marks it then: one that could not be done may come again. Two at once do no harm. Nothing
/// where that was done before.
async fn log_out(gateway: &Gateway, out: &LoggedOut) -> Result<Option<usize>, Fault> {
    if is_done(gateway, out).await? {
        return Ok(None);
    }
    let ended = end(gateway, out).await?;
    let left = Duration::from_secs(out.expires_at).saturating_sub(gateway.clock.now());
    gateway.sessions()?.once(&mark(out), left.max(Duration::from_secs(1))).await?;
    Ok(Some(ended))
}

async fn is_done(gateway: &Gateway, out: &LoggedOut) -> Result<bool, Fault> {
    gateway.sessions()?.seen(&mark(out)).await
}

fn mark(out: &LoggedOut) -> [&[u8]; 3] {
    [b"logout", out.issuer.as_bytes(), out.id.as_bytes()]
}

/// Ends the session at the provider where the token names one, all of the user otherwise (§2.7). A session that we were
/// given no `sid` of may be the one that is named.
async fn end(gateway: &Gateway, out: &LoggedOut) -> Result<usize, Fault> {
    let (sessions, issuer) = (gateway.sessions()?, &*out.issuer);
    match (&out.sid, &out.subject) {
        (Some(sid), None) => sessions.end_all(Who::Sid(issuer, sid)).await,
        (Some(sid), Some(subject)) => {
            let named = sessions.end_all(Who::Sid(issuer, sid)).await?;
            Ok(named + sessions.end_all(Who::WithoutSid(issuer, subject)).await?)
        }
        (None, Some(subject)) => sessions.end_all(Who::Subject(issuer, subject)).await,
        (None, None) => Ok(0),
    }
}

/// Not all providers ask again, so what a token asks for is not given up with the first try.
fn go_on(place: &Place<'_>, request: &Request, out: Arc<LoggedOut>) {
    let (gateway, ongoing) = (Rc::clone(place.gateway), Rc::clone(&request.ongoing));
    spawn_local(async move {
        let _ongoing = ongoing;
        for pause in PAUSES {
            sleep(pause).await;
            // It has come again: who has logged in since is not meant.
            if matches!(is_done(&gateway, &out).await, Ok(true)) {
                return;
            }
            match end(&gateway, &out).await {
                Ok(ended) => return tracing::info!(ended, "sessions have ended, late"),
                Err(fault) => tracing::warn!(?fault, "sessions could not be ended"),
            }
        }
    });
}

const PAUSES: [Duration; 3] =
    [Duration::from_secs(1), Duration::from_secs(4), Duration::from_secs(15)];

/// §2.8
fn refusal(place: &Place<'_>, request: &Request, why: &str) -> Reply {
    tracing::warn!(login = %place.login.name, why, "a back-channel logout is refused");
    reply::json(request, 400, &error("invalid_request", "The logout token is not accepted."))
}

fn later(place: &Place<'_>, request: &Request, why: &str) -> Reply {
    tracing::warn!(login = %place.login.name, why, "a back-channel logout has to wait");
    let error = error("temporarily_unavailable", "The logout cannot be done at the moment.");
    let mut reply = reply::json(request, 503, &error);
    reply.headers.push((RETRY_AFTER, http::HeaderValue::from_static("1")));
    reply
}

fn error(code: &str, description: &str) -> Value {
    let members = [("error", code), ("error_description", description)];
    let members = members.map(|(name, value)| (name.into(), Value::from(value)));
    Value::object(members.into_iter().collect::<Members>())
}
