//! jq programs: compiled at load, with all that they read known; run in a budget.
//!
//! A program's input comes by variables only, and it gives exactly one output. `docs/jq.md` has the dialect.

mod access;
mod build;
mod effect;
mod error;
mod glue;
mod hole;
mod library;
mod names;
mod native;
mod ops;
mod prelude;
mod program;
mod run;
mod syntax;
mod walk;

use std::ops::Range;

use crate::value::{SmolStr, Value};

pub use error::Error;
pub use hole::hole_end;
pub use library::Library;
pub use program::Program;

/// What a variable of a program stands for, in the numbering of whoever compiles the program.
pub type Slot = u16;

/// One place where a program reads a variable that it does not bind itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// The variable, without its `$`.
    pub var: SmolStr,
    /// The constant fields directly behind it: `["user", "name"]` of `$body.user.name`. Ends before the first `[]`, slice or computed index.
    pub path: Vec<SmolStr>,
    /// Bytes of the variable in the program.
    pub span: Range<usize>,
    /// Bytes of each field of `path`, without its dot; with its quotes.
    pub path_spans: Vec<Range<usize>>,
    /// Whether the step after `path` is a computed index, as in `$calls[$x]`.
    pub computed: bool,
}

/// The values of a program's variables.
pub trait Scope {
    /// Asked once per slot that the program reads, before it runs. Clones of values are cheap.
    fn get(&self, slot: Slot) -> Value;
}

/// What a run may spend.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Steps: one per evaluated term and per 64 bytes or element of work. A million take 20 to 200 ms and at most some 100 MB.
    pub steps: u64,
    /// Bytes of the output as JSON.
    pub output: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { steps: 1_000_000, output: 16 << 20 }
    }
}

#[cfg(test)]
mod tests;
