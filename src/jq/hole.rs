//! Where a hole in a template ends.

use jaq_core::load::lex::Expect;
use jaq_core::load::{Lexer, span};

use crate::diagnostic::Problem;

use super::syntax;

/// Where the hole that starts at `text[0]` (just behind `{`) ends, by jq's own lexing, so that braces in strings, objects and comments do not end it: the bytes before the closing brace.
pub fn hole_end(text: &str) -> Result<usize, Problem> {
    syntax::check_size(text)?;
    let Err(errors) = Lexer::new(text).lex() else {
        return Err(unclosed(text));
    };
    // the lexer stops at what can start no token; the brace that closes the hole is such a thing
    match &errors[..] {
        [(Expect::Token, rest)] if rest.starts_with('}') => Ok(span(text, rest).start),
        _ => {
            let (expected, rest) =
                errors.first().map_or((&Expect::Token, ""), |(e, rest)| (e, *rest));
            if rest.is_empty() {
                return Err(unclosed(text));
            }
            Err(syntax::lexical(text, expected, rest))
        }
    }
}

fn unclosed(text: &str) -> Problem {
    Problem {
        range: text.len()..text.len(),
        message: "unclosed `{`".to_owned(),
        help: Some("close it with `}`, or write `{{` for a brace".to_owned()),
    }
}
