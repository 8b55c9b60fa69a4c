//! `input`: what of a request is visible.

use indexmap::IndexMap;

use super::context::Context;
use super::inherit::Levels;
use super::schema::{Compiled, schema};
use super::schema_file::schema_or_file;
use super::{headers, names};
use crate::config::{self, Method, Name, Route, Segment, Toml};
use crate::diagnostic::Span;
use crate::plan::Input;
use crate::validate::{Parameter, Schema, Type};
use crate::value::{SmolStr, Value};

/// Compiles the inputs of an endpoint. `session_cookies` cannot be inputs.
pub(super) fn input(
    cx: &mut Context<'_>,
    route: &Route,
    method: Method,
    levels: &Levels<'_, config::Input>,
    session_cookies: &[String],
) -> Input {
    let refuse = levels
        .leaf(|input| input.additional_query.as_ref())
        .and_then(|word| cx.word(word, &[("ignore", false), ("refuse", true)]));
    Input {
        params: params(cx, route, levels),
        query: parameters(cx, levels.named(|input| &input.query, str::to_owned)),
        headers: header_inputs(cx, levels),
        cookies: cookies(cx, levels, session_cookies),
        refuse_additional_query: refuse.unwrap_or(false),
        body: body(cx, method, levels),
        raw_body: false,
    }
}

type Merged<'a> = IndexMap<String, (&'a Name, &'a Toml)>;

fn params(
    cx: &mut Context<'_>,
    route: &Route,
    levels: &Levels<'_, config::Input>,
) -> Vec<Parameter> {
    let narrowed = levels.named(|input| &input.params, str::to_owned);
    let own = levels.of_file().named(|input| &input.params, str::to_owned);
    let segments = &route.pattern.segments;
    for (name, _) in own.values() {
        if !segments.iter().any(|segment| segment_name(segment) == Some(name)) {
            let known = segments.iter().filter_map(segment_name);
            let help = config::did_you_mean(name, known).unwrap_or_else(|| {
                "the names of files and folders declare them: `[id].toml`".to_owned()
            });
            cx.wrong(&name.span, format!("the path has no segment `{name}`"), help);
        }
    }
    let mut parameters = Vec::new();
    for segment in segments {
        let Some(name) = segment_name(segment) else { continue };
        if !names::check(cx, name, &route.span) {
            continue;
        }
        let many = !matches!(segment, Segment::Param(_));
        let narrowed = narrowed.get(name).map(|(_, toml)| *toml);
        let compiled = match narrowed {
            Some(toml) => {
                schema(cx, toml).and_then(|found| path_schema(cx, found, many, &toml.span))
            }
            None => Some(if many { array_of(Schema::default()) } else { text() }),
        };
        // A mistake of the schema is no reason to doubt what reads the segment.
        let mut schema = compiled.unwrap_or_default();
        let required = !matches!(segment, Segment::OptionalCatchAll(_));
        if !required {
            schema.default = Some(Value::array(Vec::new()));
        }
        parameters.push(Parameter { name: SmolStr::new(name), schema, required });
    }
    parameters
}

fn segment_name(segment: &Segment) -> Option<&str> {
    match segment {
        Segment::Literal(_) => None,
        Segment::Param(name) | Segment::CatchAll(name) | Segment::OptionalCatchAll(name) => {
            Some(name)
        }
    }
}

/// What narrows a segment narrows each one of a catch-all, unless it says `array` itself.
fn path_schema(
    cx: &mut Context<'_>,
    compiled: Compiled,
    many: bool,
    span: &Span,
) -> Option<Schema> {
    let schema = one_type(cx, compiled.schema, span)?;
    match (many, schema.types.contains(&Type::Array)) {
        (true, false) => Some(array_of(schema)),
        (false, true) => {
            let help = "only a catch-all, `[...name]`, is an array";
            cx.wrong(span, "a segment of a path is one value", help);
            None
        }
        _ => Some(schema),
    }
}

fn parameters(cx: &mut Context<'_>, merged: Merged<'_>) -> Vec<Parameter> {
    merged.into_values().map(|(name, toml)| parameter(cx, name, toml)).collect()
}

