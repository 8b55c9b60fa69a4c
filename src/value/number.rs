//! Numbers: how they compare and how they are written.

use std::borrow::Cow;
use std::cmp::Ordering;

use num_bigint::BigInt;

use super::Num;

/// The most digits that an exponent is written out to.
const MOST_DIGITS: usize = 40;

/// A number as a template prints it: a whole one in digits, otherwise as it came (`2.0` is `2`, `1000e-1` is `100`; `1.10`
/// stays, and `1e400`, which nobody would write out). NaN and infinities are `null`.
pub fn number_text(number: &Num) -> Cow<'_, str> {
    match number {
        Num::Dec(text) => digits(text).map_or(text.as_str().into(), Cow::Owned),
        Num::Float(float) => finite_text(*float).into(),
        Num::Int(_) | Num::BigInt(_) => number.to_string().into(),
    }
}

/// The digits of a number that is whole, and not too long.
fn digits(text: &str) -> Option<String> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let (sign, whole) = whole.strip_prefix('-').map_or(("", whole), |whole| ("-", whole));
    let exponent: isize = exponent.parse().ok()?;
    let point = isize::try_from(whole.len()).ok()?.checked_add(exponent)?;
    let all = format!("{whole}{fraction}");
    let point = usize::try_from(point).unwrap_or(0);
    if point > all.len().max(MOST_DIGITS) {
        return None;
    }
    let (kept, dropped) = all.split_at_checked(point).unwrap_or((&all, ""));
    if dropped.bytes().any(|digit| digit != b'0') {
        return None;
    }
    let kept = format!("{kept:0<point$}");
    let kept = kept.trim_start_matches('0');
    Some(format!("{sign}{}", if kept.is_empty() { "0" } else { kept }))
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
