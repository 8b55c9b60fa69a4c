//! Why a run gave no value.

use std::fmt;

use crate::fault::Fault;

/// Why a run gave no value, for the log. What programs work on is data of users: what an error quotes of it is not shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The program's own error. It may quote data.
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
            Self::Failed(text) => write!(f, "the program failed: {}", without_data(text)),
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

/// Leaves out all from the first to the last sign of a value: values are quoted as JSON.
fn without_data(text: &str) -> String {
    let sign = |c: char| c.is_ascii_digit() || "\"'(){}[]".contains(c);
    let Some(start) = text.find(sign) else { return text.to_owned() };
    // A value that was cut has no end.
    let end = text.rfind(sign).filter(|end| *end > start).map_or(text.len(), |end| end + 1);
    format!("{}…{}", &text[..start], &text[end..])
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Fault::internal(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_shows_nothing_of_the_data() {
        for (text, shown) in [
            ("Cannot parse \"hunter2\" as a number", "Cannot parse … as a number"),
            ("object ({\"card\":4111}) cannot be parsed", "object … cannot be parsed"),
            ("4111111111111111 is no key", "… is no key"),
            ("Cannot parse \"hunter2", "Cannot parse …"),
            ("the order is empty", "the order is empty"),
            ("\"", "…"),
            ("ä(ö", "ä…"),
        ] {
            let error = Error::Failed(text.to_owned());
            assert_eq!(error.to_string(), format!("the program failed: {shown}"));
        }
    }
}
