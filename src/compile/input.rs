//! `input`: what of a request is visible.

use std::collections::HashSet;

use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use super::context::Context;
use super::inherit::Levels;
use super::schema::{Document, document};
use super::world::SessionCookies;
use super::{body, headers, names};
use crate::config::{self, Method, Name, Route, Segment, Toml};
use crate::plan::Input;
use crate::validate::{Parameter, Schema, Type, View};
use crate::value::{SmolStr, Value};

/// Compiles the inputs of an endpoint. `session_cookies` cannot be inputs.
pub(super) fn input(
    cx: &mut Context<'_>,
    route: &Route,
    method: Method,
    endpoint: &Levels<'_, config::Endpoint>,
    session_cookies: &SessionCookies,
) -> Input {
    let levels = &endpoint.input();
    let body = body::body(cx, method, levels);
    let refuse = levels
        .leaf(|input| input.additional_query.as_ref())
        .and_then(|word| cx.word(word, &[("ignore", false), ("refuse", true)]));
    Input {
        params: params(cx, route, levels),
        query: parameters(cx, levels.named(|input| &input.query, str::to_owned)),
        headers: header_inputs(cx, levels),
        cookies: cookies(cx, levels, session_cookies),
        refuse_additional_query: refuse.unwrap_or(false),
        accept: body::accept(cx, endpoint, body.as_ref()),
        body,
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
        let schema = match narrowed {
            Some(toml) => document(cx, toml).and_then(|found| path_schema(cx, found, many)),
            None => Schema::compile(&unsaid(many)).ok(),
        };
        // A mistake of the schema is no reason to doubt what reads the segment.
        let schema = schema.unwrap_or_default();
        let required = !matches!(segment, Segment::OptionalCatchAll(_));
        let default = (!required).then(|| Value::array(Vec::new()));
        let default = default.or_else(|| schema.default_value().cloned());
        parameters.push(Parameter { name: SmolStr::new(name), schema, default, required });
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

/// A segment, or several, of which nothing more is said.
fn unsaid(many: bool) -> Json {
    let text = json!({ "type": "string" });
    if many { json!({ "type": "array", "items": text }) } else { text }
}

/// What narrows a segment narrows each one of a catch-all, unless it says `array` itself.
fn path_schema(cx: &mut Context<'_>, document: Document<'_>, many: bool) -> Option<Schema> {
    let mut json = document.json.clone();
    let schema = one_type(cx, &document, &mut json)?;
    match (many, schema.types() == [Type::Array]) {
        (true, false) => Schema::compile(&json!({ "type": "array", "items": json })).ok(),
        (false, true) => {
            let help = "only a catch-all, `[...name]`, is an array";
            cx.wrong(&document.written.span, "a segment of a path is one value", help);
            None
        }
        _ => Some(schema),
    }
}

fn parameters(cx: &mut Context<'_>, merged: Merged<'_>) -> Vec<Parameter> {
    merged.into_values().map(|(name, toml)| parameter(cx, name, toml)).collect()
}

fn parameter(cx: &mut Context<'_>, name: &str, toml: &Toml) -> Parameter {
    let document = document(cx, toml);
    let needed = document.as_ref().and_then(|document| document.needed.clone());
    let schema = document.and_then(|document| {
        let mut json = document.json.clone();
        one_type(cx, &document, &mut json)
    });
    let schema = schema.unwrap_or_default();
    let default = schema.default_value().cloned();
    Parameter { name: SmolStr::new(name), schema, default, required: needed.is_some() }
}

/// A parameter is text that is converted: to one type, or to an array of one. Says the type where the schema does not.
fn one_type(cx: &mut Context<'_>, document: &Document<'_>, json: &mut Json) -> Option<Schema> {
    let written = document.compile(cx)?;
    let types = written.describe().map(View::types).unwrap_or_default();
    let kind = types.first().copied().unwrap_or_else(|| type_of(json));
    say_type(json, kind);
    if types.len() > 1 || matches!(kind, Type::Null | Type::Object) {
        let help = "\"string\", \"integer\", \"number\", \"boolean\", or \"array\" of one of these";
        cx.wrong(&document.written.span, "a parameter has one type", help);
        return None;
    }
    if kind == Type::Array {
        let items = written.describe().and_then(View::items);
        match items.map(View::types).as_deref() {
            Some([kind @ (Type::Array | Type::Object)]) => {
                let what = if *kind == Type::Array { "arrays" } else { "objects" };
                let help = "its items are scalars";
                let span = &document.written.span;
                cx.wrong(span, format!("an array of {what} cannot be a parameter"), help);
                return None;
            }
            Some(types) => {
                if let Some(items) = json.get_mut("items").filter(|items| items.is_object()) {
                    let kind = types.first().copied().unwrap_or_else(|| type_of(items));
                    say_type(items, kind);
                }
            }
            None => json["items"] = json!({ "type": "string" }),
        }
    }
    Schema::compile(json).ok()
}

fn say_type(json: &mut Json, kind: Type) {
    if let Json::Object(schema) = json {
        schema.entry("type").or_insert_with(|| kind.name().into());
    }
}

/// What a schema without a type is about.
fn type_of(json: &Json) -> Type {
    let has = |names: &[&str]| names.iter().any(|name| json.get(name).is_some());
    if has(&["items", "prefixItems", "contains", "minItems", "maxItems", "uniqueItems"]) {
        return Type::Array;
    }
    let number = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"];
    if has(&number) { Type::Number } else { Type::String }
}

fn header_inputs(cx: &mut Context<'_>, levels: &Levels<'_, config::Input>) -> Vec<Parameter> {
    let written = levels.own().map(|input| &input.headers);
    let mut names = HashSet::new();
    for name in written.into_iter().flat_map(IndexMap::keys) {
        if !names.insert(name.to_ascii_lowercase()) {
            let title = format!("the header `{}` is declared twice", name.to_ascii_lowercase());
            cx.wrong(&name.span, title, "capital letters make no other header: take one away");
        }
    }
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
    session_cookies: &SessionCookies,
) -> Vec<Parameter> {
    let merged = levels.named(|input| &input.cookies, str::to_owned);
    for (name, _) in merged.values() {
        if session_cookies.has(name) {
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
