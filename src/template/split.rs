//! Where the holes and secrets of a template stand.

use std::ops::Range;

use crate::diagnostic::Problem;
use crate::jq;

/// A piece of a template's text.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Literal text, with `{{`, `}}` and `$${` already unescaped.
    Text(String),
    /// `${reference}`: what stands between the braces, and the range of the whole.
    Secret(&'a str, Range<usize>),
    /// `{program}`: the range of the program.
    Hole(Range<usize>),
}

/// Splits a template. A hole ends where jq's own lexing says; `{{`, `}}` and `$${` are `{`, `}` and `${`.
///
/// # Errors
/// The first brace that has no partner, or a hole that jq cannot read.
pub fn split(text: &str) -> Result<Vec<Piece<'_>>, Problem> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut at = 0;
    let mut escaped_dollars = 0;
    while let Some(next) = text[at..].find(['{', '}', '$']).map(|found| at + found) {
        literal.push_str(&text[at..next]);
        let rest = &text[next..];
        if let Some((escaped, length)) = escape(rest) {
            literal.push_str(escaped);
            escaped_dollars += usize::from(escaped == "${");
            at = next + length;
            continue;
        }
        if rest.starts_with('}') && escaped_dollars > 0 {
            literal.push('}');
            escaped_dollars -= 1;
            at = next + 1;
            continue;
        }
        if rest.starts_with('}') {
            return Err(problem(next..next + 1, "a `}` without its `{`", "write `}}` for a brace"));
        }
        flush(&mut literal, &mut pieces);
        if rest.starts_with("${") {
            let end = secret_end(text, next)?;
            pieces.push(Piece::Secret(&text[next + 2..end], next..end + 1));
            at = end + 1;
        } else {
            let length = jq::hole_end(&rest[1..]).map_err(|found| super::shift(found, next + 1))?;
            pieces.push(Piece::Hole(next + 1..next + 1 + length));
            at = next + 1 + length + 1;
        }
    }
    literal.push_str(&text[at..]);
    flush(&mut literal, &mut pieces);
    Ok(pieces)
}

fn escape(rest: &str) -> Option<(&'static str, usize)> {
    let escapes = [("{{", "{"), ("}}", "}"), ("$${", "${")];
    for (written, meant) in escapes {
        if rest.starts_with(written) {
            return Some((meant, written.len()));
        }
    }
    (rest.starts_with('$') && !rest.starts_with("${")).then_some(("$", 1))
}

fn secret_end(text: &str, start: usize) -> Result<usize, Problem> {
    text[start..].find('}').map(|found| start + found).ok_or_else(|| {
        problem(start..start + 2, "a `${` without its `}`", "write `$${` for a literal `${`")
    })
}

fn flush(literal: &mut String, pieces: &mut Vec<Piece<'_>>) {
    if !literal.is_empty() {
        pieces.push(Piece::Text(std::mem::take(literal)));
    }
}

fn problem(range: Range<usize>, message: &str, help: &str) -> Problem {
    Problem { range, message: message.to_owned(), help: Some(help.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_secrets_and_escapes_are_told_apart() {
        let text = r#"a{{b}}$5 {"}" + ({a: "x"}.a)}x${K:-d}"#;
        let [
            Piece::Text(before),
            Piece::Hole(hole),
            Piece::Text(between),
            Piece::Secret(secret, range),
        ] = &split(text).unwrap()[..]
        else {
            panic!("{:?}", split(text))
        };
        assert_eq!((before.as_str(), between.as_str(), *secret), ("a{b}$5 ", "x", "K:-d"));
        assert_eq!(&text[hole.clone()], r#""}" + ({a: "x"}.a)"#);
        assert_eq!(&text[range.clone()], "${K:-d}");
    }

    #[test]
    fn a_dollar_escape_takes_its_brace_along() {
        assert_eq!(split("$${HOME}/x").unwrap(), [Piece::Text("${HOME}/x".into())]);
    }

    #[test]
    fn a_lone_brace_is_a_problem_at_its_place() {
        assert_eq!(split("ab}").unwrap_err().range, 2..3);
        assert_eq!(split("ab${X").unwrap_err().range, 2..4);
    }
}
