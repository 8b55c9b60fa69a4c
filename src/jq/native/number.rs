//! Constants, kinds and numbers.

use crate::value::meter::charge_bytes;
use crate::value::{DuplicateKeys, Limits, MAX_DEPTH, Num, Value, float_of, is_nan, parse};

use super::super::ops::{self, Outcome, fail};
use super::{Filter, plain};

pub(super) const FILTERS: &[Filter] = &[
    plain!("true", |_| Ok(Value::Bool(true))),
    plain!("false", |_| Ok(Value::Bool(false))),
    plain!("null", |_| Ok(Value::Null)),
    plain!("not", |value: Value| Ok(Value::Bool(!value.is_true()))),
    plain!("type", |value: Value| Ok(Value::from(value.kind()))),
    plain!("nan", |_| Ok(Value::from(f64::NAN))),
    plain!("infinite", |_| Ok(Value::from(f64::INFINITY))),
    plain!("isnan", |value: Value| match &value {
        Value::Num(number) => Ok(Value::Bool(is_nan(number))),
        _ => fail(format_args!("{} ({value}) number required", value.kind())),
    }),
    plain!("length", length),
    plain!("tonumber", to_number),
    plain!("fromjson", from_json),
];

fn length(value: Value) -> Outcome {
    Ok(match value {
        Value::Null => Value::from(0usize),
        Value::Bool(_) => return fail(format_args!("boolean ({value}) has no length")),
        Value::Num(Num::Float(float)) => Value::from(float.abs()),
        Value::Num(number) if float_of(&number) < 0.0 => return ops::number(-number),
        Value::Num(_) => value,
        Value::Str(text) => {
            charge_bytes(text.len());
            Value::from(text.chars().count())
        }
        Value::Arr(array) => Value::from(array.items.len()),
        Value::Obj(object) => Value::from(object.members.len()),
    })
}

fn to_number(value: Value) -> Outcome {
    match &value {
        Value::Num(_) => Ok(value),
        Value::Str(text) => match (read(text.trim_ascii()), lenient(text)) {
            (Ok(number @ Value::Num(_)), _) => Ok(number),
            (_, Some(float)) => ops::number(Num::Float(float)),
            _ => fail(format_args!("Cannot parse {value} as a number")),
        },
        _ => fail(format_args!("{} ({value}) cannot be parsed as a number", value.kind())),
    }
}

/// `01`, `.5` and `5.` are numbers, too.
fn lenient(text: &str) -> Option<f64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte));
    text.parse().ok().filter(|float: &f64| digits && float.is_finite())
}

fn from_json(value: Value) -> Outcome {
    let Value::Str(text) = &value else {
        return fail(format_args!("{} ({value}) cannot be parsed as JSON", value.kind()));
    };
    read(text).or_else(|error| fail(format_args!("{error} (while parsing {value})")))
}

fn read(text: &str) -> Result<Value, crate::value::SyntaxError> {
    charge_bytes(text.len().saturating_mul(8));
    let limits = Limits { max_depth: MAX_DEPTH, duplicate_keys: DuplicateKeys::LastWins };
    parse(text.as_bytes(), &limits)
}
