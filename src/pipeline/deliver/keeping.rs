//! Who may keep a reply: `Cache-Control`, `Vary`, and where it comes from.

use std::time::Duration;

use http::header::{AGE, CACHE_CONTROL, VARY};
use http::{HeaderName, HeaderValue};

use super::{header, reads};
use crate::pipeline::cache::{How, Mark};
use crate::pipeline::notes::Notes;
use crate::pipeline::request::Request;
use crate::pipeline::respond::{self, Reply};
use crate::plan::{Endpoint, SessionRule};

/// Notes who may keep a reply, unless the config says it, and where the reply comes from.
pub(super) fn note(request: &Request, reply: &mut Reply, notes: &Notes) {
    let brings_cookie = vary_by_cookie(request, reply);
    let Some(endpoint) = reply.endpoint.clone() else { return };
    let success = reply.status < 400 && reads(request);
    if success {
        vary(&endpoint, reply, notes);
    }
    if header(reply, &CACHE_CONTROL).is_none() {
        let control = match success {
            true => control(&endpoint, reply, notes, brings_cookie),
            false => Some(HeaderValue::from_static("no-store")),
        };
        reply.headers.extend(control.map(|control| (CACHE_CONTROL, control)));
    }
    mark(&endpoint, reply, notes);
}

/// Notes on the reply to a request with a cookie that it may be another one without: whether it has one.
pub(in crate::pipeline) fn vary_by_cookie(request: &Request, reply: &mut Reply) -> bool {
    let brings_cookie = !request.head.header("cookie").is_empty();
    if brings_cookie {
        add(reply, VARY, HeaderValue::from_static("cookie"));
    }
    brings_cookie
}

/// Whether no cache may keep a reply, the browser's neither.
pub(super) fn is_kept_by_nobody(reply: &Reply) -> bool {
    header(reply, &CACHE_CONTROL).is_some_and(|control| {
        let mut said = control.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
        said.any(|one| one.eq_ignore_ascii_case(b"no-store"))
    })
}

/// What of a request decides its reply.
fn vary(endpoint: &Endpoint, reply: &mut Reply, notes: &Notes) {
    if notes.is_somebody || endpoint.session == SessionRule::Optional {
        add(reply, VARY, HeaderValue::from_static("cookie, authorization"));
    } else if !endpoint.input.cookies.is_empty() {
        add(reply, VARY, HeaderValue::from_static("cookie"));
    }
    for input in &endpoint.input.headers {
        if let Ok(name) = HeaderValue::from_str(&input.name) {
            add(reply, VARY, name);
        }
    }
}

fn control(
    endpoint: &Endpoint,
    reply: &Reply,
    notes: &Notes,
    brings_cookie: bool,
) -> Option<HeaderValue> {
    if notes.is_somebody {
        return Some(HeaderValue::from_static("private, no-cache"));
    }
    // What comes for a cookie is in no shared cache, whether anybody has looked at it or not.
    let whose = if brings_cookie { "private" } else { "public" };
    let rest = notes.cache.map_or(Duration::ZERO, |mark| mark.rest).as_secs();
    let found = reply.found.as_ref();
    if found.is_some_and(|found| found.is_everybodys)
        && endpoint.session == SessionRule::None
        && rest > 0
    {
        return HeaderValue::try_from(format!("{whose}, max-age={rest}")).ok();
    }
    Some(HeaderValue::from_static(match brings_cookie {
        true => "private, no-cache",
        false => "public, no-cache",
    }))
}

/// `frontdesk-cache` and `age`, where the endpoint keeps anything.
fn mark(endpoint: &Endpoint, reply: &mut Reply, notes: &Notes) {
    let keeps =
        || endpoint.reply.cache.is_some() || endpoint.calls.iter().any(|call| call.cache.is_some());
    let mark = match notes.cache {
        Some(mark) => mark,
        None if reply.fault.is_some() && keeps() => BYPASS,
        None => return,
    };
    reply.headers.push((FRONTDESK_CACHE, HeaderValue::from_static(mark.how.name())));
    if matches!(mark.how, How::Hit | How::Stale) {
        reply.headers.push((AGE, HeaderValue::from(mark.age.as_secs())));
    }
}

fn add(reply: &mut Reply, name: HeaderName, value: HeaderValue) {
    respond::put(&mut reply.headers, name, value);
}

const BYPASS: Mark = Mark { how: How::Bypass, age: Duration::ZERO, rest: Duration::ZERO };
const FRONTDESK_CACHE: HeaderName = HeaderName::from_static("frontdesk-cache");
