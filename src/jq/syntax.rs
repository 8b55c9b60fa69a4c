//! From text to jaq's syntax tree, with messages for people.

use std::ops::Range;

use jaq_core::load::lex::{Expect as Lexed, StrPart, Tok, Token};
use jaq_core::load::parse::{Def, Expect, Parser, Term};
use jaq_core::load::{Lexer, span};

use crate::diagnostic::Problem;

/// Longer programs are refused.
const MAX_SOURCE: usize = 128 << 10;

pub(super) fn check_size(text: &str) -> Result<(), Problem> {
    if text.len() <= MAX_SOURCE {
        return Ok(());
    }
    Err(Problem {
        range: 0..0,
        message: "the program is longer than 128 KiB".to_owned(),
        help: None,
    })
}

/// Runs `f`, which walks over something that may be nested as deeply as `source` allows, with a stack that holds that.
pub(super) fn with_room<T: Send>(source: &str, f: impl FnOnce() -> T + Send) -> Option<T> {
    const PER_BYTE: usize = 4 << 10;
    if source.len() <= 400 {
        return Some(f());
    }
    let stack = (16 << 20) + source.len() * PER_BYTE;
    let thread = std::thread::Builder::new().stack_size(stack);
    std::thread::scope(|scope| thread.spawn_scoped(scope, f).ok()?.join().ok())
}

/// A program.
pub(super) fn program(source: &str) -> Result<Term<&str>, Vec<Problem>> {
    let tokens = tokens(source)?;
    let parsed = Parser::new(&tokens).parse(|parser| parser.term());
    parsed.map_err(|errors| {
        errors.into_iter().map(|(e, found)| syntactic(source, &e, found)).collect()
    })
}

/// A definition, and the bytes it takes.
pub(super) type Placed<'s> = (Def<&'s str>, Range<usize>);

/// Definitions only, each with the bytes it takes.
pub(super) fn definitions(source: &str) -> Result<Vec<Placed<'_>>, Vec<Problem>> {
    let tokens = tokens(source)?;
    let parsed = Parser::new(&tokens).parse(|parser| parser.defs());
    let defs = parsed.map_err(|errors| {
        let problems = errors.into_iter().map(|(e, found)| match (&e, found) {
            (Expect::Nothing, Some(found)) => Problem {
                range: first_char(source, found.0),
                message: "expected a definition".to_owned(),
                help: Some("the library holds `def name: …;` only".to_owned()),
            },
            _ => syntactic(source, &e, found),
        });
        problems.collect::<Vec<_>>()
    })?;
    // the `def` in front of a name
    let starts: Vec<usize> = defs
        .iter()
        .map(|def: &Def<&str>| {
            let name = tokens.iter().position(|token| std::ptr::eq(token.0, def.name));
            let word = name.and_then(|at| tokens.get(at.checked_sub(1)?));
            word.map_or(0, |word| span(source, word.0).start)
        })
        .collect();
    let ends = starts.iter().skip(1).copied().chain([source.len()]);
    let ranges = starts.iter().zip(ends).map(|(start, end)| *start..end);
    Ok(defs.into_iter().zip(ranges).collect())
}

fn tokens(source: &str) -> Result<Vec<Token<&str>>, Vec<Problem>> {
    check_size(source).map_err(|problem| vec![problem])?;
    Lexer::new(source).lex().map_err(|errors| {
        let mut places: Vec<usize> = vec![];
        let mut problems = vec![];
        for (expected, rest) in errors {
            // what is unclosed inside is unclosed outside
            let at = span(source, rest).start;
            if !places.contains(&at) {
                places.push(at);
                problems.push(lexical(source, &expected, rest));
            }
        }
        problems
    })
}

/// What the lexer did not like.
pub(super) fn lexical(source: &str, expected: &Lexed<&str>, rest: &str) -> Problem {
    let found = rest.chars().next();
    let here = first_char(source, rest);
    if matches!(expected, Lexed::Ident) && source[..here.start].ends_with('$') && found == Some('{')
    {
        let end = rest.find('}').map_or(rest.len(), |at| at + 1);
        return Problem {
            range: here.start - 1..here.start + end,
            message: "secrets cannot stand in programs".to_owned(),
            help: Some("put it into a header or a query of the upstream".to_owned()),
        };
    }
    let (range, message) = match (expected, found) {
        (Lexed::Delim(open), None) => (span(source, open), format!("unclosed `{open}`")),
        (Lexed::Token, Some(c)) => (here, format!("unexpected `{c}`")),
        (expected, Some(c)) => (here, format!("expected {}, found `{c}`", expected.as_str())),
        (expected, None) => (here, format!("expected {}, found the end", expected.as_str())),
    };
    Problem { range, message, help: None }
}

fn syntactic(source: &str, expected: &Expect<&str>, found: Option<&Token<&str>>) -> Problem {
    let text = found.map_or(&source[source.len()..], |token| token.0);
    let before = source[..span(source, text).start].trim_end();
    if let Some(word) = ["import", "include"].into_iter().find(|word| before.ends_with(word)) {
        return Problem {
            range: before.len() - word.len()..before.len(),
            message: format!("`{word}` is not offered"),
            help: Some("definitions for all programs go into `lib.jq`".to_owned()),
        };
    }
    let expected = match expected {
        Expect::Just(token) => format!("`{token}`"),
        other => format!("a {}", other.as_str())
            .replace("a else or end", "`else` or `end`")
            .replace("a nothing", "nothing more")
            .replace("a identifier", "a name")
            .replace("a argument", "an argument"),
    };
    let (range, found) = match found.map(|token| &token.1) {
        None => (source.len()..source.len(), "the end".to_owned()),
        Some(Tok::Block(_) | Tok::Str(_)) => {
            (first_char(source, text), format!("`{}`", &text[..1]))
        }
        Some(_) => (span(source, text), format!("`{text}`")),
    };
    let alternative = source[range.start..].starts_with("?//");
    let help = alternative.then(|| "`?//` is not offered".to_owned());
    let message = format!("expected {expected}, found {found}");
    Problem { range, message, help }
}

fn first_char(source: &str, rest: &str) -> Range<usize> {
    let start = span(source, rest).start;
    start..start + rest.chars().next().map_or(0, char::len_utf8)
}

/// The bytes of each `.` and `..` of a program that no term stands before, in order.
pub(super) fn dots(source: &str) -> Vec<Range<usize>> {
    let mut dots = vec![];
    collect_dots(source, &Lexer::new(source).lex().unwrap_or_default(), &mut dots);
    dots
}

fn collect_dots(source: &str, tokens: &[Token<&str>], dots: &mut Vec<Range<usize>>) {
    let mut after_term = false;
    for Token(text, kind) in tokens {
        match kind {
            Tok::Sym if text.starts_with('.') && !after_term => dots.push(span(source, text)),
            Tok::Block(inner) => collect_dots(source, inner, dots),
            Tok::Str(parts) => {
                for part in parts {
                    if let StrPart::Term(token) = part {
                        collect_dots(source, std::slice::from_ref(token), dots);
                    }
                }
            }
            _ => {}
        }
        after_term = match kind {
            Tok::Word => !KEYWORDS.contains(text),
            Tok::Sym => text.starts_with('.') || *text == "?",
            _ => true,
        };
    }
}

/// Words after which a term starts.
const KEYWORDS: &[&str] =
    &["and", "as", "catch", "def", "elif", "else", "foreach", "if", "or", "reduce", "then", "try"];
