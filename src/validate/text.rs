//! Text of a path, a query, a header, a cookie or a form as values of the types that a schema says.

use super::kinds::{Kinds, Type};
use super::mistakes::Mistakes;
use super::place::{Place, PlaceId, Rest};
use super::schema::Schema;
use crate::value::{self, Members, SmolStr, Value};

/// What texts of one name stand for.
pub(super) enum Read {
    /// None was given that counts.
    Absent,
    /// A value, not checked yet.
    Value(Value),
    /// Several, where there is place for one.
    TooMany,
}

impl Schema {
    /// The value of the texts that were given for a place, none or several.
    ///
    /// An empty text counts as absent where text is not let in; one text for an array is an array of one.
    pub(super) fn texts(&self, id: PlaceId, texts: &[&str]) -> Read {
        let Some(place) = self.place(id) else {
            return texts.first().map_or(Read::Absent, |text| Read::Value(Value::from(*text)));
        };
        let array = place.kinds.is_said() && place.kinds.has(Type::Array);
        let one = if array { place.items.and_then(|id| self.place(id)) } else { Some(place) };
        let text_is_let_in = one.is_none_or(|place| place.kinds.has(Type::String));
        let given = texts.iter().copied().filter(|text| !text.is_empty() || text_is_let_in);
        let given: Vec<&str> = given.collect();
        let scalar = !array || place.kinds.and(scalars()) != Kinds::NONE;
        match &given[..] {
            [] => Read::Absent,
            [text] if scalar => Read::Value(convert(Some(place), text)),
            all if array => {
                let items = all
                    .iter()
                    .enumerate()
                    .map(|(at, text)| convert(place.item(at).and_then(|id| self.place(id)), text));
                Read::Value(Value::array(items.collect()))
            }
            _ => Read::TooMany,
        }
    }

    /// The object that the fields of a form make, in the order in which they came; not checked yet.
    pub fn read_form(&self, fields: &[(SmolStr, SmolStr)], mistakes: &mut Mistakes) -> Value {
        let Some(root) = self.place(0) else {
            return free_form(fields);
        };
        let mut members = Members::default();
        for (name, _) in fields {
            if members.contains_key(name) {
                continue;
            }
            let texts: Vec<&str> = fields
                .iter()
                .filter(|(own, _)| own == name)
                .map(|(_, text)| text.as_str())
                .collect();
            match root.member(name).map(|id| self.texts(id, &texts)) {
                Some(Read::Value(value)) => {
                    members.insert(name.clone(), value);
                }
                Some(Read::TooMany) => {
                    let field = format!("body.{name}");
                    mistakes.add(field, "must be given once", "type");
                }
                Some(Read::Absent) => {}
                None if root.rest == Rest::Strip => {}
                None => {
                    members.insert(name.clone(), one_or_many(&texts));
                }
            }
        }
        Value::object(members)
    }
}

fn free_form(fields: &[(SmolStr, SmolStr)]) -> Value {
    let mut members = Members::default();
    for (name, _) in fields {
        let texts: Vec<&str> =
            fields.iter().filter(|(own, _)| own == name).map(|(_, text)| text.as_str()).collect();
        members.insert(name.clone(), one_or_many(&texts));
    }
    Value::object(members)
}

fn one_or_many(texts: &[&str]) -> Value {
    match texts {
        [text] => Value::from(*text),
        texts => Value::array(texts.iter().map(|text| Value::from(*text)).collect()),
    }
}

fn scalars() -> Kinds {
    [Type::Null, Type::Boolean, Type::Number, Type::String].into_iter().collect()
}

/// The text as the most special type that is let in; text that fits none stays text, to be refused.
fn convert(place: Option<&Place>, text: &str) -> Value {
    let stays = || Value::Str(SmolStr::new(text));
    let Some(place) = place.filter(|place| place.kinds.is_said()) else { return stays() };
    let trimmed = if place.trim { text.trim() } else { text };
    if place.allowed.iter().any(|value| value.as_str() == Some(trimmed)) {
        return stays();
    }
    let parsed = match trimmed {
        "true" | "false" if place.kinds.has(Type::Boolean) => Some(Value::Bool(trimmed == "true")),
        _ if place.kinds.has(Type::Number) => number(trimmed),
        _ if place.kinds.has(Type::Integer) && is_digits(trimmed) => number(trimmed),
        _ => None,
    };
    // Where values are listed and text is among them, only what is listed is another type.
    let listed = |value: &Value| {
        let free = place.allowed.is_empty() || !place.kinds.has(Type::String);
        free || place.allowed.contains(value)
    };
    parsed.filter(listed).unwrap_or_else(stays)
}

/// Upstreams get an integer as it was written, and not all of them read `1000e-1` as 100.
fn is_digits(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits.bytes().all(|byte| byte.is_ascii_digit()) && text != "-0"
}

fn number(text: &str) -> Option<Value> {
    let starts_well = text.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    let ends_well = text.ends_with(|c: char| c.is_ascii_digit());
    if !starts_well || !ends_well {
        return None;
    }
    let limits = value::Limits { max_depth: 1, duplicate_keys: value::DuplicateKeys::Refuse };
    value::parse(text.as_bytes(), &limits).ok()
}
