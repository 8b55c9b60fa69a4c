//! What programs see of a request: what is declared, converted and checked.

use super::body;
use super::form;
use super::gateway::Gateway;
use super::request::Request;
use super::route::Named;
use super::typed;
use crate::cookie::cookies;
use crate::fault::{Code, Fault};
use crate::plan::{Endpoint, Input, Limits};
use crate::validate::{Mistakes, Parameter};
use crate::value::{Members, SmolStr, Value};
use bytes::Bytes;

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
        values.body = typed::read(schema, endpoint, limits, request, &mut mistakes).await?;
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
    let pairs = form::pairs(request.head.query(), limits.max_parameters)
        .map_err(|problem| bad(problem.of_query()))?;
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
