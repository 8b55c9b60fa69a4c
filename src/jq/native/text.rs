//! Text.

use crate::value::meter::charge;
use crate::value::{SmolStr, Value};

use super::super::ops::{self, Outcome, fail};
use super::{Filter, plain, to_json, with_argument};

pub(super) const FILTERS: &[Filter] = &[
    plain!("tojson", |value: Value| Ok(to_json(&value))),
    with_argument!("join", join),
    with_argument!("ltrimstr", |whole: Value, part: Value| Ok(trim(whole, &part, |text, part| {
        text.strip_prefix(part)
    }))),
    with_argument!("rtrimstr", |whole: Value, part: Value| Ok(trim(whole, &part, |text, part| {
        text.strip_suffix(part)
    }))),
];

fn join(value: Value, separator: Value) -> Outcome {
    let Value::Arr(array) = &value else {
        return super::super::access::not_iterable(&value);
    };
    let mut joined = String::new();
    for (at, item) in array.items.iter().enumerate() {
        charge(1);
        match (at, &separator) {
            (0, _) | (_, Value::Null) => {}
            (_, Value::Str(separator)) => joined.push_str(separator),
            (_, other) => return fail(format_args!("cannot join with {}", other.kind())),
        }
        match item {
            Value::Null => {}
            Value::Str(text) => joined.push_str(text),
            Value::Bool(_) | Value::Num(_) => joined.push_str(&item.to_json()),
            other => return fail(format_args!("{} ({other}) cannot be joined", other.kind())),
        }
        if joined.len() > crate::value::meter::bytes_left() {
            crate::value::meter::stop(crate::value::meter::Stop::Fuel)
        }
    }
    Ok(ops::text(joined))
}

type Strip = for<'a> fn(&'a str, &str) -> Option<&'a str>;

/// What is no text, or does not have the part, is left as it is.
fn trim(whole: Value, part: &Value, strip: Strip) -> Value {
    match (&whole, part) {
        (Value::Str(text), Value::Str(part)) => match strip(text, part) {
            Some(rest) => ops::text(SmolStr::new(rest)),
            None => whole,
        },
        _ => whole,
    }
}
