//! Replies and faults as HTTP: the one place that does it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, SET_COOKIE, VARY, WWW_AUTHENTICATE,
};
use http::{HeaderName, HeaderValue};

use super::cache::{Found, Variants, Whole};
use super::fan_out::Partial;
use super::notes::Notes;
use super::payload;
use super::request::Request;
use super::shape::Shaped;
use crate::fault::{Code, Details, Fault};
use crate::idempotency::Reply as Kept;
use crate::plan::{Endpoint, ErrorShape};
use crate::value::{DuplicateKeys, Limits, Members, SmolStr, Value, parse};

/// A reply, ready to be written.
pub struct Reply {
    /// The status.
    pub status: u16,
    /// Its headers; `content-length` is the server's.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Its body.
    pub body: Bytes,
    /// The endpoint that answered, if one was found.
    pub endpoint: Option<Arc<Endpoint>>,
    /// The fault that decided it, for the log.
    pub fault: Option<Fault>,
    /// Optional calls that failed, as the header names them.
    pub partial: Option<String>,
    /// What is kept of it.
    pub(super) found: Option<Found>,
}

impl Reply {
    fn new(status: u16, headers: Vec<(HeaderName, HeaderValue)>, body: Bytes) -> Self {
        Self { status, headers, body, endpoint: None, fault: None, partial: None, found: None }
    }
}

/// A payload as a whole reply, but for what belongs to one request.
///
/// # Errors
/// 500 where it is larger than it may be.
pub(super) fn written(shaped: Shaped) -> Result<Whole, Fault> {
    let partial = (!shaped.partial.is_empty()).then(|| names(&shaped.partial));
    let body = payload::write(&shaped).ok_or_else(|| {
        Fault::internal(format_args!("the reply has more than {} bytes", shaped.max_bytes))
    })?;
    let kind = payload::kind(shaped.envelope);
    let Shaped { status, headers: own, .. } = shaped;
    let mut headers = Vec::with_capacity(HEADERS);
    headers.push((CONTENT_TYPE, HeaderValue::from_static(kind)));
    if let Some(value) = partial.as_ref().and_then(|names| HeaderValue::from_str(names).ok()) {
        headers.push((HeaderName::from_static("frontdesk-partial"), value));
    }
    for (name, value) in own {
        headers.retain(|(other, _)| *other != name || name == SET_COOKIE);
        headers.push((name, value));
    }
    // These statuses have no body (RFC 9110 §15.3.5, §15.3.6, §15.4.5).
    let body = if matches!(status, 204 | 205 | 304) { Bytes::new() } else { body };
    let (age, is_for_one, variants) = (Duration::ZERO, false, Variants::default());
    Ok(Whole { status, headers, body, partial, age, is_for_one, variants })
}

/// A whole reply, as the reply to one request.
pub(super) fn whole(request: &Request, whole: Whole) -> Reply {
    let Whole { status, mut headers, body, partial, .. } = whole;
    headers.extend(id(request));
    Reply { partial, ..Reply::new(status, headers, body) }
}

/// The same of one that others get too.
pub(super) fn found(request: &Request, found: Found) -> Reply {
    let Whole { status, headers: own, body, partial, .. } = &*found.whole;
    let mut headers = Vec::with_capacity(HEADERS);
    headers.extend_from_slice(own);
    headers.extend(id(request));
    let reply = Reply::new(*status, headers, body.clone());
    Reply { partial: partial.clone(), found: Some(found), ..reply }
}

/// A fault as HTTP, in the form that the endpoint asks for.
pub(super) fn fault(request: &Request, form: ErrorShape, fault: &Fault) -> Reply {
    let parts = fault.parts();
    let (kind, body) = match form {
        ErrorShape::Envelope => ("application/json", envelope(request, fault)),
        ErrorShape::Problem => ("application/problem+json", problem(request, fault)),
    };
    let mut headers = start(request, kind);
    let mut add = |name, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.push((name, value));
        }
    };
    if let Some(seconds) = parts.retry_after {
        add(RETRY_AFTER, &seconds.to_string());
    }
    // No 401 without a challenge (RFC 9110 §15.5.2), also where it is an upstream's that passes.
    let default = (parts.status == 401).then_some("Bearer");
    if let Some(challenge) = parts.challenge.or(default) {
        add(WWW_AUTHENTICATE, challenge);
    }
    if let Some(methods) = &parts.allow {
        add(ALLOW, methods);
    }
    let body = body.to_json().into();
    Reply { fault: Some(fault.clone()), ..Reply::new(parts.status, headers, body) }
}

/// What of a reply is kept: all but what belongs to this one request, as when to come back does.
pub(super) fn kept(reply: &Reply) -> Kept {
    let of_all = |(name, _): &&(HeaderName, _)| ![REQUEST_ID, RETRY_AFTER].contains(name);
    let mut headers: Vec<_> = reply.headers.iter().filter(of_all).cloned().collect();
    // That it was a fault is not known later.
    if reply.fault.is_some() && !headers.iter().any(|(name, _)| name == CACHE_CONTROL) {
        headers.push((CACHE_CONTROL, HeaderValue::from_static("no-store")));
    }
    Kept { status: reply.status, headers, body: reply.body.clone() }
}

/// A kept reply, as the reply to another request.
pub(super) fn replayed(request: &Request, kept: Kept) -> Reply {
    let Kept { status, mut headers, body } = kept;
    headers.extend(id(request));
    headers.push((REPLAYED, HeaderValue::from_static("true")));
    Reply::new(status, headers, body)
}

