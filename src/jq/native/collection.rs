//! Arrays and objects.

use crate::value::meter::{charge, charge_bytes, tick};
use crate::value::{Members, SmolStr, Value};

use super::super::access;
use super::super::ops::{self, Outcome, fail, into_items, into_members};
use super::{Filter, plain, with_argument};

pub(super) const FILTERS: &[Filter] = &[
    plain!("add", add),
    plain!("to_entries", to_entries),
    plain!("from_entries", from_entries),
    with_argument!("has", has),
    with_argument!("contains", |whole: Value, part: Value| Ok(contains(&whole, &part)?.into())),
    with_argument!("indices", indices),
    with_argument!("bsearch", bsearch),
    with_argument!("delpaths", delete_paths),
];

fn add(value: Value) -> Outcome {
    let items = match value {
        Value::Arr(array) => into_items(array),
        Value::Obj(object) => into_members(object).into_values().collect(),
        Value::Null => return Ok(Value::Null),
        other => return access::not_iterable(&other),
    };
    charge(items.len() as u64);
    if items.len() > 1 && items.iter().all(|item| matches!(item, Value::Str(_))) {
        let texts: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
        return Ok(ops::text(texts.concat()));
    }
    items.into_iter().try_fold(Value::Null, |sum, item| sum + item)
}

fn to_entries(value: Value) -> Outcome {
    let entry = |key: Value, value: Value| {
        let members = [(SmolStr::new_static("key"), key), (SmolStr::new_static("value"), value)];
        ops::object(members.into_iter().collect())
    };
    match value {
        Value::Obj(object) => {
            let members = into_members(object).into_iter();
            Ok(members.map(|(key, value)| entry(key.into(), value)).collect())
        }
        Value::Arr(array) => {
            let items = into_items(array).into_iter().enumerate();
            Ok(items.map(|(at, item)| entry(at.into(), item)).collect())
        }
        other => fail(format_args!("{} ({other}) has no keys", other.kind())),
    }
}

fn from_entries(value: Value) -> Outcome {
    let items = match value {
        Value::Arr(array) => into_items(array),
        Value::Null => vec![],
        Value::Obj(object) => into_members(object).into_values().collect(),
        other => return access::not_iterable(&other),
    };
    let mut members = Members::default();
    for item in items {
        tick();
        let Value::Obj(entry) = &item else {
            return fail(format_args!("Cannot index {} with \"key\"", item.kind()));
        };
        let one_of =
            |names: &[&str]| names.iter().find_map(|name| entry.members.get(name)).cloned();
        let truthy = |name: &&str| entry.members.get(name).filter(|key| key.is_true());
        let names = ["key", "k", "name", "Name", "K", "Key"];
        let key = names.iter().find_map(truthy).or(entry.members.get("key")).cloned();
        let key = match key.unwrap_or_default() {
            Value::Str(key) => key,
            key @ (Value::Null | Value::Bool(_) | Value::Num(_)) => key.to_json().into(),
            key => return fail(format_args!("Cannot use {} ({key}) as object key", key.kind())),
        };
        members.insert(key, one_of(&["value", "v", "Value", "V"]).unwrap_or_default());
    }
    Ok(ops::object(members))
}

fn has(value: Value, key: Value) -> Outcome {
    match (&value, &key) {
        (Value::Obj(object), Value::Str(key)) => Ok(object.members.contains_key(key).into()),
        (Value::Arr(array), Value::Num(at)) => {
            let at = crate::value::float_of(at);
            Ok((at >= 0.0 && at < array.items.len() as f64).into())
        }
        _ => fail(format_args!("Cannot check whether {} has a {} key", value.kind(), key.kind())),
    }
}

