//! `/sessions`: who is logged in, and an end to it.
//!
//! `GET /sessions?sub=…&iss=…&frontend=…` lists, `DELETE /sessions?…` ends all that would be listed (`?all=true` for
//! everybody's), `DELETE /sessions/ID` ends one. What is shown opens nothing: the id is a hash.

use std::time::Duration;

use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use super::operator::{self, wrong};
use crate::fault::{Code, Fault};
use crate::pipeline::Gateway;
use crate::session::{Entry, Listed, Who};

/// Whether a path leads here.
pub(super) fn is_meant(path: &str) -> bool {
    path == "/sessions" || path.starts_with("/sessions/")
}

/// Answers an operator.
pub(super) async fn answer(request: &HttpRequest) -> HttpResponse {
    operator::answer(serve(request).await)
}

async fn serve(request: &HttpRequest) -> Result<Value, Fault> {
    let gateway = operator::authorized(request)?;
    let id = request.path().strip_prefix("/sessions/");
    match (request.method(), id) {
        (&Method::GET | &Method::HEAD, None) => list(gateway, &Filter::read(request)?).await,
        (&Method::DELETE, None) => end_all(gateway, &Filter::read(request)?).await,
        (&Method::DELETE, Some(id)) => end(gateway, id).await,
        (_, None) => Err(Fault::new(Code::MethodNotAllowed).allow("GET, HEAD, DELETE".to_owned())),
        (_, Some(_)) => Err(Fault::new(Code::MethodNotAllowed).allow("DELETE".to_owned())),
    }
}

/// Whose sessions are meant.
#[derive(Default)]
struct Filter {
    sub: Option<String>,
    iss: Option<String>,
    frontend: Option<String>,
    all: Option<String>,
}

impl Filter {
    /// What is not known is refused: a misspelt name would mean everybody.
    fn read(request: &HttpRequest) -> Result<Self, Fault> {
        let mut filter = Self::default();
        for (name, value) in url::form_urlencoded::parse(request.query_string().as_bytes()) {
            let place = match &*name {
                "sub" => &mut filter.sub,
                "iss" => &mut filter.iss,
                "frontend" => &mut filter.frontend,
                "all" => &mut filter.all,
                _ => return Err(wrong("There are `sub`, `iss`, `frontend` and `all`.")),
            };
            if place.replace(value.into_owned()).is_some() {
                return Err(wrong("Each parameter is given once."));
            }
        }
        Ok(filter)
    }

    fn is_empty(&self) -> bool {
        self.sub.is_none() && self.iss.is_none() && self.frontend.is_none()
    }

    fn has(&self, listed: &Listed) -> bool {
        let is = |wanted: &Option<String>, own: &str| wanted.as_ref().is_none_or(|one| one == own);
        is(&self.sub, &listed.about.subject)
            && is(&self.iss, &listed.about.issuer)
            && is(&self.frontend, &listed.about.frontend)
    }

    /// The sessions that are meant; where issuer and subject are known, without looking at all others.
    async fn find(&self, gateway: &Gateway) -> Result<Vec<Listed>, Fault> {
        let who = self.iss.as_deref().zip(self.sub.as_deref());
        let who = who.map(|(issuer, subject)| Who::Subject(issuer, subject));
        let mut found = gateway.sessions()?.list(who).await?;
        found.retain(|listed| self.has(listed));
        found.sort_by_key(|listed| (listed.about.created_at, listed.entry));
        Ok(found)
    }
}

/// More are not shown at once.
const SHOWN: usize = 1000;

async fn list(gateway: &Gateway, filter: &Filter) -> Result<Value, Fault> {
    let found = filter.find(gateway).await?;
    let now = gateway.clock.now();
    let shown: Vec<Value> = found.iter().take(SHOWN).map(|one| describe(one, now)).collect();
    Ok(json!({ "total": found.len(), "sessions": shown }))
}

fn describe(listed: &Listed, now: Duration) -> Value {
    let about = &listed.about;
    let seconds = |until: Duration| until.saturating_sub(now).as_secs();
    json!({
        "id": listed.entry.hex(),
        "frontend": about.frontend,
        "login": about.login,
        "iss": about.issuer,
        "sub": about.subject,
        "age": now.saturating_sub(about.created_at).as_secs(),
        "idle_left": seconds(listed.idle_until.min(listed.absolute_until)),
        "absolute_left": seconds(listed.absolute_until),
    })
}

async fn end_all(gateway: &Gateway, filter: &Filter) -> Result<Value, Fault> {
    if filter.is_empty() && filter.all.as_deref() != Some("true") {
        return Err(wrong("Say whose sessions end, or `all=true`."));
    }
    let sessions = gateway.sessions()?;
    let mut ended = 0;
    for listed in filter.find(gateway).await? {
        ended += usize::from(sessions.end(listed.entry).await?);
    }
    tracing::info!(ended, "an operator has ended sessions");
    Ok(json!({ "ended": ended }))
}

async fn end(gateway: &Gateway, id: &str) -> Result<Value, Fault> {
    let entry = entry(id).ok_or_else(|| wrong("The id of a session has 64 digits, 0 to f."))?;
    if !gateway.sessions()?.end(entry).await? {
        return Err(Fault::new(Code::NotFound).message("There is no such session."));
    }
    tracing::info!(ended = 1, "an operator has ended sessions");
    Ok(json!({ "ended": 1 }))
}

/// The inverse of [`Entry::hex`].
fn entry(id: &str) -> Option<Entry> {
    let digits = id.as_bytes();
    let mut hash = [0; 32];
    if digits.len() != hash.len() * 2 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    for (byte, pair) in hash.iter_mut().zip(digits.chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(Entry(hash))
}
