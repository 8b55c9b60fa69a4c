//! A call's request, made from its templates; but for its token, see `bearer`.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::utf8_percent_encode;

use crate::fault::Fault;
use crate::jq::{Limits, Scope, Slot};
use crate::pipeline::frame::Frame;
use crate::pipeline::key::Item;
use crate::plan::{Body, Call, Expect, slot};
use crate::template::{ENCODED, Rendered, Text};
use crate::upstream::Request;
use crate::value::SmolStr;

/// Renders a call's request. `scope` is the frame, with `$item` inside `each`.
///
/// # Errors
/// 500 for a template or program that fails, 400 where the client's input made a path segment that cannot be one.
pub(super) async fn make(
    frame: &Frame,
    call: &Call,
    scope: &dyn Scope,
    item: Option<Item<'_>>,
) -> Result<Request, Fault> {
    let limits = frame.limits();
    let path = call.path.render(scope, &limits, from_client(call)).await?;
    let query = pairs(&call.query, scope, &limits, frame).await?;
    let url = frame.gateway.plan.upstreams[call.upstream].base.join(&path, &query);
    let mut headers = own_headers(frame, call);
    if call.idempotency_key {
        headers.insert(KEY, frame.key_for(call, item));
    }
    let body = body(frame, call, scope, &limits, &mut headers).await?;
    for (name, text) in &call.headers {
        match text.render(scope, &limits).await? {
            Rendered::Absent => {
                headers.remove(name);
            }
            Rendered::One(text) => {
                headers.insert(name, header_value(name, &text)?);
            }
            Rendered::Many(_) => {
                return Err(Fault::internal(format_args!("header `{name}` is an array")));
            }
        }
    }
    let method = call.method.clone();
    Ok(Request { method, url, headers, body, max_response: call.max_response })
}

/// The variables that stand for the client's input.
fn from_client(call: &Call) -> &'static [Slot] {
    let items = call.each.iter().flat_map(|each| each.items.slots());
    let from_client = |slot: &Slot| slot::FROM_CLIENT.contains(slot);
    if items.into_iter().any(from_client) { slot::FROM_CLIENT_OR_ITEM } else { slot::FROM_CLIENT }
}

/// What every upstream gets, whatever the config says.
fn own_headers(frame: &Frame, call: &Call) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(8 + call.headers.len());
    let accept = if call.expect == Expect::Json { "application/json" } else { "*/*" };
    headers.insert(ACCEPT, HeaderValue::from_static(accept));
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    for (name, value) in frame.told() {
        headers.insert(name, value.clone());
    }
    headers
}

async fn body(
    frame: &Frame,
    call: &Call,
    scope: &dyn Scope,
    limits: &Limits,
    headers: &mut HeaderMap,
) -> Result<Bytes, Fault> {
    match &call.body {
        Body::None => Ok(Bytes::new()),
        Body::Json(program) => {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            let value = program.run(scope, limits).await?;
            let mut out = Vec::with_capacity(256);
            let written = value.write_within(&mut out, limits.output);
            written.map_err(|_| Fault::internal("the body of a call is too large"))?;
            Ok(out.into())
        }
        Body::Form(fields) => {
            headers.insert(
                CONTENT_TYPE,
                HeaderValue::from_static("application/x-www-form-urlencoded"),
            );
            Ok(pairs(fields, scope, limits, frame).await?.into())
        }
        Body::Raw => {
            let Some(raw) = &frame.raw else { return Ok(Bytes::new()) };
            if let Some(kind) =
                raw.content_type.as_ref().and_then(|kind| HeaderValue::from_bytes(kind).ok())
            {
                headers.insert(CONTENT_TYPE, kind);
            }
            Ok(raw.bytes.clone())
        }
    }
}

/// `a=1&b=2`, encoded. A null leaves its key out, an array repeats it.
async fn pairs(
    texts: &[(SmolStr, Text)],
    scope: &dyn Scope,
    limits: &Limits,
    frame: &Frame,
) -> Result<String, Fault> {
    let mut out = String::new();
    let mut count = 0;
    for (name, text) in texts {
        let values = match text.render(scope, limits).await? {
            Rendered::Absent => continue,
            Rendered::One(text) => vec![text],
            Rendered::Many(texts) => texts,
        };
        count += values.len();
        if count > frame.gateway.plan.limits.max_parameters {
            return Err(Fault::internal("a call has more parameters than `max_parameters`"));
        }
        for value in values {
            if !out.is_empty() {
                out.push('&');
            }
            out.extend(utf8_percent_encode(name, ENCODED));
            out.push('=');
            out.extend(utf8_percent_encode(&value, ENCODED));
        }
    }
    Ok(out)
}

/// CR, LF and NUL are no part of a header value (RFC 9110 §5.5).
fn header_value(name: &HeaderName, text: &str) -> Result<HeaderValue, Fault> {
    HeaderValue::from_bytes(text.as_bytes())
        .map_err(|_| Fault::internal(format_args!("header `{name}` holds a control character")))
}

const KEY: HeaderName = HeaderName::from_static("idempotency-key");

const AGENT: &str = concat!("frontdesk/", env!("CARGO_PKG_VERSION"));
