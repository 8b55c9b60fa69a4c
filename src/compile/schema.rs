//! JSON Schemas of inputs, and values of TOML as JSON.

use regex::{Regex, RegexBuilder};

use super::context::Context;
use crate::config::{Named, Piece, Plain, Raw, Toml, Value as Written, did_you_mean, pieces};
use crate::diagnostic::{Diagnostic, Span};
use crate::validate::{Additional, Mistakes, Schema, Type};
use crate::value::{Num, SmolStr, Value};

/// The keywords that are known.
const KEYWORDS: &[&str] = &[
    "type",
    "enum",
    "minimum",
    "maximum",
    "pattern",
    "default",
    "required",
    "properties",
    "additional",
    "items",
];

/// Keywords that only tell something.
const ANNOTATIONS: &[&str] = &["title", "description", "examples", "$schema", "$id", "$comment"];

/// Keywords of JSON Schema that are not known yet: nobody meant another one.
const LATER: &[&str] = &[
    "const",
    "maxItems",
    "maxLength",
    "maxProperties",
    "minItems",
    "minLength",
    "minProperties",
    "prefixItems",
    "uniqueItems",
];

const TYPES: &[(&str, Type)] = &[
    ("null", Type::Null),
    ("boolean", Type::Boolean),
    ("integer", Type::Integer),
    ("number", Type::Number),
    ("string", Type::String),
    ("array", Type::Array),
    ("object", Type::Object),
];

/// Bytes of a compiled pattern: a pattern that needs more is slow as well.
const PATTERN_SIZE: usize = 256 << 10;

/// A schema, with what of it decides at the place where it is used.
#[derive(Debug, Default)]
pub(super) struct Compiled {
    /// The schema.
    pub(super) schema: Schema,
    /// `required = true`, which stands on a parameter.
    pub(super) needed: Option<Span>,
}

/// Compiles a schema.
pub(super) fn schema(cx: &mut Context<'_>, written: &Toml) -> Option<Compiled> {
    // Clients learn what a schema says, from messages if not from its defaults.
    if let Some(span) = secret_in(written) {
        cx.wrong(&span, "a JSON Schema cannot hold a secret", "clients get to know what it says");
        return None;
    }
    let Written::Table(table) = &written.value else {
        let help = "such as `{ type = \"string\" }`";
        cx.wrong(&written.span, "a JSON Schema is a table", help);
        return None;
    };
    let before = cx.count();
    let mut compiled = Compiled::default();
    for (name, value) in table {
        keyword(cx, name, value, &mut compiled);
        if !KEYWORDS.contains(&&*name.text) && !ANNOTATIONS.contains(&&*name.text) {
            let near = did_you_mean(name, KEYWORDS.iter().copied());
            let help = near
                .filter(|_| !LATER.contains(&&*name.text))
                .unwrap_or_else(|| format!("known here: {}", KEYWORDS.join(", ")));
            cx.wrong(&name.span, format!("unknown keyword `{name}` of a JSON Schema"), help);
        }
    }
    if cx.count() == before {
        consistent(cx, table, &written.span, &compiled.schema);
    }
    (cx.count() == before).then_some(compiled)
}

/// A value of TOML as JSON; its secrets looked up.
pub(super) fn value(cx: &mut Context<'_>, written: &Toml) -> Option<Value> {
    Some(match &written.value {
        Written::Text(text) => Value::from(plain(cx, text, &written.span)?),
        Written::Integer(integer) => Value::Num(Num::from_integral(*integer)),
        Written::Float(float) => Value::from(*float),
        Written::Boolean(boolean) => Value::from(*boolean),
        Written::List(items) => {
            let items: Vec<Option<Value>> = items.iter().map(|item| value(cx, item)).collect();
            Value::from(items.into_iter().collect::<Option<Vec<Value>>>()?)
        }
        Written::Table(members) => {
            let members: Vec<Option<(SmolStr, Value)>> = members
                .iter()
                .map(|(name, member)| Some((SmolStr::new(&name.text), value(cx, member)?)))
                .collect();
            members.into_iter().collect::<Option<Vec<_>>>()?.into_iter().collect()
        }
    })
}

fn secret_in(written: &Toml) -> Option<Span> {
    match &written.value {
        Written::Text(text) => {
            let pieces = pieces(text).unwrap_or_default();
            let secret = pieces.iter().any(|piece| matches!(piece, Piece::Secret(..)));
            secret.then(|| written.span.clone())
        }
        Written::List(items) => items.iter().find_map(secret_in),
        Written::Table(members) => members.values().find_map(secret_in),
        _ => None,
    }
}

fn keyword(cx: &mut Context<'_>, name: &str, written: &Toml, out: &mut Compiled) -> Option<()> {
    let schema = &mut out.schema;
    match name {
        "type" => schema.types = types(cx, written)?,
        "enum" => {
            let Value::Arr(_) = value(cx, written)? else {
                return expected(cx, written, "a list of values");
            };
            schema.allowed = value(cx, written)?.as_array().map(<[Value]>::to_vec);
        }
        "minimum" => schema.minimum = Some(number(cx, written)?),
        "maximum" => schema.maximum = Some(number(cx, written)?),
        "pattern" => schema.pattern = Some(pattern(cx, written)?),
        "default" => schema.default = Some(value(cx, written)?),
        "required" => match &written.value {
            Written::Boolean(needed) => out.needed = needed.then(|| written.span.clone()),
            Written::List(items) => {
                let names = items.iter().map(|item| text(cx, item).map(SmolStr::from));
                schema.required = names.collect::<Option<_>>()?;
            }
            _ => return expected(cx, written, "`true`, or a list of members"),
        },
        "properties" => {
            let Written::Table(members) = &written.value else {
                return expected(cx, written, "a table");
            };
            let members: Vec<_> = members
                .iter()
                .map(|(name, member)| (SmolStr::new(&name.text), inner(cx, member)))
                .collect();
            schema.properties =
                members.into_iter().filter_map(|(name, schema)| Some((name, schema?))).collect();
        }
        "additional" => schema.additional = additional(cx, written)?,
        "items" => schema.items = Some(Box::new(inner(cx, written)?)),
        _ => {}
    }
    Some(())
}

