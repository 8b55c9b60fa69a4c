//! The body as programs see it: JSON or a form, prepared and checked by its schema.

use bytes::Bytes;

use super::body::{self, LARGE};
use super::form;
use super::request::Request;
use crate::fault::{Code, Fault};
use crate::plan::{Accept, Endpoint, Limits};
use crate::validate::{Mistakes, Schema, Type};
use crate::value::{self, DuplicateKeys, Value};

/// Reads the body that an endpoint declares. What its schema says against it goes to `mistakes`.
///
/// # Errors
/// 400 `INVALID_JSON` or `BAD_REQUEST`; 413; 415.
pub(super) async fn read(
    schema: &Schema,
    endpoint: &Endpoint,
    limits: &Limits,
    request: &mut Request,
    mistakes: &mut Mistakes,
) -> Result<Value, Fault> {
    let accept = endpoint.input.accept;
    let content_type = match request.head.header("content-type")[..] {
        [] => None,
        [one] => Some(one.to_vec()),
        // Who reads the other one reads another body.
        _ => {
            let message = "There must be one `Content-Type`.";
            return Err(Fault::new(Code::BadRequest).message(message).cause(message));
        }
    };
    let kind = content_type.as_deref().and_then(|text| kind(text, accept));
    let other = || Fault::new(Code::UnsupportedMediaType).message(wanted(accept));
    // What is refused whatever it holds is not waited for.
    if content_type.is_some() && kind.is_none() {
        return Err(other());
    }
    if request.head.header("content-encoding").iter().any(|value| is_encoded(value)) {
        let message = "The body must be sent as it is, without a `Content-Encoding`.";
        return Err(Fault::new(Code::UnsupportedMediaType).message(message));
    }
    let bytes = body::read(endpoint, request).await?;
    if bytes.is_empty() && content_type.is_none() {
        if !schema.lets_in(Type::Null) {
            mistakes.add("body".to_owned(), "is required", "required");
        }
        return Ok(Value::Null);
    }
    match kind {
        Some(Kind::Json) => json(schema, bytes, limits, mistakes).await,
        Some(Kind::Form) => from_form(schema, &bytes, limits, mistakes),
        None => Err(other()),
    }
}

async fn json(
    schema: &Schema,
    bytes: Bytes,
    limits: &Limits,
    mistakes: &mut Mistakes,
) -> Result<Value, Fault> {
    let rules =
        value::Limits { max_depth: limits.max_json_depth, duplicate_keys: DuplicateKeys::Refuse };
    if bytes.len() <= LARGE {
        return parse(schema, &bytes, &rules, mistakes);
    }
    let (schema, mut found) = (schema.clone(), std::mem::take(mistakes));
    let parsing = tokio::task::spawn_blocking(move || {
        let body = parse(&schema, &bytes, &rules, &mut found);
        (body, found)
    });
    let (body, found) = parsing.await.map_err(Fault::internal)?;
    *mistakes = found;
    body
}

fn parse(
    schema: &Schema,
    bytes: &[u8],
    rules: &value::Limits,
    mistakes: &mut Mistakes,
) -> Result<Value, Fault> {
    let mut body = value::parse(bytes, rules).map_err(|error| {
        let place = format!("line {}, column {}", error.line, error.column);
        let fault = Fault::new(Code::InvalidJson);
        fault.field("body", format!("{} ({place})", error.reason), "json")
    })?;
    schema.check(&mut body, || "body".to_owned(), mistakes);
    Ok(body)
}

fn from_form(
    schema: &Schema,
    bytes: &[u8],
    limits: &Limits,
    mistakes: &mut Mistakes,
) -> Result<Value, Fault> {
    let bad = |problem: form::Problem| {
        let message = problem.of_body();
        Fault::new(Code::BadRequest).message(message).cause(message)
    };
    let text = std::str::from_utf8(bytes).map_err(|_| bad(form::Problem::Utf8))?;
    let fields = form::pairs(text, limits.max_parameters).map_err(bad)?;
    let before = mistakes.len();
    let mut body = schema.read_form(&fields, mistakes);
    let twice = mistakes.fields_since(before);
    schema.check(&mut body, || "body".to_owned(), mistakes);
    mistakes.retain_first(&twice, before);
    Ok(body)
}

enum Kind {
    Json,
    Form,
}

/// What a content type says, where it is accepted: `application/json` or `…+json` (RFC 6839 §3.1), or a form; in UTF-8.
fn kind(content_type: &[u8], accept: Accept) -> Option<Kind> {
    let text = std::str::from_utf8(content_type).ok()?;
    let mut parts = text.split(';').map(|part| part.trim().to_ascii_lowercase());
    let name = parts.next().unwrap_or_default();
    let utf8 = parts.all(|part| match part.strip_prefix("charset=") {
        Some(charset) => matches!(charset.trim_matches('"'), "utf-8" | "utf8"),
        None => true,
    });
    let json = name == "application/json" || (name.contains('/') && name.ends_with("+json"));
    match utf8 {
        true if json && accept.json => Some(Kind::Json),
        true if name == "application/x-www-form-urlencoded" && accept.form => Some(Kind::Form),
        _ => None,
    }
}

/// Whether a `Content-Encoding` says anything but `identity` (RFC 9110 §8.4). Nothing is unpacked here.
fn is_encoded(value: &[u8]) -> bool {
    let mut codings = value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    codings.any(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity"))
}

fn wanted(accept: Accept) -> &'static str {
    match accept {
        Accept { json: true, form: true } => {
            "The body must be JSON or a form: `Content-Type: application/json` or \
             `application/x-www-form-urlencoded`, in UTF-8."
        }
        Accept { form: true, .. } => {
            "The body must be a form: `Content-Type: application/x-www-form-urlencoded`, in UTF-8."
        }
        _ => "The body must be JSON: `Content-Type: application/json`, in UTF-8.",
    }
}
