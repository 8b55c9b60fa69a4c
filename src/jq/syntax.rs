//! From text to jaq's syntax tree, with messages for people.

use jaq_core::load::lex::Expect as Lexed;
use jaq_core::load::span;

use crate::diagnostic::Problem;

/// Longer programs are refused.
const MAX_SOURCE: usize = 256 << 10;

pub(super) fn check_size(text: &str) -> Result<(), Problem> {
    if text.len() <= MAX_SOURCE {
        return Ok(());
    }
    Err(Problem {
        range: 0..0,
        message: "the program is longer than 256 KiB".to_owned(),
        help: None,
    })
}

/// What the lexer did not like.
pub(super) fn lexical(source: &str, expected: &Lexed<&str>, rest: &str) -> Problem {
    let start = span(source, rest).start;
    let first = rest.chars().next();
    let message = match (expected, first) {
        (Lexed::Token, Some(c)) => format!("unexpected `{c}`"),
        (expected, Some(c)) => format!("expected {}, found `{c}`", expected.as_str()),
        (expected, None) => format!("expected {}, found the end", expected.as_str()),
    };
    Problem { range: start..start + first.map_or(0, char::len_utf8), message, help: None }
}
