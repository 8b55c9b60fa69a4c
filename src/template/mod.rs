//! Text with `{jq}` holes and `${secrets}`, escaped for the place where it stands.
//!
//! A [`Template`] is parsed once; [`Path`] and [`Text`] are what the request path renders. Neither a hole's value nor a
//! secret's ever becomes structure: not a slash, not a query, not a second header.

mod path;
mod split;
mod text;

use std::ops::Range;

use crate::diagnostic::Problem;
use crate::jq::Program;

pub use path::{ENCODED, Path};
pub use split::{Piece, split};
pub use text::{Rendered, Text};

/// Compiles the program of a hole, which stands at this range of the template.
pub type Compile<'a> = dyn FnMut(&str, Range<usize>) -> Result<Program, Vec<Problem>> + 'a;

/// A parsed template.
#[derive(Debug, Clone, Default)]
pub struct Template {
    parts: Vec<Part>,
}

/// What a template is made of.
#[derive(Clone)]
pub(crate) enum Part {
    /// Literal text.
    Text(String),
    /// The value of a secret: data, wherever it stands.
    Secret(String),
    /// A program.
    Hole(Program),
}

impl Template {
    /// Parses `text`. `secret` gives the value of a `${reference}`, `hole` compiles a program; both get the byte range in `text`.
    /// A secret that cannot be had is reported by `secret` itself, and counts as empty here.
    ///
    /// # Errors
    /// All problems, with ranges in `text`.
    pub fn parse(
        text: &str,
        secret: &mut dyn FnMut(&str, Range<usize>) -> String,
        hole: &mut Compile<'_>,
    ) -> Result<Self, Vec<Problem>> {
        let mut parts = Vec::new();
        let mut problems = Vec::new();
        for piece in split(text).map_err(|problem| vec![problem])? {
            match piece {
                Piece::Text(text) => parts.push(Part::Text(text)),
                Piece::Secret(reference, range) => {
                    parts.push(Part::Secret(secret(reference, range)))
                }
                Piece::Hole(range) => match hole(&text[range.clone()], range.clone()) {
                    Ok(program) => parts.push(Part::Hole(program)),
                    Err(found) => problems
                        .extend(found.into_iter().map(|problem| shift(problem, range.start))),
                },
            }
        }
        if problems.is_empty() { Ok(Self { parts }) } else { Err(problems) }
    }

    /// A template without holes and secrets.
    pub fn literal(text: impl Into<String>) -> Self {
        Self { parts: vec![Part::Text(text.into())] }
    }

    /// The programs of its holes, in order.
    pub fn programs(&self) -> impl Iterator<Item = &Program> {
        self.parts.iter().filter_map(|part| match part {
            Part::Hole(program) => Some(program),
            _ => None,
        })
    }

    /// Its literal texts, in order.
    pub fn literals(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Text(text) => Some(text.as_str()),
            _ => None,
        })
    }

    /// Whether it holds a secret.
    pub fn holds_secret(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Secret(_)))
    }

    /// The values of its secrets, in order: never to be shown.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Secret(secret) => Some(secret.as_str()),
            _ => None,
        })
    }

    /// As it may be shown to people: secrets masked.
    pub fn masked(&self) -> String {
        let show = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Secret(_) => "***".to_owned(),
            Part::Hole(program) => format!("{{{}}}", program.source()),
        };
        self.parts.iter().map(show).collect()
    }

    pub(crate) fn parts(&self) -> &[Part] {
        &self.parts
    }
}

impl std::fmt::Debug for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Secret(_) => f.write_str("***"),
            Self::Hole(program) => write!(f, "{{{}}}", program.source()),
        }
    }
}

fn shift(problem: Problem, by: usize) -> Problem {
    Problem { range: problem.range.start + by..problem.range.end + by, ..problem }
}

#[cfg(test)]
mod tests;
