//! What a filter does with its input.

use std::collections::BTreeSet;

/// A filter that is an argument of a definition.
pub(super) type Closure = u32;

/// What a filter does with its input: whether it looks at it, and which of the filters given to it run on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Effect {
    /// It looks at its input itself.
    pub(super) reads_input: bool,
    /// Arguments, its own and those of definitions around it, that run on its input.
    pub(super) on_input: BTreeSet<Closure>,
    pub(super) params: Vec<Param>,
}

/// An argument of a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Param {
    /// `$x`: evaluated once per value, on the input.
    Value,
    /// `f`: run wherever the definition runs it.
    Filter(Closure),
}

/// A definition or a filter in Rust that is there for every program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Callee {
    Native,
    /// By its place in the prelude.
    Prelude(usize),
    /// By its place in the library.
    Library(usize),
}

/// What is there for every program.
pub(super) trait Globals {
    /// The filter of this name and number of arguments.
    fn find(&self, name: &str, arity: usize) -> Option<(Callee, &Effect)>;

    /// All names with their numbers of arguments.
    fn names(&self) -> Vec<(&str, usize)>;
}
