//! A JSON Schema in a file of its own: `{ file = "post.schema.json" }`.

use super::context::Context;
use super::schema::{Compiled, schema};
use crate::config::{Name, Plain, Raw, Toml, Value as Written};
use crate::diagnostic::Span;
use crate::value::{DuplicateKeys, Limits, SmolStr, Value, parse};

/// Compiles a schema that stands where it is used, or in a file that is named there.
pub(super) fn schema_or_file(cx: &mut Context<'_>, written: &Toml) -> Option<Compiled> {
    let Some((path, span)) = named_file(written) else { return schema(cx, written) };
    let json = cx.file(&path)?;
    let limits = Limits { max_depth: MAX_DEPTH, duplicate_keys: DuplicateKeys::Refuse };
    match parse(json.as_bytes(), &limits) {
        Ok(value) => {
            let written = as_written(cx, &value, span)?;
            schema(cx, &written)
        }
        Err(error) => {
            let help = format!("{}, in line {} of the file", error.reason, error.line);
            cx.wrong(span, "the file is not JSON", help);
            None
        }
    }
}

const MAX_DEPTH: u32 = 64;

fn named_file(written: &Toml) -> Option<(Plain<String>, &Span)> {
    let Written::Table(table) = &written.value else { return None };
    let file = table.get("file").filter(|_| table.len() == 1)?;
    let Written::Text(name) = &file.value else { return None };
    Some((Plain { span: file.span.clone(), raw: Raw::Text(name.clone()) }, &file.span))
}

/// JSON of a file as if it stood in the TOML, at the place where the file is named.
fn as_written(cx: &mut Context<'_>, value: &Value, span: &Span) -> Option<Toml> {
    let value = match value {
        Value::Null => {
            let help = "write `type = [\"string\", \"null\"]` for what may be null";
            cx.wrong(span, "a JSON Schema here holds no null", help);
            return None;
        }
        Value::Bool(boolean) => Written::Boolean(*boolean),
        Value::Num(number) => match number.to_string().parse() {
            Ok(integer) => Written::Integer(integer),
            Err(_) => Written::Float(number.to_string().parse().unwrap_or_default()),
        },
        Value::Str(text) => Written::Text(text.to_string()),
        Value::Arr(_) => {
            let items = value.as_array().unwrap_or_default();
            Written::List(items.iter().map(|one| as_written(cx, one, span)).collect::<Option<_>>()?)
        }
        Value::Obj(_) => {
            let name = |text: &SmolStr| Name { span: span.clone(), text: text.to_string() };
            let members = value.as_object().into_iter().flatten();
            let members = members.map(|(key, one)| Some((name(key), as_written(cx, one, span)?)));
            Written::Table(members.collect::<Option<_>>()?)
        }
    };
    Some(Toml { span: span.clone(), value })
}
