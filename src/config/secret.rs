//! `${NAME}`, `${NAME:-default}`, `${file:path}`: found, and looked up.
//!
//! A secret's value is data: nothing in it is read as a reference, and it is in no message.

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::Path;

use super::files::beside;
use super::literal::Literal;
use super::plain::{Plain, Raw};
use crate::diagnostic::{Diagnostic, Problem, Sources, Span};

/// Where secrets come from.
pub trait Environment {
    /// A variable; `None` where it is unset.
    fn var(&self, name: &str) -> Option<String>;

    /// The text of a file.
    ///
    /// # Errors
    /// What the system says.
    fn read(&self, path: &Path) -> io::Result<String>;
}

/// A part of a text. The ranges are bytes of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Text as it is.
    Text(Range<usize>),
    /// `$${`, which stands for `${`.
    Escape(Range<usize>),
    /// `${…}`
    Secret(Range<usize>, Reference),
}

/// What a `${…}` refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// `${NAME}`, `${NAME:-default}`
    Variable {
        /// The variable.
        name: String,
        /// Where it is unset or empty.
        default: Option<String>,
    },
    /// `${file:path}`
    File(String),
}

/// A resolved value.
#[derive(Clone)]
pub struct Resolved<T> {
    /// The value.
    pub value: T,
    /// Whether any of it came from a reference, so that it is masked wherever config is shown.
    pub secret: bool,
}

/// Never shows a secret.
impl<T: fmt::Debug> fmt::Debug for Resolved<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.secret {
            true => f.write_str("***"),
            false => self.value.fmt(f),
        }
    }
}

/// The process's environment, and the disk.
pub struct Process;

impl Environment for Process {
    #[expect(clippy::disallowed_methods, reason = "the one place where config reads it")]
    fn var(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn read(&self, path: &Path) -> io::Result<String> {
        let bytes = super::files::read_secret(path)?;
        String::from_utf8(bytes).map_err(|_| io::ErrorKind::InvalidData.into())
    }
}

/// What references are looked up in.
#[derive(Clone, Copy)]
pub struct Secrets<'a> {
    /// The texts, for the folder of the file that names a path.
    pub sources: &'a Sources,
    /// The environment.
    pub environment: &'a dyn Environment,
}

/// Splits a text into its parts. Empty text has none.
///
/// # Errors
/// A `${` that no `}` closes, or that holds no name.
pub fn pieces(text: &str) -> Result<Vec<Piece>, Problem> {
    let (mut pieces, mut at) = (vec![], 0);
    while let Some(found) = text[at..].find("${").map(|found| at + found) {
        let escaped = text[at..found].ends_with('$');
        let before = at..found - usize::from(escaped);
        if !before.is_empty() {
            pieces.push(Piece::Text(before));
        }
        at = found + 2;
        if escaped {
            pieces.push(Piece::Escape(found - 1..at));
            continue;
        }
        let Some(end) = text[at..].find('}').map(|end| at + end) else {
            return Err(Problem {
                range: found..at,
                message: "`${` without `}`".into(),
                help: Some("`$${` is a literal `${`".into()),
            });
        };
        let reference = reference(&text[at..end]).ok_or_else(|| Problem {
            range: found..end + 1,
            message: "this is not a reference to a secret".into(),
            help: Some(
                "write `${NAME}`, `${NAME:-default}` or `${file:path}`; `$${` is a literal `${`"
                    .into(),
            ),
        })?;
        pieces.push(Piece::Secret(found..end + 1, reference));
        at = end + 1;
    }
    if at < text.len() {
        pieces.push(Piece::Text(at..text.len()));
    }
    Ok(pieces)
}

fn reference(inside: &str) -> Option<Reference> {
    if let Some(path) = inside.strip_prefix("file:") {
        return (!path.is_empty()).then(|| Reference::File(path.to_owned()));
    }
    let (name, default) = match inside.split_once(":-") {
        Some((name, default)) => (name, Some(default.to_owned())),
        None => (inside, None),
    };
    let first = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let rest = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    (first && rest).then(|| Reference::Variable { name: name.to_owned(), default })
}

