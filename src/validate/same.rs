//! Equality as JSON Schema has it (core §4.2.2): numbers by their value, objects whatever the order of their members.

use std::collections::HashSet;
use std::hash::{Hash, Hasher};

use super::decimal::Decimal;
use crate::value::{Num, Value};

/// Whether a value is the one that a schema names.
pub(super) fn equal(value: &Value, expected: &serde_json::Value) -> bool {
    use serde_json::Value as Json;
    match (value, expected) {
        (Value::Null, Json::Null) => true,
        (Value::Bool(a), Json::Bool(b)) => a == b,
        (Value::Num(a), Json::Number(b)) => equal_numbers(a, b),
        (Value::Str(a), Json::String(b)) => a == b,
        (Value::Arr(_), Json::Array(b)) => {
            let a = value.as_array().unwrap_or_default();
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
        }
        (Value::Obj(_), Json::Object(b)) => value.as_object().is_some_and(|a| {
            let same = |(name, b): (&String, _)| a.get(name).is_some_and(|a| equal(a, b));
            a.len() == b.len() && b.iter().all(same)
        }),
        _ => false,
    }
}

fn equal_numbers(a: &Num, b: &serde_json::Number) -> bool {
    if let (Num::Int(a), Some(b)) = (a, b.as_i64()) {
        return *a as i64 == b;
    }
    Decimal::of(a).is_some_and(|a| a == Decimal::parse(&b.to_string()))
}

/// Whether no two are equal, in linear time.
pub(super) fn all_differ(items: &[Value]) -> bool {
    let mut seen =
        HashSet::with_capacity_and_hasher(items.len(), foldhash::fast::RandomState::default());
    items.iter().all(|item| seen.insert(Exact(item)))
}

struct Exact<'a>(&'a Value);

impl PartialEq for Exact<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self.0, other.0) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Num(Num::Int(a)), Value::Num(Num::Int(b))) => a == b,
            (Value::Num(a), Value::Num(b)) => Decimal::of(a) == Decimal::of(b),
            (Value::Str(a), Value::Str(b)) => a == b,
            (Value::Arr(a), Value::Arr(b)) => {
                a.items.len() == b.items.len()
                    && a.items.iter().zip(&b.items).all(|(a, b)| Exact(a) == Exact(b))
            }
            (Value::Obj(a), Value::Obj(b)) => {
                let same = |(name, a)| b.members.get(name).is_some_and(|b| Exact(a) == Exact(b));
                let mut members = a.members.iter().map(|(name, a)| (name.as_str(), a));
                a.members.len() == b.members.len() && members.all(same)
            }
            _ => false,
        }
    }
}

impl Eq for Exact<'_> {}

impl Hash for Exact<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self.0 {
            Value::Null => 0u8.hash(state),
            Value::Bool(bool) => bool.hash(state),
            Value::Num(number) => Decimal::of(number).hash(state),
            Value::Str(text) => text.hash(state),
            Value::Arr(array) => array.items.iter().for_each(|item| Exact(item).hash(state)),
            Value::Obj(object) => {
                let mut members: Vec<_> = object.members.iter().collect();
                members.sort_unstable_by_key(|member| member.0);
                for (name, value) in members {
                    name.hash(state);
                    Exact(value).hash(state);
                }
            }
        }
    }
}
