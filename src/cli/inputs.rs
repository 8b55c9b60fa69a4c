//! The inputs of an endpoint, for `explain`.

use crate::plan::Endpoint;
use crate::validate::{Additional, Parameter, Schema, Type};

/// A line per input: where it comes from, and what it must look like.
pub(super) fn lines(endpoint: &Endpoint) -> Vec<(&'static str, String)> {
    let input = &endpoint.input;
    let sections = [
        ("path", &input.params),
        ("query", &input.query),
        ("header", &input.headers),
        ("cookie", &input.cookies),
    ];
    let mut lines: Vec<_> = sections
        .into_iter()
        .flat_map(|(place, parameters)| {
            parameters.iter().map(move |one| (place, parameter(place, one)))
        })
        .collect();
    if let Some(rule) = &endpoint.idempotency {
        let needed = if rule.required { ", required" } else { "" };
        let keep = humantime::format_duration(rule.keep);
        lines.push(("header", format!("idempotency-key: kept for {keep}{needed}")));
    }
    if input.refuse_additional_query {
        lines.push(("query", "nothing else".to_owned()));
    }
    if let Some(schema) = &input.body {
        body(schema, "", &mut lines);
    }
    if input.raw_body {
        lines.push(("body", "anything, as it comes".to_owned()));
    }
    lines
}

fn parameter(place: &str, parameter: &Parameter) -> String {
    let needed = parameter.required && place != "path";
    let mut words = vec![words(&parameter.schema)];
    words.extend(needed.then(|| "required".to_owned()));
    format!("{}: {}", parameter.name, words.join(", "))
}

fn body(schema: &Schema, path: &str, lines: &mut Vec<(&'static str, String)>) {
    let mut described = vec![words(schema)];
    if !schema.properties.is_empty() {
        described.push(match schema.additional {
            Additional::Strip => "other members are dropped".to_owned(),
            Additional::Refuse => "no other members".to_owned(),
            Additional::Keep => "other members stay".to_owned(),
        });
    }
    let shown = if path.is_empty() { String::new() } else { format!("{path}: ") };
    lines.push(("body", format!("{shown}{}", described.join(", "))));
    for (name, member) in &schema.properties {
        let path = if path.is_empty() { name.to_string() } else { format!("{path}.{name}") };
        let before = lines.len();
        body(member, &path, lines);
        if schema.required.contains(name)
            && let Some((_, line)) = lines.get_mut(before)
        {
            line.push_str(", required");
        }
    }
}

fn words(schema: &Schema) -> String {
    let mut words = Vec::new();
    let types: Vec<&str> = schema.types.iter().map(|kind| name(*kind)).collect();
    match (&schema.items, &types[..]) {
        (Some(items), ["array"]) => words.push(format!("array of {}", self::words(items))),
        (_, []) if schema.properties.is_empty() => words.push("anything".to_owned()),
        (_, []) => words.push("object".to_owned()),
        _ => words.push(types.join(" or ")),
    }
    if let Some(allowed) = &schema.allowed {
        let allowed: Vec<String> = allowed.iter().map(|value| value.to_json()).collect();
        words.push(format!("one of {}", allowed.join(", ")));
    }
    words.extend(schema.minimum.as_ref().map(|least| format!("at least {least}")));
    words.extend(schema.maximum.as_ref().map(|most| format!("at most {most}")));
    words.extend(schema.pattern.as_ref().map(|pattern| format!("like {pattern}")));
    words.extend(schema.default.as_ref().map(|default| format!("default {}", default.to_json())));
    words.join(", ")
}

fn name(kind: Type) -> &'static str {
    match kind {
        Type::Null => "null",
        Type::Boolean => "boolean",
        Type::Integer => "integer",
        Type::Number => "number",
        Type::String => "string",
        Type::Array => "array",
        Type::Object => "object",
    }
}
