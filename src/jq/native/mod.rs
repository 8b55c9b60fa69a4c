//! Filters in Rust: those of ours first, which replace jaq's of the same name, then jaq's.

mod collection;
mod format;
mod number;
mod regex;
mod text;

use std::iter;

use jaq_core::box_iter::box_once;
use jaq_core::native::{Fun, bome, run, unary, v};
use jaq_core::{Cv, Native, RunPtr};

use crate::value::Value;

use super::glue::{Kind, to_json};
use super::ops::Outcome;

/// jaq's that nobody may call: they reach outside, cannot be bounded, or are replaced by definitions of ours.
const LEFT_OUT: &[&str] = &["debug_empty", "stderr_empty", "env", "halt", "jn", "yn"];

/// jaq's that only the prelude calls, under these names, behind a check of its own.
pub(super) const GUARDED: &[(&str, &str)] = &[
    ("gmtime", "gmtime_unchecked"),
    ("localtime", "localtime_unchecked"),
    ("mktime", "mktime_unchecked"),
    ("strftime", "strftime_unchecked"),
    ("strflocaltime", "strflocaltime_unchecked"),
    ("strptime", "strptime_unchecked"),
];

/// All of them, by name and number of arguments.
pub(super) fn all() -> impl Iterator<Item = Fun<Kind>> {
    let ours =
        [collection::FILTERS, format::FILTERS, number::FILTERS, regex::FILTERS, text::FILTERS];
    let ours =
        ours.into_iter().flatten().map(|(name, arity, f)| run::<Kind>((*name, v(*arity), *f)));
    let theirs = jaq_core::funs::<Kind>().chain(jaq_std::funs());
    let theirs = theirs.filter(|(name, ..)| !LEFT_OUT.contains(name));
    let theirs = theirs.map(|(name, args, f)| {
        let guarded = GUARDED.iter().find(|(unchecked, _)| *unchecked == name);
        (guarded.map_or(name, |(_, hidden)| *hidden), args, f)
    });
    iter::once(empty()).chain(ours).chain(theirs)
}

/// Name, number of arguments, and what it does.
type Filter = (&'static str, usize, RunPtr<Kind>);

fn empty() -> Fun<Kind> {
    let empty = Native::new(|_| Box::new(iter::empty()));
    let empty = empty.with_paths(|_| Box::new(iter::empty()));
    ("empty", v(0), empty.with_update(|(_, value), _| box_once(Ok(value))))
}

/// A filter of one output that looks at its input only.
macro_rules! plain {
    ($name:literal, $f:expr) => {
        ($name, 0, |cv| $crate::jq::native::once($f(cv.1)))
    };
}

/// A filter of one output that looks at its input and its one argument.
macro_rules! with_argument {
    ($name:literal, $f:expr) => {
        ($name, 1, |cv| $crate::jq::native::once_with(cv, $f))
    };
}

use {plain, with_argument};

fn once<'a>(outcome: Outcome) -> jaq_core::ValXs<'a, Value> {
    bome(outcome)
}

fn once_with<'a>(cv: Cv<'a, Kind>, f: fn(Value, Value) -> Outcome) -> jaq_core::ValXs<'a, Value> {
    unary(cv, f)
}

/// The input and two arguments.
fn two_arguments(mut cv: Cv<'_, Kind>) -> (Value, Value, Value) {
    let second = cv.0.pop_var();
    let first = cv.0.pop_var();
    (cv.1, first, second)
}
