//! Diagnostics as text for people, as rustc shows its own.

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::{Diagnostic, Label, Sources};

impl Sources {
    /// All mistakes, sorted by file and place, with a line of their count: `1 error`.
    #[must_use]
    pub fn render(&self, diagnostics: &[Diagnostic], color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let mut text = String::new();
        for diagnostic in self.sorted(diagnostics) {
            text.push_str(&renderer.render(&[self.group(diagnostic)]));
            text.push_str("\n\n");
        }
        text + &count(diagnostics.len())
    }

    /// The mistakes in the order in which they are shown.
    pub(super) fn sorted<'d>(&self, diagnostics: &'d [Diagnostic]) -> Vec<&'d Diagnostic> {
        let mut sorted: Vec<_> = diagnostics.iter().collect();
        sorted.sort_by_key(|diagnostic| diagnostic.span().map(|span| (span.start, span.end)));
        sorted
    }

    fn group<'a>(&'a self, diagnostic: &'a Diagnostic) -> Group<'a> {
        let mut group = Group::with_title(Level::ERROR.primary_title(&diagnostic.title));
        let mut shown: Vec<usize> = vec![];
        for (index, label) in diagnostic.labels.iter().enumerate() {
            let Some(source) = self.source(label.span.start) else { continue };
            if shown.contains(&source.start) {
                continue;
            }
            shown.push(source.start);
            let path = source.path.to_string_lossy();
            if source.text.trim().is_empty() {
                group = group.element(Origin::path(path).line(1).char_column(1));
                continue;
            }
            let here = diagnostic.labels.iter().enumerate().skip(index);
            let here = here.filter(|(_, label)| source.holds(label.span.start));
            group = group.element(Snippet::source(&source.text).path(path).annotations(here.map(
                |(index, label)| {
                    let kind = match index {
                        0 => AnnotationKind::Primary,
                        _ => AnnotationKind::Context,
                    };
                    let text = Some(label.text.as_str()).filter(|text| !text.is_empty());
                    kind.span(source.local(label)).label(text)
                },
            )));
        }
        match &diagnostic.help {
            Some(help) => group.element(Level::HELP.message(help)),
            None => group,
        }
    }
}

impl super::Source {
    fn holds(&self, offset: usize) -> bool {
        (self.start..=self.span().end).contains(&offset)
    }

    /// The label's bytes in this text, as whole characters.
    fn local(&self, label: &Label) -> std::ops::Range<usize> {
        let inside = |at: usize| self.boundary(at.saturating_sub(self.start));
        let start = inside(label.span.start);
        start..inside(label.span.end).max(start)
    }
}

/// "1 error", "2 errors".
#[must_use]
pub fn count(errors: usize) -> String {
    format!("{errors} error{}", if errors == 1 { "" } else { "s" })
}
