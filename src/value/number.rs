//! Numbers: how they compare and how they are written.

use std::borrow::Cow;
use std::cmp::Ordering;

use num_bigint::BigInt;

use super::Num;

/// A number as a template prints it: without a needless `.0`, otherwise as it came (`2.0` is `2`, `1.10` and `1e400` stay). NaN and infinities are `null`.
pub fn number_text(number: &Num) -> Cow<'_, str> {
    match number {
        Num::Dec(text) => match text.split_once('.') {
            Some((whole, fraction)) if fraction.bytes().all(|b| b == b'0') => whole.into(),
            _ => text.as_str().into(),
        },
        Num::Float(float) => finite_text(*float).into(),
        Num::Int(_) | Num::BigInt(_) => number.to_string().into(),
    }
}

/// A calculated number as JSON: whole ones without a point, as jq writes them; what JSON has no word for is `null`.
pub(crate) fn finite_text(float: f64) -> String {
    if !float.is_finite() {
        return "null".to_owned();
    }
    match whole(float) {
        Some(0) if float.is_sign_negative() => "-0".to_owned(),
        Some(integer) => integer.to_string(),
        None => Num::Float(float).to_string(),
    }
}

/// The integer that a float is, where writing it as one loses nothing and is no longer than jq's 17 digits.
pub(crate) fn whole(float: f64) -> Option<isize> {
    (float.trunc() == float && float.abs() < 1e17).then_some(float as isize)
}

/// The nearest float; infinite where the number is too large for one.
pub(crate) fn float_of(number: &Num) -> f64 {
    match number {
        Num::Int(integer) => *integer as f64,
        Num::Float(float) => *float,
        Num::BigInt(big) => big.to_string().parse().unwrap_or(f64::INFINITY),
        Num::Dec(text) => text.parse().unwrap_or(f64::NAN),
    }
}

/// A total order, exact between integers and floats, in which NaN equals itself and is the least: sorting needs one.
pub(super) fn compare(a: &Num, b: &Num) -> Ordering {
    match (a, b) {
        (Num::Int(a), Num::Int(b)) => a.cmp(b),
        (Num::BigInt(a), Num::BigInt(b)) => a.cmp(b),
        (Num::Int(a), Num::BigInt(b)) => BigInt::from(*a).cmp(b),
        (Num::BigInt(a), Num::Int(b)) => (**a).cmp(&BigInt::from(*b)),
        (Num::Int(a), b) => with_float(&Exact::Int(*a), float_of(b)),
        (a, Num::Int(b)) => with_float(&Exact::Int(*b), float_of(a)).reverse(),
        (Num::BigInt(a), b) => with_float(&Exact::Big(a), float_of(b)),
        (a, Num::BigInt(b)) => with_float(&Exact::Big(b), float_of(a)).reverse(),
        (a, b) => floats(float_of(a), float_of(b)),
    }
}

/// Whether it is the result of a calculation that has none.
pub(crate) fn is_nan(number: &Num) -> bool {
    matches!(number, Num::Float(float) if float.is_nan())
}

enum Exact<'a> {
    Int(isize),
    Big(&'a BigInt),
}

fn with_float(integer: &Exact<'_>, float: f64) -> Ordering {
    if float.is_nan() {
        return Ordering::Greater;
    }
    if float.is_infinite() {
        return if float > 0.0 { Ordering::Less } else { Ordering::Greater };
    }
    let floor = float.floor();
    let fraction = if float > floor { Ordering::Less } else { Ordering::Equal };
    let to_floor = match integer {
        Exact::Int(integer) => (*integer as i128).cmp(&(floor as i128)),
        // `{:.0}` writes every digit of a float that is whole
        Exact::Big(integer) => match format!("{floor:.0}").parse::<BigInt>() {
            Ok(floor) => (**integer).cmp(&floor),
            Err(_) => Ordering::Equal,
        },
    };
    to_floor.then(fraction)
}

fn floats(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| b.is_nan().cmp(&a.is_nan()))
}
