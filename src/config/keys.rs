//! Unknown keys, and what may have been meant.

use std::path::Path;

use super::decode::{BUILT_IN, DEFAULTS, Decoder, Scope};
use super::plain::{Name, Named, Toml};
use crate::diagnostic::{Diagnostic, Sources, Span};

/// Whether a default stands there, and not what somebody wrote.
pub fn is_built_in(sources: &Sources, span: &Span) -> bool {
    sources.source(span.start).is_none_or(|source| source.path == Path::new(BUILT_IN))
}

impl Decoder<'_> {
    /// `_defaults` is a member of `upstreams.toml` only, which takes it out itself.
    pub(super) fn no_defaults_here(&mut self, name: &Name) {
        if !is_built_in(self.sources, &name.span) {
            let title = format!("`{DEFAULTS}` cannot be a name here");
            self.report(Diagnostic::at(name.span.clone(), title));
        }
    }

    /// Records the keys that a table does not have.
    pub(super) fn check_keys(&mut self, table: &Named<Toml>, span: &Span, keys: &[&'static str]) {
        for (key, value) in table.iter().filter(|(key, _)| !keys.contains(&key.text.as_str())) {
            let mut mistake = Diagnostic::at(key.span.clone(), format!("unknown key `{key}`"));
            let elsewhere = match self.headers.contains(&value.span) {
                true => self.belongs_to(key),
                false => self.belongs_above(key, span),
            };
            mistake.help = elsewhere
                .or_else(|| inside(key, keys))
                .or_else(|| super::suggest::did_you_mean(key, keys.iter().copied()))
                .or_else(|| (keys.len() <= FEW).then(|| format!("there is {}", list(keys))));
            self.report(mistake);
        }
    }

    /// The table is known in one around this one, of which its `[header]` should tell.
    fn belongs_to(&self, key: &Name) -> Option<String> {
        let knows = |scope: &&Scope| scope.keys.contains(&key.text.as_str());
        let scope = self.scopes.iter().rev().find(knows)?;
        let outer = self.sources.text(&scope.span).strip_prefix('[')?.strip_suffix(']')?;
        Some(format!("`{key}` is a table of `[{outer}]`: write `[{outer}.{key}]`"))
    }

    /// The key is known in a table around this one, which a `[header]` ended too early.
    fn belongs_above(&self, key: &Name, table: &Span) -> Option<String> {
        let position = self.headers.iter().position(|header| header == table)?;
        let above = self.headers.get(..=position)?;
        self.scopes.iter().rev().filter(|scope| scope.keys.contains(&key.text.as_str())).find_map(
            |scope| {
                let root = self.scopes.first().is_some_and(|first| std::ptr::eq(first, scope));
                let after = match above.iter().position(|header| *header == scope.span) {
                    Some(own) => own + 1,
                    None if root => 0,
                    None => return None,
                };
                let header = above.get(after)?;
                let line = self.sources.place(header.start).line;
                let text = self.sources.text(header);
                (header.start < key.span.start)
                    .then(|| format!("this key belongs above line {line}, before `{text}`"))
            },
        )
    }
}

/// What the table with these keys looks like, where people take it for a word.
pub(super) fn example(keys: &[&'static str]) -> Option<String> {
    let help = "write `{ ttl = \"60s\" }`, or `{ ttl = \"0s\" }` to keep nothing";
    keys.contains(&"stale_if_error").then(|| help.to_owned())
}

/// The key is known in tables of this one.
fn inside(key: &Name, keys: &[&'static str]) -> Option<String> {
    let help = "`[get.response]` has one for whole replies, `[get.calls.NAME]` one for answers";
    (key.text == "cache" && keys.contains(&"response")).then(|| help.to_owned())
}

/// As many keys as a help text can name.
const FEW: usize = 12;

fn list(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
