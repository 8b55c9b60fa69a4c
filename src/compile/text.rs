//! Programs and templates: parsed, with what they may read checked.

use std::ops::Range;

use super::context::Context;
use super::scope::{Edge, Scope, Seen};
use crate::config::{self, Piece, pieces};
use crate::diagnostic::{Diagnostic, Span};
use crate::jq::{Program, Read, Slot};
use crate::plan::slot;
use crate::template::{Path, Template, Text};

impl Context<'_> {
    /// A program.
    pub(super) fn program(
        &mut self,
        written: &config::Program,
        scope: &mut Scope<'_>,
    ) -> Option<Program> {
        let mut reads = Vec::new();
        let compiled = Program::compile(&written.text, &self.library, &mut |read| {
            let (slot, call) = scope.resolve(read)?;
            reads.push((slot, call, read.clone()));
            Ok(slot)
        });
        self.record(&written.span, reads, scope);
        let report = |problems: Vec<_>| {
            problems.iter().for_each(|problem| self.problem(&written.span, problem));
        };
        compiled.map_err(report).ok()
    }

    /// The template of a query key, a form key or a message.
    pub(super) fn text(
        &mut self,
        written: &config::Template,
        scope: &mut Scope<'_>,
    ) -> Option<Text> {
        self.template(written, scope).map(|(template, _)| Text::new(template))
    }

    /// The template of a header: what is fixed in it must be fit for one.
    pub(super) fn header(
        &mut self,
        written: &config::Template,
        scope: &mut Scope<'_>,
    ) -> Option<Text> {
        let (template, secrets) = self.template(written, scope)?;
        let control = |c: char| c.is_control() && c != '\t';
        if let Some((place, _)) = secrets.iter().find(|(_, value)| value.contains(control)) {
            let help = "a header cannot hold line breaks or other control characters";
            self.wrong(place, "this secret cannot stand in a header", help);
            return None;
        }
        if template.literals().any(|text| text.contains(control)) {
            let help = "a header cannot hold line breaks or other control characters";
            self.wrong(&written.span, "this text cannot stand in a header", help);
            return None;
        }
        Some(Text::new(template))
    }

    /// The template of a path.
    pub(super) fn path(
        &mut self,
        written: &config::Template,
        scope: &mut Scope<'_>,
    ) -> Option<Path> {
        let (template, _) = self.template(written, scope)?;
        Path::new(template).map_err(|(title, help)| self.wrong(&written.span, title, help)).ok()
    }

    /// A template, and the places and values of its secrets.
    fn template(
        &mut self,
        written: &config::Template,
        scope: &mut Scope<'_>,
    ) -> Option<(Template, Vec<(Span, String)>)> {
        let (mut reads, mut found, mut missing) = (Vec::new(), Vec::new(), Vec::new());
        let parsed = Template::parse(
            &written.text,
            &mut |reference, range| {
                let place = self.sources.inside(&written.span, range.clone());
                match self.secret(reference, &range, &written.span) {
                    Ok(value) => found.push((place, value)),
                    Err(mistake) => missing.push(mistake),
                }
                found.last().map(|(_, value)| value.clone()).unwrap_or_default()
            },
            &mut |program, at| {
                Program::compile(program, &self.library, &mut |read| {
                    let (slot, call) = scope.resolve(read)?;
                    let place = at.start + read.span.start..at.start + read.span.end;
                    reads.push((slot, call, Read { span: place, ..read.clone() }));
                    Ok(slot)
                })
            },
        );
        self.record(&written.span, reads, scope);
        let complete = missing.is_empty();
        missing.into_iter().for_each(|mistake| self.mistake(mistake));
        match parsed {
            Ok(template) => complete.then_some((template, found)),
            Err(problems) => {
                problems.iter().for_each(|problem| self.problem(&written.span, problem));
                None
            }
        }
    }

    /// The value of a `${reference}` of a template.
    fn secret(
        &self,
        reference: &str,
        range: &Range<usize>,
        span: &Span,
    ) -> Result<String, Diagnostic> {
        let place = self.sources.inside(span, range.clone());
        match pieces(&format!("${{{reference}}}")).as_deref() {
            Ok([Piece::Secret(_, reference)]) => self.secrets.resolve(reference, &place),
            Err(problem) => Err(Diagnostic {
                help: problem.help.clone(),
                ..Diagnostic::at(place, problem.message.clone())
            }),
            Ok(_) => Err(Diagnostic::at(place, "this is not a reference to a secret")),
        }
    }

    fn record(&self, span: &Span, reads: Vec<(Slot, Option<usize>, Read)>, scope: &mut Scope<'_>) {
        let Some(found) = scope.found() else { return };
        for (variable, call, read) in reads {
            let span = self.sources.inside(span, read.span);
            match call {
                Some(to) => {
                    found.edges.push(Edge { to, span, outcome: variable == slot::CALLS });
                }
                None => found.seen.push(Seen { slot: variable, path: read.path, span }),
            }
        }
    }
}
