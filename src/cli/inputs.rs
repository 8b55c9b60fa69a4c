//! The inputs of an endpoint, for `explain`.

use super::times::duration;
use crate::plan::{Endpoint, Webhook};
use crate::validate::{Additional, Parameter, View};

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
        let keep = duration(rule.keep);
        lines.push(("header", format!("idempotency-key: kept for {keep}{needed}")));
    }
    if input.refuse_additional_query {
        lines.push(("query", "nothing else".to_owned()));
    }
    if let Some(schema) = &input.body {
        match schema.describe() {
            Some(view) => body(view, "", &mut Vec::new(), &mut lines),
            None => lines.push(("body", "anything".to_owned())),
        }
    }
    if input.body.is_some() && input.accept.form {
        let ways = if input.accept.json { "as JSON or as a form" } else { "as a form" };
        lines.push(("body", ways.to_owned()));
    }
    if input.raw_body {
        lines.push(("body", "anything, as it comes".to_owned()));
    }
    lines
}

/// How a delivery is signed, and how long it is known.
pub(super) fn signature(webhook: &Webhook) -> String {
    let signature = &webhook.signature;
    let within = match signature.scheme.signs_time() {
        true => format!(", within {}", duration(signature.tolerance)),
        false => String::new(),
    };
    let secrets = match signature.secrets.len() {
        1 => "one secret".to_owned(),
        count => format!("any of {count} secrets"),
    };
    let kept = duration(webhook.keep);
    format!("{}, {secrets}{within}\na delivery is known for {kept}", signature.scheme.name())
}

fn parameter(place: &str, parameter: &Parameter) -> String {
    let needed = parameter.required && place != "path";
    let view = parameter.schema.describe();
    let mut words = vec![view.map_or_else(|| "anything".to_owned(), words)];
    words.extend(needed.then(|| "required".to_owned()));
    format!("{}: {}", parameter.name, words.join(", "))
}

/// `above` are the parts that this one is in: a schema may describe itself again.
fn body(
    view: View<'_>,
    path: &str,
    above: &mut Vec<usize>,
    lines: &mut Vec<(&'static str, String)>,
) {
    let mut described = vec![words(view)];
    if view.members().next().is_some() {
        described.push(match view.additional() {
            Additional::Strip => "other members are dropped".to_owned(),
            Additional::Refuse => "no other members".to_owned(),
            Additional::Keep => "other members stay".to_owned(),
        });
    }
    let shown = if path.is_empty() { String::new() } else { format!("{path}: ") };
    lines.push(("body", format!("{shown}{}", described.join(", "))));
    if above.contains(&view.identity()) {
        return;
    }
    above.push(view.identity());
    for (name, member) in view.members() {
        let path = if path.is_empty() { name.to_string() } else { format!("{path}.{name}") };
        let before = lines.len();
        body(member, &path, above, lines);
        if view.requires(name)
            && let Some((_, line)) = lines.get_mut(before)
        {
            line.push_str(", required");
        }
    }
    above.pop();
}

fn words(view: View<'_>) -> String {
    let mut words = Vec::new();
    let types: Vec<&str> = view.types().into_iter().map(|kind| kind.name()).collect();
    match (view.items(), &types[..]) {
        (Some(items), ["array"]) if items.identity() != view.identity() => {
            let one = items.types().into_iter().map(|kind| kind.name()).collect::<Vec<_>>();
            let scalar = !matches!(&one[..], ["array"] | ["object"] | []);
            let one = if scalar { self::words(items) } else { one.join(" or ") };
            words.push(match one.is_empty() {
                true => "array of anything".to_owned(),
                false => format!("array of {one}"),
            });
        }
        (_, []) => words.push("anything".to_owned()),
        _ => words.push(types.join(" or ")),
    }
    if !view.allowed().is_empty() {
        let allowed: Vec<String> = view.allowed().iter().map(|value| value.to_json()).collect();
        words.push(format!("one of {}", allowed.join(", ")));
    }
    words.extend(view.minimum().map(|least| format!("at least {least}")));
    words.extend(view.maximum().map(|most| format!("at most {most}")));
    words.extend(view.pattern().map(|pattern| format!("like {pattern}")));
    words.extend(view.default_value().map(|default| format!("default {}", default.to_json())));
    words.join(", ")
}
