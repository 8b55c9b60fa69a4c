//! What programs see of a request: what is declared, converted and checked.

use bytes::Bytes;
use percent_encoding::percent_decode;

use super::body;
use super::gateway::Gateway;
use super::path::well_encoded;
use super::request::Request;
use super::route::Named;
use crate::fault::{Code, Fault};
use crate::plan::{Endpoint, Input, Limits};
use crate::session::cookie::cookies;
use crate::validate::{Mistakes, Parameter, Schema};
use crate::value::{self, DuplicateKeys, Members, SmolStr, Value};

/// The input variables of an endpoint.
#[derive(Default)]
pub(super) struct Values {
    pub(super) params: Value,
    pub(super) query: Value,
    pub(super) headers: Value,
    pub(super) cookies: Value,
    pub(super) body: Value,
    /// The body as it came, where a call forwards it.
    pub(super) raw: Option<Raw>,
}

/// A body that is passed on unread.
pub(super) struct Raw {
    pub(super) bytes: Bytes,
    pub(super) content_type: Option<Vec<u8>>,
}

/// Reads what the endpoint declares, and nothing else. All mistakes are reported together.
///
/// # Errors
/// 400 `VALIDATION_ERROR`, `BAD_REQUEST` or `INVALID_JSON`; 413; 415.
pub(super) async fn read(
    gateway: &Gateway,
    endpoint: &Endpoint,
    path: &[(SmolStr, Named)],
    request: &mut Request,
) -> Result<Values, Fault> {
    let (input, limits) = (&endpoint.input, &gateway.plan.limits);
    let mut mistakes = Mistakes::default();
    let mut values = Values {
        params: params(&input.params, path, &mut mistakes),
        query: query(input, request, limits, &mut mistakes)?,
        headers: headers(&input.headers, request, &mut mistakes)?,
        cookies: cookie_values(&input.cookies, request, &mut mistakes)?,
        ..Values::default()
    };
    if let Some(schema) = &input.body {
        values.body = json_body(schema, endpoint, limits, request, &mut mistakes).await?;
    } else if input.raw_body {
        let bytes = body::read(endpoint, request).await?;
        let content_type = request.head.header("content-type").first().map(|value| value.to_vec());
        values.raw = Some(Raw { bytes, content_type });
    }
    mistakes.into_result()?;
    Ok(values)
}

fn params(declared: &[Parameter], path: &[(SmolStr, Named)], mistakes: &mut Mistakes) -> Value {
    object(declared, |parameter| {
        let found = path.iter().find(|(name, _)| *name == parameter.name);
        let texts: Vec<&str> = match found {
            Some((_, Named::One(text))) => vec![text],
            Some((_, Named::Rest(texts))) => texts.iter().map(SmolStr::as_str).collect(),
            None => Vec::new(),
        };
        // No segment at all is still a list: `[[...rest]]` without a rest.
        if texts.is_empty() && matches!(found, Some((_, Named::Rest(_)))) {
            return Value::array(Vec::new());
        }
        parameter.read("params", &texts, mistakes)
    })
}

fn query(
    input: &Input,
    request: &Request,
    limits: &Limits,
    mistakes: &mut Mistakes,
) -> Result<Value, Fault> {
    let text = request.head.query();
    let mut pairs: Vec<(SmolStr, SmolStr)> = Vec::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        if pairs.len() == limits.max_parameters {
            return Err(bad("There are too many query parameters."));
        }
        let (name, text) = pair.split_once('=').unwrap_or((pair, ""));
        pairs.push((form_text(name)?, form_text(text)?));
    }
    if input.refuse_additional_query {
        for (name, _) in &pairs {
            if !input.query.iter().any(|parameter| parameter.name == *name) {
                mistakes.add(format!("query.{name}"), "is not known here", "additional");
            }
        }
    }
    Ok(object(&input.query, |parameter| {
        let given = pairs.iter().filter(|(name, _)| *name == parameter.name);
        let texts: Vec<&str> = given.map(|(_, text)| text.as_str()).collect();
        parameter.read("query", &texts, mistakes)
    }))
}

