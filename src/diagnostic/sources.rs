//! The texts of all files, laid end to end.

use std::ops::Range;
use std::path::{Path, PathBuf};

use super::{Diagnostic, Label, Problem, Span, inside};

/// All files' texts with global byte offsets: a [`Span`] says which file and where.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<Source>,
}

/// One file.
#[derive(Clone, Debug)]
pub struct Source {
    /// As it was found: `config/routes/x.toml`.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
    /// The global offset of its first byte.
    pub start: usize,
}

/// A place as people count it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
}

impl Sources {
    /// Adds a file; its span. The same path again gives the text that is already there.
    pub fn add(&mut self, path: &Path, text: String) -> Span {
        if let Some(known) = self.files.iter().find(|source| source.path == path) {
            return known.span();
        }
        // One more than the text is long, so that the end of a file is in no other.
        let start = self.files.last().map_or(0, |last| last.span().end + 1);
        let source = Source { path: path.to_owned(), text, start };
        let span = source.span();
        self.files.push(source);
        span
    }

    /// The file of a global offset.
    #[must_use]
    pub fn source(&self, offset: usize) -> Option<&Source> {
        let after = self.files.partition_point(|source| source.start <= offset);
        let source = self.files.get(after.checked_sub(1)?)?;
        (offset <= source.span().end).then_some(source)
    }

    /// The line and column of a global offset; of the last character before it where it is inside
    /// of one.
    #[must_use]
    pub fn place(&self, offset: usize) -> Place {
        let Some(source) = self.source(offset) else {
            return Place { line: 1, column: 1 };
        };
        let before = &source.text[..source.boundary(offset - source.start)];
        let line = before.rfind('\n').map_or(before, |at| &before[at + 1..]);
        Place { line: before.matches('\n').count() + 1, column: line.chars().count() + 1 }
    }

    /// The text of a span; empty where it is in no file.
    #[must_use]
    pub fn text(&self, span: &Span) -> &str {
        let text = self.source(span.start).and_then(|source| {
            source.text.get(span.start - source.start..span.end.checked_sub(source.start)?)
        });
        text.unwrap_or_default()
    }

    /// The place in the file of bytes of a decoded text. `span` is the TOML string, quotes
    /// included, or a whole `.jq` file, which stands for itself.
    #[must_use]
    pub fn inside(&self, span: &Span, decoded: Range<usize>) -> Span {
        let toml = self.source(span.start).is_some_and(|source| source.is_toml());
        let raw = self.text(span);
        let range = if toml { inside::range(raw, decoded) } else { decoded };
        let clamp = |at: usize| (span.start + at).min(span.end.max(span.start));
        clamp(range.start)..clamp(range.end)
    }

    /// A problem of a text as a mistake of the file that holds it; `span` as in [`Self::inside`].
    #[must_use]
    pub fn problem(&self, span: &Span, problem: &Problem) -> Diagnostic {
        let label = Label { span: self.inside(span, problem.range.clone()), text: String::new() };
        Diagnostic {
            title: problem.message.clone(),
            labels: vec![label],
            help: problem.help.clone(),
        }
    }
}

impl Source {
    /// All of it.
    #[must_use]
    pub fn span(&self) -> Span {
        self.start..self.start + self.text.len()
    }

    /// The start of the character that a byte of the text is in.
    pub(super) fn boundary(&self, at: usize) -> usize {
        let mut at = at.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }

    fn is_toml(&self) -> bool {
        self.path.extension().is_some_and(|extension| extension == "toml")
    }
}