/// The text with its escapes undone, where it refers to no secret and is not broken.
pub(super) fn without_references(text: &str) -> Option<String> {
    let mut plain = String::new();
    for piece in pieces(text).ok()? {
        match piece {
            Piece::Text(range) => plain.push_str(&text[range]),
            Piece::Escape(_) => plain.push_str("${"),
            Piece::Secret(..) => return None,
        }
    }
    Some(plain)
}

impl Secrets<'_> {
    /// The value of a reference. `place` is where it stands in a file: a path is relative to the
    /// folder of that file.
    ///
    /// # Errors
    /// A variable that is not there, a file that cannot be read.
    pub fn resolve(&self, reference: &Reference, place: &Span) -> Result<String, Diagnostic> {
        match reference {
            Reference::Variable { name, default } => {
                let set = self.environment.var(name);
                let empty = set.is_some();
                let value = set.filter(|value| !value.is_empty()).or_else(|| default.clone());
                value.ok_or_else(|| missing(name, empty, place))
            }
            Reference::File(path) => {
                let text = self.read(path, place)?;
                let cut =
                    text.strip_suffix('\n').map(|text| text.strip_suffix('\r').unwrap_or(text));
                Ok(cut.unwrap_or(&text).to_owned())
            }
        }
    }

    /// The text of the file that a value names, relative to the file that the value stands in.
    pub fn file(&self, path: &Plain<String>, out: &mut Vec<Diagnostic>) -> Option<String> {
        let name = path.resolve(*self, out)?;
        self.read(&name.value, &path.span).map_err(|mistake| out.push(mistake)).ok()
    }

    fn read(&self, path: &str, place: &Span) -> Result<String, Diagnostic> {
        let source = self.sources.source(place.start).map(|source| source.path.as_path());
        let full = beside(source.unwrap_or(Path::new("")), path);
        self.environment.read(&full).map_err(|why| {
            let title = format!("cannot read the file: {}", super::load::reason(&why));
            Diagnostic::at(place.clone(), title)
        })
    }
}

fn missing(name: &str, empty: bool, place: &Span) -> Diagnostic {
    let (title, help) = match empty {
        true => (
            format!("the variable `{name}` of the environment is empty"),
            format!("set it, or allow it: `${{{name}:-}}`"),
        ),
        false => (
            format!("the environment has no variable `{name}`"),
            format!("set it, or give it a default: `${{{name}:-default}}`"),
        ),
    };
    Diagnostic::at(place.clone(), title).help(help)
}

impl<T: Literal + Clone> Plain<T> {
    /// The value, its references looked up; a mistake goes to `out`, and never holds a secret.
    pub fn resolve(&self, secrets: Secrets<'_>, out: &mut Vec<Diagnostic>) -> Option<Resolved<T>> {
        let text = match &self.raw {
            Raw::Literal(value) => {
                return Some(Resolved { value: value.clone(), secret: false });
            }
            Raw::Text(text) => text,
        };
        let (value, secret) = self.text(text, secrets, out)?;
        match T::parse(&value) {
            Ok(value) => Some(Resolved { value, secret }),
            Err((title, help)) => {
                out.push(Diagnostic { help, ..Diagnostic::at(self.span.clone(), title) });
                None
            }
        }
    }

    fn text(
        &self,
        text: &str,
        secrets: Secrets<'_>,
        out: &mut Vec<Diagnostic>,
    ) -> Option<(String, bool)> {
        let pieces = pieces(text)
            .map_err(|problem| out.push(secrets.sources.problem(&self.span, &problem)))
            .ok()?;
        let (mut value, mut secret, mut whole) = (String::new(), false, true);
        for piece in pieces {
            match piece {
                Piece::Text(range) => value.push_str(&text[range]),
                Piece::Escape(_) => value.push_str("${"),
                Piece::Secret(range, reference) => {
                    secret = true;
                    let place = secrets.sources.inside(&self.span, range);
                    match secrets.resolve(&reference, &place) {
                        Ok(found) => value.push_str(&found),
                        Err(mistake) => {
                            out.push(mistake);
                            whole = false;
                        }
                    }
                }
            }
        }
        whole.then_some((value, secret))
    }
}
