//! Why a run gave no value.

use std::fmt;

use crate::fault::Fault;

/// Why a run gave no value. All of it is for the log: the text may quote data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The program's own error.
    Failed(String),
    /// Not exactly one output: none, or a second one.
    NotOne(usize),
    /// The budget is spent; names what of it: "steps", "stack", "depth", "time", "output".
    Budget(&'static str),
    /// A mistake of ours or of jaq.
    Bug(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(text) => write!(f, "the program failed: {text}"),
            Self::NotOne(0) => f.write_str("the program gave no output"),
            Self::NotOne(_) => {
                f.write_str("the program gave several outputs; wrap it in [...] to collect them")
            }
            Self::Budget(what) => write!(f, "the program ran out of its budget ({what})"),
            Self::Bug(text) => write!(f, "the program could not be run: {text}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Fault::internal(error)
    }
}
