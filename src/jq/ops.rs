//! Arithmetic, as jq has it. Every operation pays for what it copies.

use std::ops::{Add, Div, Mul, Neg, Rem, Sub};
use std::sync::Arc;

use jaq_core::Error as Failure;

use crate::value::meter::{self, Stop, charge, charge_bytes};
use crate::value::{Array, MAX_DEPTH, Num, Object, SmolStr, Value, float_of, whole};

/// What an operation gives, or the error that `try` catches.
pub(super) type Outcome<T = Value> = Result<T, Failure<Value>>;

/// The most bits an integer may have.
const MAX_BITS: u64 = 4096;

/// An array that is not nested too deeply; ends the run otherwise.
pub(super) fn array(items: Vec<Value>) -> Value {
    charge(1 + items.len() as u64 / 8);
    shallow(Value::array(items))
}

/// An object that is not nested too deeply; ends the run otherwise.
pub(super) fn object(members: crate::value::Members) -> Value {
    charge(1 + members.len() as u64 / 4);
    shallow(Value::object(members))
}

/// A text.
pub(super) fn text(text: impl Into<SmolStr>) -> Value {
    let text = text.into();
    charge_bytes(text.len());
    Value::Str(text)
}

fn shallow(value: Value) -> Value {
    if value.depth() > MAX_DEPTH {
        meter::stop(Stop::Depth)
    }
    value
}

/// Raises the depth of a container that takes `child` in.
pub(super) fn deepen(depth: &mut u32, child: &Value) {
    *depth = child.depth().saturating_add(1).max(*depth);
    if *depth > MAX_DEPTH {
        meter::stop(Stop::Depth)
    }
}

/// To change an array in place; pays if it is shared and has to be copied.
pub(super) fn own_array(array: &mut Arc<Array>) -> &mut Array {
    if Arc::strong_count(array) > 1 {
        charge(array.items.len() as u64 / 4);
    }
    Arc::make_mut(array)
}

/// To change an object in place; pays if it is shared and has to be copied.
pub(super) fn own_object(object: &mut Arc<Object>) -> &mut Object {
    if Arc::strong_count(object) > 1 {
        charge(object.members.len() as u64);
    }
    Arc::make_mut(object)
}

/// The items, copied only where the array is shared.
pub(super) fn into_items(mut array: Arc<Array>) -> Vec<Value> {
    std::mem::take(&mut own_array(&mut array).items)
}

/// The members, copied only where the object is shared.
pub(super) fn into_members(mut object: Arc<Object>) -> crate::value::Members {
    std::mem::take(&mut own_object(&mut object).members)
}

pub(super) fn fail<T>(message: impl std::fmt::Display) -> Outcome<T> {
    Err(Failure::str(message))
}

fn undefined(left: &Value, right: &Value, what: &str) -> Outcome {
    fail(format_args!("{} ({left}) and {} ({right}) cannot be {what}", left.kind(), right.kind()))
}

/// A calculated number: whole floats become integers, so that they index and print as such.
pub(super) fn number(number: Num) -> Outcome {
    Ok(Value::Num(match number {
        Num::BigInt(big) if big.bits() > MAX_BITS => return fail("the integer is too large"),
        Num::BigInt(big) => {
            charge(big.bits() >> 6);
            Num::BigInt(big)
        }
        Num::Float(float) => match whole(float) {
            Some(integer) if integer != 0 || float.is_sign_positive() => Num::Int(integer),
            _ => Num::Float(float),
        },
        other => other,
    }))
}

impl Add for Value {
    type Output = Outcome;

    fn add(self, right: Value) -> Outcome {
        match (self, right) {
            (Value::Null, x) | (x, Value::Null) => Ok(x),
            (Value::Num(a), Value::Num(b)) => number(a + b),
            (Value::Str(a), Value::Str(b)) => {
                charge_bytes(a.len() + b.len());
                Ok(Value::Str(smol_str::format_smolstr!("{a}{b}")))
            }
            (Value::Arr(mut a), Value::Arr(b)) => {
                charge(b.items.len() as u64 / 4);
                let left = own_array(&mut a);
                left.items.extend(b.items.iter().cloned());
                left.depth = left.depth.max(b.depth);
                Ok(Value::Arr(a))
            }
            (Value::Obj(mut a), Value::Obj(b)) => {
                charge(b.members.len() as u64);
                let left = own_object(&mut a);
                left.members.extend(b.members.iter().map(|(k, v)| (k.clone(), v.clone())));
                left.depth = left.depth.max(b.depth);
                Ok(Value::Obj(a))
            }
            (l, r) => undefined(&l, &r, "added"),
        }
    }
}

