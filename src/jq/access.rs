//! Reading and changing parts of values: `.a`, `.[0]`, `.[1:3]`, `.[]`.

use std::mem::take;

use jaq_core::path::Opt;
use jaq_core::val::Range;
use jaq_core::{Exn, ValX};

use crate::value::meter::{charge, charge_bytes};
use crate::value::{Array, Num, Object, SmolStr, Value, float_of};

use super::ops::{
    Outcome, array, deepen, fail, into_items, into_members, object, own_array, own_object, text,
};

pub(super) fn index(value: Value, key: &Value) -> Outcome {
    match (&value, key) {
        (Value::Null, Value::Str(_) | Value::Num(_) | Value::Null | Value::Obj(_)) => {
            Ok(Value::Null)
        }
        (Value::Obj(object), Value::Str(key)) => {
            Ok(object.members.get(key).cloned().unwrap_or_default())
        }
        (Value::Arr(array), Value::Num(n)) => {
            let at = position(n, array.items.len());
            Ok(at.and_then(|at| array.items.get(at)).cloned().unwrap_or_default())
        }
        (Value::Arr(_) | Value::Str(_), Value::Obj(bounds)) => {
            range(value.clone(), slice_of(bounds))
        }
        (Value::Arr(array), Value::Arr(part)) => Ok(indices(array, part)),
        (_, Value::Str(key)) => fail(format_args!("Cannot index {} with \"{key}\"", value.kind())),
        _ => fail(format_args!("Cannot index {} with {}", value.kind(), key.kind())),
    }
}

/// Where `part` starts in `whole`.
pub(super) fn indices(whole: &Array, part: &Array) -> Value {
    if part.items.is_empty() {
        return Value::Null;
    }
    let windows = whole.items.windows(part.items.len()).enumerate();
    windows.filter(|(_, window)| *window == part.items).map(|(at, _)| Value::from(at)).collect()
}

/// The place that an index means; negative ones count from the end.
fn position(index: &Num, len: usize) -> Option<usize> {
    let index = float_of(index).floor();
    match index {
        _ if index.is_nan() => None,
        _ if index < 0.0 => len.checked_sub(-index as usize),
        _ => Some(index as usize),
    }
}

/// The bounds in an object as `path(.[1:3])` gives it.
fn slice_of(bounds: &Object) -> Range<&Value> {
    bounds.members.get("start")..bounds.members.get("end")
}

pub(super) fn range(value: Value, range: Range<&Value>) -> Outcome {
    match &value {
        Value::Null => Ok(Value::Null),
        Value::Arr(whole) => {
            let (start, end) = bounds(&range, whole.items.len())?;
            Ok(array(whole.items[start..end].to_vec()))
        }
        Value::Str(whole) => {
            let (start, end) = char_bounds(&range, whole)?;
            Ok(text(&whole[start..end]))
        }
        _ => fail(format_args!("Cannot index {} with object", value.kind())),
    }
}

fn bounds(range: &Range<&Value>, len: usize) -> Outcome<(usize, usize)> {
    let start = bound(range.start, len, 0, f64::floor)?;
    Ok((start, bound(range.end, len, len, f64::ceil)?.max(start)))
}

/// In bytes, for bounds that count characters.
fn char_bounds(range: &Range<&Value>, whole: &str) -> Outcome<(usize, usize)> {
    charge_bytes(whole.len());
    if whole.is_ascii() {
        return bounds(range, whole.len());
    }
    let (start, end) = bounds(range, whole.chars().count())?;
    let byte = |char| whole.char_indices().nth(char).map_or(whole.len(), |(at, _)| at);
    Ok((byte(start), byte(end)))
}

fn bound(at: Option<&Value>, len: usize, default: usize, round: fn(f64) -> f64) -> Outcome<usize> {
    match at {
        None | Some(Value::Null) => Ok(default),
        Some(Value::Num(at)) => {
            let at = round(float_of(at));
            let place = if at < 0.0 { len.saturating_sub(-at as usize) } else { at as usize };
            Ok(place.min(len))
        }
        Some(_) => fail("Start and end indices of an array slice must be numbers"),
    }
}

pub(super) fn not_iterable<T>(value: &Value) -> Outcome<T> {
    fail(format_args!("Cannot iterate over {} ({value})", value.kind()))
}