fn contains(whole: &Value, part: &Value) -> Outcome<bool> {
    tick();
    match (whole, part) {
        (Value::Str(whole), Value::Str(part)) => {
            charge_bytes(whole.len());
            Ok(whole.contains(part.as_str()))
        }
        (Value::Arr(whole), Value::Arr(parts)) => {
            every(&parts.items, |part| any(&whole.items, |item| holds(item, part)))
        }
        (Value::Obj(whole), Value::Obj(parts)) => {
            for (key, part) in &parts.members {
                match whole.members.get(key) {
                    Some(item) if holds(item, part)? => {}
                    _ => return Ok(false),
                }
            }
            Ok(true)
        }
        (a, b) if a.kind() == b.kind() => Ok(a == b),
        (a, b) => {
            let message = "cannot have their containment checked";
            fail(format_args!("{} ({a}) and {} ({b}) {message}", a.kind(), b.kind()))
        }
    }
}

/// Items of different kinds are no mistake inside of arrays and objects.
fn holds(whole: &Value, part: &Value) -> Outcome<bool> {
    if whole.kind() == part.kind() { contains(whole, part) } else { Ok(false) }
}

fn any(items: &[Value], mut test: impl FnMut(&Value) -> Outcome<bool>) -> Outcome<bool> {
    for item in items {
        if test(item)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn every(items: &[Value], mut test: impl FnMut(&Value) -> Outcome<bool>) -> Outcome<bool> {
    Ok(!any(items, |item| Ok(!test(item)?))?)
}

fn indices(value: Value, part: Value) -> Outcome {
    match (&value, &part) {
        (Value::Null, _) => Ok(Value::Null),
        (Value::Str(_), Value::Str(part)) if part.is_empty() => Ok(Value::Null),
        (Value::Str(whole), Value::Str(part)) => {
            charge_bytes(whole.len().saturating_mul(8));
            let chars = whole.char_indices().enumerate();
            let starts = chars.filter(|(_, (byte, _))| whole[*byte..].starts_with(part.as_str()));
            Ok(starts.map(|(at, _)| Value::from(at)).collect())
        }
        (Value::Arr(whole), Value::Arr(part)) => Ok(access::indices(whole, part)),
        (Value::Arr(whole), part) => {
            let places = whole.items.iter().enumerate().filter(|(_, item)| *item == part);
            Ok(places.map(|(at, _)| Value::from(at)).collect())
        }
        (value, part) => {
            fail(format_args!("Cannot determine indices of {} in {}", part.kind(), value.kind()))
        }
    }
}

fn bsearch(value: Value, item: Value) -> Outcome {
    match &value {
        Value::Arr(array) => Ok(match array.items.binary_search(&item) {
            Ok(at) => at.into(),
            Err(at) => Value::from(-1 - at as isize),
        }),
        _ => fail(format_args!("{} ({value}) cannot be searched from", value.kind())),
    }
}

fn delete_paths(value: Value, paths: Value) -> Outcome {
    let Value::Arr(paths) = paths else {
        return fail("Paths must be specified as an array");
    };
    let mut paths = into_items(paths);
    paths.sort();
    paths.into_iter().rev().try_fold(value, |value, path| match &path {
        Value::Arr(path) => delete(value, &path.items),
        _ => fail("Path must be specified as an array"),
    })
}

fn delete(value: Value, path: &[Value]) -> Outcome {
    tick();
    let Some((key, rest)) = path.split_first() else {
        return Ok(Value::Null);
    };
    let child = access::index(value.clone(), key)?;
    if value.is_null() || (child.is_null() && !rest.is_empty()) {
        return Ok(value);
    }
    let child = if rest.is_empty() { None } else { Some(delete(child, rest)?) };
    replace(value, key, child)
}

/// Puts `child` in the place of what `key` means, or takes that out.
fn replace(value: Value, key: &Value, child: Option<Value>) -> Outcome {
    let new = |_| child.clone().map(Ok).into_iter();
    let new = access::map_index(value, key, jaq_core::path::Opt::Essential, new);
    new.map_err(|exception| match exception.get_err() {
        Ok(error) => error,
        Err(_) => jaq_core::Error::str("cannot delete"),
    })
}