/// A name or value of `application/x-www-form-urlencoded`.
fn form_text(raw: &str) -> Result<SmolStr, Fault> {
    if raw.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte)) {
        return Ok(SmolStr::new(raw));
    }
    if !well_encoded(raw.as_bytes()) {
        return Err(bad("A percent-encoding in the query is malformed."));
    }
    let spaced = raw.replace('+', " ");
    let text = percent_decode(spaced.as_bytes()).decode_utf8();
    text.map(SmolStr::new).map_err(|_| bad("The query is not UTF-8."))
}

fn headers(
    declared: &[Parameter],
    request: &Request,
    mistakes: &mut Mistakes,
) -> Result<Value, Fault> {
    let mut failed = None;
    let values = object(declared, |parameter| {
        let given = request.head.header(&parameter.name);
        match given.iter().map(|value| std::str::from_utf8(value)).collect::<Result<Vec<_>, _>>() {
            Ok(texts) => parameter.read("headers", &texts, mistakes),
            Err(_) => {
                failed = Some(bad("A header is not UTF-8."));
                Value::Null
            }
        }
    });
    failed.map_or(Ok(values), Err)
}

fn cookie_values(
    declared: &[Parameter],
    request: &Request,
    mistakes: &mut Mistakes,
) -> Result<Value, Fault> {
    if declared.is_empty() {
        return Ok(Value::Null);
    }
    let header = request.head.header("cookie");
    let mut pairs = Vec::new();
    for (name, value) in cookies(&header) {
        if let Some(parameter) = declared.iter().find(|one| one.name.as_bytes() == name) {
            let text = std::str::from_utf8(value).map_err(|_| bad("A cookie is not UTF-8."))?;
            pairs.push((&parameter.name, text));
        }
    }
    Ok(object(declared, |parameter| {
        let given = pairs.iter().filter(|(name, _)| **name == parameter.name);
        let texts: Vec<&str> = given.map(|(_, text)| *text).collect();
        parameter.read("cookies", &texts, mistakes)
    }))
}

async fn json_body(
    schema: &Schema,
    endpoint: &Endpoint,
    limits: &Limits,
    request: &mut Request,
    mistakes: &mut Mistakes,
) -> Result<Value, Fault> {
    let content_type = request.head.header("content-type").first().map(|value| value.to_vec());
    let bytes = body::read(endpoint, request).await?;
    if bytes.is_empty() && content_type.is_none() {
        if !schema.lets_in(crate::validate::Type::Null) {
            mistakes.add("body".to_owned(), "is required", "required");
        }
        return Ok(Value::Null);
    }
    if !content_type.is_some_and(|value| is_json(&value)) {
        let message = "The body must be JSON: `Content-Type: application/json`, in UTF-8.";
        return Err(Fault::new(Code::UnsupportedMediaType).message(message));
    }
    let rules =
        value::Limits { max_depth: limits.max_json_depth, duplicate_keys: DuplicateKeys::Refuse };
    let mut body = value::parse(&bytes, &rules).map_err(|error| {
        let place = format!("line {}, column {}", error.line, error.column);
        let fault = Fault::new(Code::InvalidJson);
        fault.field("body", format!("{} ({place})", error.reason), "json")
    })?;
    schema.check(&mut body, || "body".to_owned(), mistakes);
    Ok(body)
}

/// `application/json` or `…+json` (RFC 6839 §3.1), in UTF-8.
fn is_json(content_type: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(content_type) else { return false };
    let mut parts = text.split(';').map(|part| part.trim().to_ascii_lowercase());
    let kind = parts.next().unwrap_or_default();
    let json = kind == "application/json" || (kind.contains('/') && kind.ends_with("+json"));
    json && parts.all(|part| match part.strip_prefix("charset=") {
        Some(charset) => matches!(charset.trim_matches('"'), "utf-8" | "utf8"),
        None => true,
    })
}

fn object(declared: &[Parameter], mut read: impl FnMut(&Parameter) -> Value) -> Value {
    if declared.is_empty() {
        return Value::Null;
    }
    let mut members = Members::default();
    for parameter in declared {
        members.insert(parameter.name.clone(), read(parameter));
    }
    Value::object(members)
}

fn bad(message: &'static str) -> Fault {
    Fault::new(Code::BadRequest).message(message).cause(message)
}
