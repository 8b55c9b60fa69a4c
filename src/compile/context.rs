//! What every table's compiling shares: the texts, the secrets, and the mistakes found so far.

use crate::config::{Literal, Plain, Resolved, Secrets, did_you_mean};
use crate::diagnostic::{Diagnostic, Label, Problem, Sources, Span};
use crate::jq::Library;

/// The state of one compilation.
pub(super) struct Context<'a> {
    /// The texts of all files.
    pub(super) sources: &'a Sources,
    /// Where `${references}` are looked up.
    pub(super) secrets: Secrets<'a>,
    /// `lib.jq`
    pub(super) library: Library,
    /// `lib.jq` has mistakes, so that what it defines is not known.
    pub(super) library_is_broken: bool,
    mistakes: Vec<Diagnostic>,
    count: usize,
}

impl<'a> Context<'a> {
    /// Without mistakes yet.
    pub(super) fn new(secrets: Secrets<'a>) -> Self {
        let library = Library::empty();
        Self {
            sources: secrets.sources,
            secrets,
            library,
            library_is_broken: false,
            mistakes: Vec::new(),
            count: 0,
        }
    }

    /// Records a mistake. What is inherited is compiled more than once; its mistakes are kept once.
    pub(super) fn mistake(&mut self, mistake: Diagnostic) {
        self.count += 1;
        let place = |other: &Diagnostic| other.labels.first().map(|label| label.span.clone());
        let same =
            |other: &Diagnostic| other.title == mistake.title && place(other) == place(&mistake);
        if !self.mistakes.iter().any(same) {
            self.mistakes.push(mistake);
        }
    }

    /// Records a mistake at a place, with help.
    pub(super) fn wrong(&mut self, span: &Span, title: impl Into<String>, help: impl Into<String>) {
        self.mistake(Diagnostic::at(span.clone(), title).help(help));
    }

    /// Records what is wrong inside a text that stands at `span`.
    pub(super) fn problem(&mut self, span: &Span, problem: &Problem) {
        if self.library_is_broken && problem.message.starts_with("unknown filter") {
            self.count += 1;
            return;
        }
        self.mistake(self.sources.problem(span, problem));
    }

    /// Compiles a text that stands elsewhere, and says at its mistakes where it is used.
    pub(super) fn used_at<T>(&mut self, span: &Span, compile: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.mistakes.len();
        let compiled = compile(self);
        for mistake in &mut self.mistakes[before..] {
            mistake.labels.push(Label { span: span.clone(), text: "used here".to_owned() });
        }
        compiled
    }

    /// How many mistakes were recorded, repeated ones too: whether a part was free of them.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// All mistakes, in the order of the files.
    pub(super) fn into_mistakes(self) -> Vec<Diagnostic> {
        let mut mistakes = self.mistakes;
        mistakes.sort_by_key(|mistake| mistake.labels.first().map(|label| label.span.start));
        mistakes
    }

    /// A plain value, its secrets looked up.
    pub(super) fn resolved<T: Literal + Clone>(&mut self, plain: &Plain<T>) -> Option<Resolved<T>> {
        let mut found = Vec::new();
        let resolved = plain.resolve(self.secrets, &mut found);
        found.into_iter().for_each(|mistake| self.mistake(mistake));
        resolved
    }

    /// A plain value that need not be masked, or is not kept.
    pub(super) fn value<T: Literal + Clone>(&mut self, plain: &Plain<T>) -> Option<T> {
        self.resolved(plain).map(|resolved| resolved.value)
    }

    /// A plain value where there is one. The outer `None` is a mistake.
    pub(super) fn optional<T: Literal + Clone>(
        &mut self,
        plain: Option<&Plain<T>>,
    ) -> Option<Option<T>> {
        plain.map_or(Some(None), |plain| self.value(plain).map(Some))
    }

    /// The text of the file that a value names.
    pub(super) fn file(&mut self, path: &Plain<String>) -> Option<String> {
        self.file_named(path, None)
    }

    /// The same for a file that is not named where the mistake is shown, but elsewhere.
    pub(super) fn file_named(
        &mut self,
        path: &Plain<String>,
        elsewhere: Option<String>,
    ) -> Option<String> {
        let mut found = Vec::new();
        let text = self.secrets.file(path, &mut found);
        for mistake in found {
            let help = elsewhere.clone().or(mistake.help.clone());
            self.mistake(Diagnostic { help, ..mistake });
        }
        text
    }

    /// One of a few words.
    pub(super) fn word<T: Clone>(
        &mut self,
        plain: &Plain<String>,
        words: &[(&str, T)],
    ) -> Option<T> {
        let written = self.resolved(plain)?;
        if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == written.value) {
            return Some(meaning.clone());
        }
        let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let help = did_you_mean(&written.value, names.iter().copied()).filter(|_| !written.secret);
        let help = help.unwrap_or_else(|| format!("write {}", one_of(&names)));
        let title = match written.secret {
            true => "this is not a word that is known here".to_owned(),
            false => format!("unknown word `{}`", written.value),
        };
        self.wrong(&plain.span, title, help);
        None
    }
}

/// `"a", "b" or "c"`
fn one_of(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}
