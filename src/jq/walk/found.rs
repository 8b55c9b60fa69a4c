//! What reading a program finds.

use std::collections::BTreeSet;

use super::super::effect::Callee;

/// What was found, in the order of the text.
#[derive(Default)]
pub(in crate::jq) struct Findings<'s> {
    pub(in crate::jq) reads: Vec<Found<'s>>,
    pub(in crate::jq) inputs: Vec<Look<'s>>,
    pub(in crate::jq) callees: BTreeSet<Callee>,
    pub(in crate::jq) mistakes: Vec<Mistake<'s>>,
    /// How many `.` and `..` there are in front of all else.
    pub(super) dots: usize,
}

/// A variable that is not bound here, with the steps behind it.
pub(in crate::jq) struct Found<'s> {
    pub(in crate::jq) var: &'s str,
    pub(in crate::jq) steps: Vec<Step<'s>>,
    pub(in crate::jq) computed: bool,
    /// The steps are all there is behind it, and none is optional.
    pub(in crate::jq) plain: bool,
}

/// One constant field.
pub(in crate::jq) struct Step<'s> {
    pub(in crate::jq) name: String,
    /// Parts of it as they stand in the text.
    pub(in crate::jq) parts: Vec<&'s str>,
}

/// Where the program's own input is looked at.
pub(in crate::jq) enum Look<'s> {
    /// The how manieth `.` or `..` of the text it is.
    Dot(usize),
    /// `{name}`, which is `{name: .name}`.
    Member(&'s str),
    /// A filter that does, and whether it has arguments.
    Call(&'s str, bool),
}

/// What is wrong with a name.
pub(in crate::jq) enum Mistake<'s> {
    /// No such filter; the variable of that name is there.
    Undefined { name: &'s str, arity: usize, variable: bool },
    /// No such label.
    Label(&'s str),
    /// `reduce` or `foreach` with the wrong number of arguments.
    Fold(&'s str),
    /// `$x.a = 1`: a variable does not change.
    Assignment(&'s str),
    /// A definition that calls itself with another filter than the one it was given.
    ChangedFilter { name: &'s str, param: &'s str },
}