pub(super) fn map_values<'a, I: Iterator<Item = ValX<'a, Value>>>(
    value: Value,
    opt: Opt,
    f: impl Fn(Value) -> I,
) -> ValX<'a, Value> {
    let first = |value| f(value).next();
    match value {
        Value::Arr(whole) => {
            let items = into_items(whole).into_iter().filter_map(first);
            Ok(array(items.collect::<Result<_, _>>()?))
        }
        Value::Obj(whole) => {
            let members = into_members(whole).into_iter();
            let members = members.filter_map(|(key, value)| Some((key, first(value)?)));
            let members = members.map(|(key, value)| Ok::<_, Exn<'_, _>>((key, value?)));
            Ok(object(members.collect::<Result<_, _>>()?))
        }
        value => opt.fail(value, |value| exception(not_iterable(&value))),
    }
}

pub(super) fn map_index<'a, I: Iterator<Item = ValX<'a, Value>>>(
    value: Value,
    key: &Value,
    opt: Opt,
    f: impl Fn(Value) -> I,
) -> ValX<'a, Value> {
    match (value, key) {
        (Value::Null, Value::Str(_)) => map_index(Value::Obj(Default::default()), key, opt, f),
        (Value::Null, Value::Num(_)) => map_index(Value::Arr(Default::default()), key, opt, f),
        (value @ (Value::Arr(_) | Value::Null), Value::Obj(bounds)) => {
            map_range(value, slice_of(bounds), opt, f)
        }
        (Value::Obj(mut whole), Value::Str(key)) => {
            map_member(own_object(&mut whole), key, f)?;
            Ok(Value::Obj(whole))
        }
        (Value::Arr(mut whole), Value::Num(key)) => {
            let Some(at) = position(key, whole.items.len()) else {
                let out = || exception(fail("Out of bounds negative array index"));
                return opt.fail(Value::Arr(whole), |_| out());
            };
            map_item(own_array(&mut whole), at, f)?;
            Ok(Value::Arr(whole))
        }
        (value, key) => opt.fail(value, |value| exception(index(value, key))),
    }
}

fn map_member<'a, I: Iterator<Item = ValX<'a, Value>>>(
    whole: &mut Object,
    key: &SmolStr,
    f: impl Fn(Value) -> I,
) -> ValX<'a, (), Value> {
    let old = whole.members.get_mut(key).map(take).unwrap_or_default();
    match f(old).next().transpose()? {
        Some(new) => {
            deepen(&mut whole.depth, &new);
            whole.members.insert(key.clone(), new);
        }
        None => {
            charge(whole.members.len() as u64 / 8);
            whole.members.shift_remove(key);
        }
    }
    Ok(())
}

fn map_item<'a, I: Iterator<Item = ValX<'a, Value>>>(
    whole: &mut Array,
    at: usize,
    f: impl Fn(Value) -> I,
) -> ValX<'a, (), Value> {
    let old = whole.items.get_mut(at).map(take).unwrap_or_default();
    match f(old).next().transpose()? {
        Some(new) => {
            deepen(&mut whole.depth, &new);
            if at >= whole.items.len() {
                charge((at - whole.items.len()) as u64);
                whole.items.resize(at + 1, Value::Null);
            }
            whole.items[at] = new;
        }
        None if at < whole.items.len() => {
            charge(whole.items.len() as u64 / 8);
            whole.items.remove(at);
        }
        None => {}
    }
    Ok(())
}

pub(super) fn map_range<'a, I: Iterator<Item = ValX<'a, Value>>>(
    value: Value,
    range: Range<&Value>,
    opt: Opt,
    f: impl Fn(Value) -> I,
) -> ValX<'a, Value> {
    let mut whole = match value {
        Value::Arr(whole) => whole,
        Value::Null => Default::default(),
        value => {
            let kind = value.kind();
            return opt.fail(value, |_| {
                exception(fail(format_args!("Cannot update field at object index of {kind}")))
            });
        }
    };
    let (start, end) = match bounds(&range, whole.items.len()) {
        Ok(bounds) => bounds,
        Err(error) => return opt.fail(Value::Arr(whole), |_| error.into()),
    };
    let part = array(whole.items[start..end].to_vec());
    let new = match f(part).next().transpose()? {
        Some(Value::Arr(new)) => into_items(new),
        None => vec![],
        Some(_) => {
            return Err(exception(fail("A slice of an array can only be assigned another array")));
        }
    };
    let whole_mut = own_array(&mut whole);
    new.iter().for_each(|item| deepen(&mut whole_mut.depth, item));
    charge((whole_mut.items.len() + new.len()) as u64 / 8);
    whole_mut.items.splice(start..end, new);
    Ok(Value::Arr(whole))
}

fn exception<'a>(outcome: Outcome) -> Exn<'a, Value> {
    match outcome {
        Err(error) => error.into(),
        Ok(value) => jaq_core::Error::new(value).into(),
    }
}