impl Sub for Value {
    type Output = Outcome;

    fn sub(self, right: Value) -> Outcome {
        match (self, right) {
            (Value::Num(a), Value::Num(b)) => number(a - b),
            (Value::Arr(mut a), Value::Arr(b)) => {
                own_array(&mut a).items.retain(|item| !b.items.contains(item));
                Ok(Value::Arr(a))
            }
            (l, r) => undefined(&l, &r, "subtracted"),
        }
    }
}

impl Mul for Value {
    type Output = Outcome;

    fn mul(self, right: Value) -> Outcome {
        match (self, right) {
            (Value::Num(a), Value::Num(b)) => number(a * b),
            (Value::Str(s), Value::Num(n)) | (Value::Num(n), Value::Str(s)) => {
                Ok(repeat(&s, float_of(&n).ceil()))
            }
            (Value::Obj(a), Value::Obj(b)) => Ok(merge(a, &b)),
            (l, r) => undefined(&l, &r, "multiplied"),
        }
    }
}

fn repeat(unit: &str, times: f64) -> Value {
    if times <= 0.0 || times.is_nan() {
        return Value::Null;
    }
    let bytes = unit.len().saturating_mul(times as usize);
    charge_bytes(bytes);
    Value::Str(unit.repeat(times as usize).into())
}

/// `a * b`: objects in both are merged, all else comes from `b`.
fn merge(mut a: Arc<Object>, b: &Arc<Object>) -> Value {
    charge(1 + b.members.len() as u64);
    let left = own_object(&mut a);
    for (key, value) in &b.members {
        let merged = match (left.members.get_mut(key), value) {
            (Some(Value::Obj(old)), Value::Obj(new)) => merge(std::mem::take(old), new),
            _ => value.clone(),
        };
        deepen(&mut left.depth, &merged);
        left.members.insert(key.clone(), merged);
    }
    Value::Obj(a)
}

impl Div for Value {
    type Output = Outcome;

    fn div(self, right: Value) -> Outcome {
        match (self, right) {
            (Value::Num(a), Value::Num(b)) => divide(a, b),
            (Value::Str(a), Value::Str(b)) => Ok(split(&a, &b)),
            (l, r) => undefined(&l, &r, "divided"),
        }
    }
}

fn divide(a: Num, b: Num) -> Outcome {
    if b == Num::Int(0) {
        let zero = "cannot be divided because the divisor is zero";
        let (a, b) = (Value::Num(a), Value::Num(b));
        return fail(format_args!("number ({a}) and number ({b}) {zero}"));
    }
    // exact where floats are not
    if let (Num::Int(a), Num::Int(b)) = (&a, &b)
        && a.checked_rem(*b) == Some(0)
    {
        return Ok(Value::Num(Num::Int(a / b)));
    }
    number(a / b)
}

/// The pieces of a text between separators; its characters where the separator is empty.
pub(super) fn split(whole: &str, separator: &str) -> Value {
    charge_bytes(whole.len());
    if whole.is_empty() {
        return array(vec![]);
    }
    match separator {
        "" => whole.chars().map(|char| Value::Str(SmolStr::from_iter([char]))).collect(),
        _ => whole.split(separator).map(|piece| Value::Str(piece.into())).collect(),
    }
}

impl Rem for Value {
    type Output = Outcome;

    fn rem(self, right: Value) -> Outcome {
        let (Value::Num(a), Value::Num(b)) = (&self, &right) else {
            return undefined(&self, &right, "divided");
        };
        let (a, b) = (truncated(a), truncated(b));
        if b == Num::Int(0) {
            return undefined(&self, &right, "divided because the divisor is zero");
        }
        number(a % b)
    }
}

/// jq takes the remainder of integers only.
fn truncated(number: &Num) -> Num {
    match number {
        Num::Int(_) | Num::BigInt(_) => number.clone(),
        // saturates; NaN becomes 0
        _ => Num::Int(float_of(number) as isize),
    }
}

impl Neg for Value {
    type Output = Outcome;

    fn neg(self) -> Outcome {
        match self {
            Value::Num(number) => Ok(Value::Num(-number)),
            other => fail(format_args!("{} ({other}) cannot be negated", other.kind())),
        }
    }
}
