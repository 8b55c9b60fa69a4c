//! The texts of one call, or of one part of an endpoint, and the calls that they read.

use super::context::Context;
use super::scope::{Found, Place, Variables};
use crate::config;
use crate::jq::Program;
use crate::template::{Path, Text};

/// Compiles texts at one place, and notes what they read.
pub(super) struct Reader<'a, 'v, 'c> {
    /// Where mistakes go.
    pub(super) cx: &'a mut Context<'c>,
    /// The variables of the endpoint.
    pub(super) variables: &'a mut Variables<'v>,
    /// What is there beside them.
    pub(super) place: Place,
    /// What was read so far.
    pub(super) found: Found,
}

impl<'a, 'v, 'c> Reader<'a, 'v, 'c> {
    /// A reader for texts outside of any call.
    pub(super) fn new(cx: &'a mut Context<'c>, variables: &'a mut Variables<'v>) -> Self {
        Self { cx, variables, place: Place::default(), found: Found::default() }
    }

    /// What was read since this was asked last.
    pub(super) fn take(&mut self) -> Found {
        std::mem::take(&mut self.found)
    }

    /// A program.
    pub(super) fn program(&mut self, written: &config::Program) -> Option<Program> {
        let mut scope = self.variables.at(self.place, &mut self.found);
        self.cx.program(written, &mut scope)
    }

    /// A program where there is one. The outer `None` is a mistake.
    pub(super) fn maybe(&mut self, written: Option<&config::Program>) -> Option<Option<Program>> {
        written.map_or(Some(None), |written| self.program(written).map(Some))
    }

    /// A program where more, or less, is there than at the other places.
    pub(super) fn maybe_at(
        &mut self,
        place: Place,
        written: Option<&config::Program>,
    ) -> Option<Option<Program>> {
        let usual = std::mem::replace(&mut self.place, place);
        let compiled = self.maybe(written);
        self.place = usual;
        compiled
    }

    /// The template of a query key, a form key or a message.
    pub(super) fn text(&mut self, written: &config::Template) -> Option<Text> {
        let mut scope = self.variables.at(self.place, &mut self.found);
        self.cx.text(written, &mut scope)
    }

    /// The template of a header.
    pub(super) fn header(&mut self, written: &config::Template) -> Option<Text> {
        let mut scope = self.variables.at(self.place, &mut self.found);
        self.cx.header(written, &mut scope)
    }

    /// The template of a path.
    pub(super) fn path(&mut self, written: &config::Template) -> Option<Path> {
        let mut scope = self.variables.at(self.place, &mut self.found);
        self.cx.path(written, &mut scope)
    }
}