/// Adds what the stages have noted.
pub(super) fn note(reply: &mut Reply, notes: &mut Notes) {
    for (name, value) in notes.headers.drain(..) {
        put(&mut reply.headers, name, value);
    }
    reply.headers.extend(notes.stale_cookies.drain(..).map(|cookie| (SET_COOKIE, cookie)));
    // What sets a cookie is for one browser, whatever an endpoint says of its replies.
    if reply.headers.iter().any(|(name, _)| name == SET_COOKIE) {
        reply.headers.retain(|(name, _)| name != CACHE_CONTROL);
        reply.headers.push((CACHE_CONTROL, HeaderValue::from_static("no-store")));
    }
}

/// A reply without a body, and without a header of its own but the request's id.
pub(super) fn empty(request: &Request, status: u16) -> Reply {
    let mut headers = Vec::with_capacity(HEADERS);
    headers.extend(id(request));
    Reply::new(status, headers, Bytes::new())
}

/// Adds a header; to `Vary` what it does not say yet.
pub(super) fn put(
    headers: &mut Vec<(HeaderName, HeaderValue)>,
    name: HeaderName,
    value: HeaderValue,
) {
    if name == VARY { vary(headers, value) } else { headers.push((name, value)) }
}

/// Adds to `Vary` what it does not say yet, in one header (RFC 9110 §12.5.5).
pub(super) fn vary(headers: &mut Vec<(HeaderName, HeaderValue)>, further: HeaderValue) {
    let Some((_, value)) = headers.iter_mut().find(|(name, _)| name == VARY) else {
        headers.push((VARY, further));
        return;
    };
    let (Ok(own), Ok(further)) = (value.to_str(), further.to_str()) else { return };
    let mut text = own.trim().to_owned();
    text.reserve(further.len() + 2);
    for one in further.split(',').map(str::trim) {
        let said = |other: &str| other == "*" || other.eq_ignore_ascii_case(one);
        if !text.split(',').map(str::trim).any(said) {
            text.push_str(if text.is_empty() { "" } else { ", " });
            text.push_str(one);
        }
    }
    if let Ok(text) = HeaderValue::from_maybe_shared(Bytes::from(text)) {
        *value = text;
    }
}

/// Room for what most replies have, with what stands on each of them.
const HEADERS: usize = 16;

fn start(request: &Request, kind: &'static str) -> Vec<(HeaderName, HeaderValue)> {
    let mut headers = Vec::with_capacity(HEADERS);
    headers.push((CONTENT_TYPE, HeaderValue::from_static(kind)));
    headers.extend(id(request));
    headers
}

fn id(request: &Request) -> Option<(HeaderName, HeaderValue)> {
    Some((REQUEST_ID, HeaderValue::from_str(&request.id).ok()?))
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Tells a reply from before from one that was made now.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

fn names(partial: &[Partial]) -> String {
    partial.iter().map(|one| one.call.as_str()).collect::<Vec<_>>().join(", ")
}

/// Details were written by us.
const OURS: Limits = Limits { max_depth: 200, duplicate_keys: DuplicateKeys::LastWins };

/// `{"error": {code, message, details?, request_id}}`
fn envelope(request: &Request, fault: &Fault) -> Value {
    let parts = fault.parts();
    let mut error = vec![
        ("code", Value::from(parts.code.name())),
        ("message", Value::from(parts.message.as_ref())),
    ];
    error.extend(details(&parts.details).map(|details| ("details", details)));
    error.push(("request_id", Value::Str(request.id.clone())));
    object(vec![("error", object(error))])
}

/// RFC 9457, with our code and request id as further members.
fn problem(request: &Request, fault: &Fault) -> Value {
    let parts = fault.parts();
    let (kind, title) = match &parts.details {
        Details::Policies(_) => (QUOTA_EXCEEDED.0, QUOTA_EXCEEDED.1.to_owned()),
        _ => ("about:blank", title(&parts.code, parts.status)),
    };
    let mut members = vec![
        ("type", Value::from(kind)),
        ("title", Value::from(title)),
        ("status", Value::from(i64::from(parts.status))),
        ("detail", Value::from(parts.message.as_ref())),
        ("code", Value::from(parts.code.name())),
    ];
    members.extend(details(&parts.details).map(|details| ("errors", details)));
    if let Details::Policies(names) = &parts.details {
        let names = names.iter().map(|name| Value::from(name.as_str()));
        members.push(("violated-policies", Value::array(names.collect())));
    }
    members.push(("request_id", Value::Str(request.id.clone())));
    object(members)
}

/// The type and title of draft-ietf-httpapi-ratelimit-headers-10 §6.
const QUOTA_EXCEEDED: (&str, &str) = (
    "https://iana.org/assignments/http-problem-types#quota-exceeded",
    "Request cannot be satisfied as assigned quota has been exceeded",
);

/// With `about:blank` the title is the status's own phrase (RFC 9457 §4.2.1).
fn title(code: &Code, status: u16) -> String {
    let phrase =
        http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    phrase.unwrap_or(code.sentence()).to_owned()
}

fn details(details: &Details) -> Option<Value> {
    match details {
        Details::None | Details::Policies(_) => None,
        Details::Json(text) => parse(text.as_bytes(), &OURS).ok(),
        Details::Fields(fields) => Some(Value::array(
            fields
                .iter()
                .map(|detail| {
                    object(vec![
                        ("field", Value::from(detail.field.as_str())),
                        ("message", Value::from(detail.message.as_str())),
                        ("rule", Value::from(detail.rule)),
                    ])
                })
                .collect(),
        )),
    }
}

/// An object of these members.
pub(super) fn object(members: Vec<(&'static str, Value)>) -> Value {
    let named = members.into_iter().map(|(name, value)| (SmolStr::new_static(name), value));
    Value::object(named.collect::<Members>())
}
