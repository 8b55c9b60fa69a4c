//! JSON Schemas of inputs and replies, and values of TOML as JSON.

use serde_json::Value as Json;

use super::context::Context;
use super::schema_file;
use crate::config::{Piece, Plain, Raw, Toml, Value as Written, pieces};
use crate::diagnostic::{Diagnostic, Span};
use crate::validate::{Schema, Wrong};
use crate::value::{Num, SmolStr, Value};

/// A schema as JSON, and where its parts are written.
pub(super) struct Document<'t> {
    /// The schema.
    pub(super) json: Json,
    /// `required = true`, which stands on a parameter.
    pub(super) needed: Option<Span>,
    /// Where it is written, or its file is named.
    pub(super) written: &'t Toml,
    /// Files that stand in it: where, and their names.
    pub(super) files: Vec<(String, String)>,
}

/// Reads a schema that stands where it is used, or in a file that is named there.
pub(super) fn document<'t>(cx: &mut Context<'_>, written: &'t Toml) -> Option<Document<'t>> {
    // Clients learn what a schema says, from messages if not from its defaults.
    if let Some(span) = secret_in(written) {
        cx.wrong(&span, "a JSON Schema cannot hold a secret", "clients get to know what it says");
        return None;
    }
    if let Some(document) = schema_file::named(cx, written) {
        return document;
    }
    let mut document =
        Document { json: json(cx, written)?, needed: None, written, files: Vec::new() };
    if let (Json::Object(root), Written::Table(table)) = (&mut document.json, &written.value)
        && let Some(Toml { span, value: Written::Boolean(needed) }) = table.get("required")
    {
        root.shift_remove("required");
        document.needed = needed.then(|| span.clone());
    }
    schema_file::bundle(cx, &mut document, None)?;
    Some(document)
}

impl Document<'_> {
    /// Compiles it.
    pub(super) fn compile(&self, cx: &mut Context<'_>) -> Option<Schema> {
        match Schema::compile(&self.json) {
            Ok(schema) => Some(schema),
            Err(mistakes) => {
                mistakes.iter().for_each(|wrong| self.tell(cx, wrong));
                None
            }
        }
    }

    fn tell(&self, cx: &mut Context<'_>, wrong: &Wrong) {
        let (span, whole) = place(self.written, &wrong.at, wrong.key);
        let mut help = wrong.help.clone();
        if !whole {
            let inside = format!("in `{}`", self.name(&wrong.at));
            help = Some(help.map_or(inside.clone(), |help| format!("{inside}: {help}")));
        }
        let mut mistake = Diagnostic { help, ..Diagnostic::at(span, wrong.title.clone()) };
        if let Some((beside, true)) = wrong.beside.as_ref().map(|at| place(self.written, at, false))
        {
            mistake = mistake.label(beside, "");
        }
        cx.mistake(mistake);
    }

    /// A place in a file as people write it: `address.json#/properties/city`.
    fn name(&self, pointer: &str) -> String {
        let inside = |(prefix, file): &(String, String)| {
            let rest = pointer.strip_prefix(prefix.as_str())?;
            (rest.is_empty() || rest.starts_with('/')).then(|| format!("{file}#{rest}"))
        };
        let file = self.files.iter().rev().find_map(inside);
        file.unwrap_or_else(|| format!("#{pointer}"))
    }
}

/// Where a part stands, and whether that is the part itself rather than what it is in.
fn place(written: &Toml, pointer: &str, key: bool) -> (Span, bool) {
    let mut here = written;
    let mut span = written.span.clone();
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        let next = match &here.value {
            Written::Table(table) => table.get_key_value(step.as_str()),
            Written::List(items) => {
                let Some(item) = step.parse().ok().and_then(|at: usize| items.get(at)) else {
                    return (span, false);
                };
                (here, span) = (item, item.span.clone());
                continue;
            }
            _ => None,
        };
        let Some((name, next)) = next else { return (span, false) };
        here = next;
        span = if key { name.span.clone() } else { next.span.clone() };
    }
    (span, true)
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

/// A schema of TOML as JSON.
fn json(cx: &mut Context<'_>, written: &Toml) -> Option<Json> {
    Some(match &written.value {
        Written::Text(text) => Json::from(plain(cx, text, &written.span)?),
        Written::Integer(integer) => match (i64::try_from(*integer), u64::try_from(*integer)) {
            (Ok(integer), _) => integer.into(),
            (_, Ok(integer)) => integer.into(),
            _ => Json::from(*integer as f64),
        },
        Written::Float(float) => Json::from(*float),
        Written::Boolean(boolean) => Json::from(*boolean),
        Written::List(items) => {
            let items: Vec<Option<Json>> = items.iter().map(|item| json(cx, item)).collect();
            Json::Array(items.into_iter().collect::<Option<_>>()?)
        }
        Written::Table(members) => {
            let members =
                members.iter().map(|(name, one)| Some((name.text.clone(), json(cx, one)?)));
            Json::Object(members.collect::<Option<_>>()?)
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

fn plain(cx: &mut Context<'_>, text: &str, span: &Span) -> Option<String> {
    cx.value(&Plain { span: span.clone(), raw: Raw::Text(text.to_owned()) })
}
