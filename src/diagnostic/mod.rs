//! A mistake in the config: what it is, where it stands, what helps.

mod inside;
mod json;
mod render;
mod sources;

use std::ops::Range;

pub use render::count;
pub use sources::{Place, Source, Sources};

/// A byte range over all of the config's files laid end to end; [`Sources`] knows which file it is in.
pub type Span = Range<usize>;

/// A mistake inside one text (a template, a program) before it is known where that text stands in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Bytes of the text.
    pub range: Range<usize>,
    /// A phrase that starts in lower case: "unknown variable `$sesion`".
    pub message: String,
    /// How to mend it: "did you mean `$session`?".
    pub help: Option<String>,
}

/// One mistake in the config, ready to be shown.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// What it is: "unknown key `timout`".
    pub title: String,
    /// Where; the first one is the place, the others explain it. Empty for what has no place in a file.
    pub labels: Vec<Label>,
    /// How to mend it.
    pub help: Option<String>,
}

/// A place in a file, underlined, with a text.
#[derive(Clone, Debug)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What is there; may be empty.
    pub text: String,
}

impl Diagnostic {
    /// A mistake at a place.
    pub fn at(span: Span, title: impl Into<String>) -> Self {
        Self { title: title.into(), labels: vec![Label { span, text: String::new() }], help: None }
    }

    /// A mistake that is in no file: a folder that is not there.
    pub fn without_place(title: impl Into<String>) -> Self {
        Self { title: title.into(), labels: vec![], help: None }
    }

    /// Where it is.
    #[must_use]
    pub fn span(&self) -> Option<Span> {
        self.labels.first().map(|label| label.span.clone())
    }

    /// A text at its place.
    #[must_use]
    pub fn named(mut self, text: impl Into<String>) -> Self {
        if let Some(label) = self.labels.first_mut() {
            label.text = text.into();
        }
        self
    }

    /// How to mend it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// A further place that explains it.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }
}

#[cfg(test)]
mod tests;