fn parameter(cx: &mut Context<'_>, name: &str, toml: &Toml) -> Parameter {
    let compiled = schema(cx, toml).unwrap_or_default();
    let required = compiled.needed.is_some();
    let schema = one_type(cx, compiled.schema, &toml.span).unwrap_or_default();
    Parameter { name: SmolStr::new(name), schema, required }
}

/// A parameter is text that is converted: to one type, or to an array of one.
fn one_type(cx: &mut Context<'_>, mut schema: Schema, span: &Span) -> Option<Schema> {
    if schema.types.is_empty() {
        schema.types = match &schema.allowed {
            Some(allowed) => types_of(allowed),
            None if schema.items.is_some() => vec![Type::Array],
            None if schema.minimum.is_some() || schema.maximum.is_some() => vec![Type::Number],
            None => vec![Type::String],
        };
    }
    match schema.types[..] {
        [Type::Array] => {
            let items = schema.items.take().map_or_else(Schema::default, |items| *items);
            let items = one_type(cx, items, span)?;
            if items.types == [Type::Array] {
                cx.wrong(span, "an array of arrays cannot be a parameter", "its items are scalars");
                return None;
            }
            schema.items = Some(Box::new(items));
        }
        [Type::String | Type::Integer | Type::Number | Type::Boolean] => {}
        _ => {
            let help =
                "\"string\", \"integer\", \"number\", \"boolean\", or \"array\" of one of these";
            cx.wrong(span, "a parameter has one type", help);
            return None;
        }
    }
    Some(schema)
}

fn types_of(allowed: &[Value]) -> Vec<Type> {
    let scalars = [Type::String, Type::Integer, Type::Number, Type::Boolean];
    let all = |kind: &Type| allowed.iter().all(|value| kind.fits(value));
    scalars.into_iter().find(all).into_iter().collect()
}

fn array_of(items: Schema) -> Schema {
    let items = if items.types.is_empty() { text() } else { items };
    Schema { types: vec![Type::Array], items: Some(Box::new(items)), ..Schema::default() }
}

fn text() -> Schema {
    Schema { types: vec![Type::String], ..Schema::default() }
}

fn header_inputs(cx: &mut Context<'_>, levels: &Levels<'_, config::Input>) -> Vec<Parameter> {
    let merged = levels.named(|input| &input.headers, str::to_ascii_lowercase);
    let read = |(name, toml): (&Name, &Toml)| {
        let header = headers::readable(cx, name)?;
        Some(parameter(cx, header.as_str(), toml))
    };
    merged.into_values().filter_map(read).collect()
}

fn cookies(
    cx: &mut Context<'_>,
    levels: &Levels<'_, config::Input>,
    session_cookies: &[String],
) -> Vec<Parameter> {
    let merged = levels.named(|input| &input.cookies, str::to_owned);
    for (name, _) in merged.values() {
        if session_cookies.contains(&name.text) {
            let help = "what it says is in `$session`";
            cx.wrong(&name.span, format!("the cookie `{name}` cannot be an input"), help);
        } else if !is_token(name) {
            let help = "letters, digits and any of !#$%&'*+-.^_`|~";
            cx.wrong(&name.span, format!("`{name}` is not the name of a cookie"), help);
        }
    }
    parameters(cx, merged)
}

/// A `token` of RFC 9110 §5.6.2.
pub(super) fn is_token(name: &str) -> bool {
    let ok = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    !name.is_empty() && name.chars().all(ok)
}

fn body(
    cx: &mut Context<'_>,
    method: Method,
    levels: &Levels<'_, config::Input>,
) -> Option<Schema> {
    let own = levels.own().and_then(|input| input.body.as_ref());
    if let (Method::Get, Some(body)) = (method, own) {
        cx.wrong(&body.span, "a GET request has no body", "take it from `input.query`");
    }
    if method == Method::Get {
        return None;
    }
    let written = levels.leaf(|input| input.body.as_ref())?;
    let compiled = schema_or_file(cx, written).unwrap_or_default();
    if let Some(span) = compiled.needed {
        let help = "a declared body must be there; name members: `required = [\"title\"]`";
        cx.wrong(&span, "`required = true` stands on a parameter", help);
    }
    Some(compiled.schema)
}