/// A schema inside another one, where `required = true` means nothing.
fn inner(cx: &mut Context<'_>, written: &Toml) -> Option<Schema> {
    let compiled = schema(cx, written)?;
    if let Some(span) = compiled.needed {
        let help = "in an object's schema it is a list: `required = [\"name\"]`";
        cx.wrong(&span, "`required = true` stands on a parameter", help);
        return None;
    }
    Some(compiled.schema)
}

fn types(cx: &mut Context<'_>, written: &Toml) -> Option<Vec<Type>> {
    let items = match &written.value {
        Written::List(items) => items.iter().collect(),
        _ => vec![written],
    };
    let read = |item: &Toml| {
        let plain = Plain { span: item.span.clone(), raw: Raw::Text(text(cx, item)?) };
        cx.word(&plain, TYPES)
    };
    items.into_iter().map(read).collect()
}

fn additional(cx: &mut Context<'_>, written: &Toml) -> Option<Additional> {
    let words =
        [("strip", Additional::Strip), ("refuse", Additional::Refuse), ("keep", Additional::Keep)];
    let plain = Plain { span: written.span.clone(), raw: Raw::Text(text(cx, written)?) };
    cx.word(&plain, &words)
}

fn number(cx: &mut Context<'_>, written: &Toml) -> Option<Num> {
    match value(cx, written)? {
        Value::Num(number) => Some(number),
        _ => expected(cx, written, "a number"),
    }
}

fn pattern(cx: &mut Context<'_>, written: &Toml) -> Option<Regex> {
    let text = text(cx, written)?;
    let error = match RegexBuilder::new(&text).size_limit(PATTERN_SIZE).build() {
        Ok(regex) => return Some(regex),
        Err(regex::Error::CompiledTooBig(_)) => "it is too large".to_owned(),
        Err(error) => {
            let text = error.to_string();
            text.rsplit("error: ").next().unwrap_or_default().trim().to_owned()
        }
    };
    let help =
        format!("{error}; patterns run in linear time, without look-around and back-references");
    cx.wrong(&written.span, "this is not a regular expression", help);
    None
}

fn text(cx: &mut Context<'_>, written: &Toml) -> Option<String> {
    match &written.value {
        Written::Text(text) => plain(cx, text, &written.span),
        _ => expected(cx, written, "text"),
    }
}

fn plain(cx: &mut Context<'_>, text: &str, span: &Span) -> Option<String> {
    cx.value(&Plain { span: span.clone(), raw: Raw::Text(text.to_owned()) })
}

fn expected<T>(cx: &mut Context<'_>, written: &Toml, what: &str) -> Option<T> {
    cx.mistake(Diagnostic::at(written.span.clone(), format!("expected {what}")));
    None
}

/// Checks keywords against each other.
fn consistent(cx: &mut Context<'_>, table: &Named<Toml>, span: &Span, schema: &Schema) {
    let place = |name: &str| table.get(name).map_or(span, |toml| &toml.span).clone();
    if let (Some(least), Some(most)) = (&schema.minimum, &schema.maximum)
        && Value::Num(least.clone()) > Value::Num(most.clone())
    {
        let title = "`minimum` is more than `maximum`";
        cx.mistake(Diagnostic::at(place("minimum"), title).label(place("maximum"), ""));
        return;
    }
    if schema.allowed.as_ref().is_some_and(Vec::is_empty) {
        let help = "list the values that are let in";
        cx.wrong(&place("enum"), "an empty `enum` lets nothing in", help);
    }
    let alone = Schema { allowed: None, ..schema.clone() };
    for allowed in schema.allowed.iter().flatten() {
        if let Some(why) = misfit(&alone, allowed) {
            cx.wrong(&place("enum"), "a value of `enum` is not let in by the rest", why);
        }
    }
    if let Some(why) = schema.default.as_ref().and_then(|default| misfit(schema, default)) {
        cx.wrong(&place("default"), "the default is not let in by its own schema", why);
    }
    let open = schema.properties.is_empty() || schema.additional == Additional::Keep;
    for name in schema.required.iter().filter(|_| !open) {
        if !schema.properties.iter().any(|(known, _)| known == name) {
            let known = schema.properties.iter().map(|(known, _)| known.as_str());
            let help = did_you_mean(name, known);
            let help = help.unwrap_or_else(|| "declare it under `properties`".to_owned());
            cx.wrong(&place("required"), format!("`{name}` is required, but not declared"), help);
        }
    }
}

/// Why a value does not fit, in words. Nothing of the value is in them: it may be a secret.
fn misfit(schema: &Schema, value: &Value) -> Option<String> {
    let mut mistakes = Mistakes::default();
    mistakes.check(schema, &mut value.clone(), String::new);
    let rule = mistakes.into_details().first()?.rule;
    Some(format!("`{rule}` says otherwise"))
}
