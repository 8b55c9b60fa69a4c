//! Where a hole in a template ends.

use jaq_core::load::lex::Expect;
use jaq_core::load::{Lexer, span};

use crate::diagnostic::Problem;

use super::syntax;

/// Where the hole that starts at `text[0]` (just behind `{`) ends, by jq's own lexing, so that braces in strings, objects and comments do not end it: the bytes before the closing brace.
pub fn hole_end(text: &str) -> Result<usize, Problem> {
    syntax::check_size(text)?;
    // the lexer calls itself for what is nested
    syntax::with_room(text, || lexed_end(text)).unwrap_or_else(|| Err(too_deep()))
}

fn lexed_end(text: &str) -> Result<usize, Problem> {
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

fn too_deep() -> Problem {
    let message = "the program is nested too deeply".to_owned();
    Problem { range: 0..0, message, help: None }
}
