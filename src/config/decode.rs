//! From a parsed file to the structs: every mistake is recorded, and reading goes on.
//!
//! A value is looked for in *layers*: the user's table first, then the tables that hold its
//! defaults. A wrong value is reported and the next layer takes its place, so that one mistake
//! hides no other.

use std::path::Path;

use super::files::Files;
use super::plain::{Named, Toml, Value};
use crate::diagnostic::{Diagnostic, Sources, Span};

/// What can be read from a file.
pub(super) trait Decode: Sized {
    /// The value, nearest layer first; there is at least one.
    fn decode(layers: &[&Toml], decoder: &mut Decoder<'_>) -> Option<Self>;

    /// The value of a key that is nowhere, for types that can do without.
    fn absent() -> Option<Self> {
        None
    }
}

/// What is read from one node: the first layer that holds a right one.
pub(super) trait Leaf: Sized {
    /// The value; a mistake is recorded.
    fn read(node: &Toml, decoder: &mut Decoder<'_>) -> Option<Self>;
}

/// What reading a file needs and leaves.
pub(super) struct Decoder<'a> {
    /// The texts, to which the files of programs are added.
    pub(super) sources: &'a mut Sources,
    /// Where those are read from.
    pub(super) files: &'a dyn Files,
    /// The mistakes.
    pub(super) diagnostics: &'a mut Vec<Diagnostic>,
    /// The file that is read; others are found from its folder.
    pub(super) path: &'a Path,
    /// The `[headers]` of this file, in order.
    pub(super) headers: &'a [Span],
    /// The tables around the one that is read, outermost first.
    pub(super) scopes: Vec<Scope>,
}

/// A table that is being read.
pub(super) struct Scope {
    pub(super) span: Span,
    pub(super) keys: Vec<&'static str>,
}

/// The layers of one table.
pub(super) struct Tables<'n>(Vec<&'n Named<Toml>>);

impl Tables<'_> {
    /// The value of a key, which is noted in `wrong` where there is a mistake in it.
    pub(super) fn field<T: Decode>(
        &self,
        key: &'static str,
        wrong: &mut Vec<&'static str>,
        decoder: &mut Decoder<'_>,
    ) -> Option<T> {
        let layers: Vec<&Toml> = self.0.iter().filter_map(|table| table.get(key)).collect();
        if layers.is_empty() {
            return T::absent();
        }
        let before = decoder.diagnostics.len();
        let value = T::decode(&layers, decoder);
        if decoder.diagnostics.len() > before {
            wrong.push(key);
        }
        value
    }
}

impl Decoder<'_> {
    /// Begins a table: says what it may hold and records what else it holds.
    pub(super) fn enter<'n>(
        &mut self,
        layers: &[&'n Toml],
        keys: Vec<&'static str>,
    ) -> (Span, Tables<'n>) {
        let span = layers.first().map_or(0..0, |node| node.span.clone());
        let mut tables = vec![];
        for (depth, node) in layers.iter().enumerate() {
            match &node.value {
                Value::Table(table) => {
                    if depth == 0 {
                        self.check_keys(table, &span, &keys);
                    }
                    tables.push(table);
                }
                _ => self.wrong_type_with(node, "a table", super::keys::example(&keys)),
            }
        }
        self.scopes.push(Scope { span: span.clone(), keys });
        (span, Tables(tables))
    }

    /// Ends a table.
    pub(super) fn leave(&mut self) {
        self.scopes.pop();
    }

    /// Records that something else was expected: "expected text, found an integer".
    pub(super) fn wrong_type(&mut self, node: &Toml, expected: &str) {
        self.wrong_type_with(node, expected, None);
    }

    /// The same, with help.
    pub(super) fn wrong_type_with(&mut self, node: &Toml, expected: &str, help: Option<String>) {
        let title = format!("expected {expected}, found {}", kind(&node.value));
        self.report(Diagnostic { help, ..Diagnostic::at(node.span.clone(), title) });
    }

    /// Records a mistake.
    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }
}

impl Toml {
    /// A member of a table.
    pub(super) fn member(&self, key: &str) -> Option<&Self> {
        match &self.value {
            Value::Table(table) => table.get(key),
            _ => None,
        }
    }
}

/// A value's kind, as in "found an integer".
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Text(_) => "text",
        Value::Integer(_) => "an integer",
        Value::Float(_) => "a number",
        Value::Boolean(_) => "a boolean",
        Value::List(_) => "a list",
        Value::Table(_) => "a table",
    }
}

impl<T: Leaf> Decode for T {
    fn decode(layers: &[&Toml], decoder: &mut Decoder<'_>) -> Option<Self> {
        layers.iter().find_map(|node| T::read(node, decoder))
    }
}

impl<T: Decode> Decode for Option<T> {
    fn decode(layers: &[&Toml], decoder: &mut Decoder<'_>) -> Option<Self> {
        Some(T::decode(layers, decoder))
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: Decode> Decode for Vec<T> {
    fn decode(layers: &[&Toml], decoder: &mut Decoder<'_>) -> Option<Self> {
        layers.iter().find_map(|node| match &node.value {
            Value::List(items) => {
                Some(items.iter().filter_map(|item| T::decode(&[item], decoder)).collect())
            }
            _ => {
                decoder.wrong_type(node, "a list");
                None
            }
        })
    }
}

/// Every member of the nearest layer, over the member `_defaults` of the others.
impl<T: Decode> Decode for Named<T> {
    fn decode(layers: &[&Toml], decoder: &mut Decoder<'_>) -> Option<Self> {
        let (nearest, rest) = layers.split_first()?;
        let Value::Table(table) = &nearest.value else {
            decoder.wrong_type(nearest, "a table");
            return Self::absent();
        };
        let defaults = rest.iter().filter_map(|node| node.member(DEFAULTS));
        let defaults: Vec<&Toml> = defaults.collect();
        let decoded = table.iter().filter_map(|(name, node)| {
            if name.text == DEFAULTS {
                decoder.no_defaults_here(name);
                return None;
            }
            let layers = [&[node], defaults.as_slice()].concat();
            Some((name.clone(), T::decode(&layers, decoder)?))
        });
        Some(decoded.collect())
    }

    fn absent() -> Option<Self> {
        Some(Self::new())
    }
}

/// The member of a table whose values hold for its other members.
pub(super) const DEFAULTS: &str = "_defaults";

/// The name under which the built-in defaults are shown.
pub(super) const BUILT_IN: &str = "<built-in>/defaults.toml";

/// Declares a table of a file: the struct, with `span` added (its header, or the inline table) and
/// `wrong` (keys whose mistakes are told already), and how it is read, with its keys named once.
macro_rules! table {
    (
        $(#[$about:meta])*
        pub struct $name:ident { $($(#[$key_about:meta])* pub $key:ident: $type:ty,)* }
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, schemars::JsonSchema)]
        #[schemars(deny_unknown_fields)]
        pub struct $name {
            /// The place of the table's header, or of the inline table.
            #[schemars(skip)]
            pub span: $crate::diagnostic::Span,
            /// The keys with a mistake in their value: without one, they are not missing.
            #[schemars(skip)]
            pub wrong: Vec<&'static str>,
            $($(#[$key_about])* pub $key: $type,)*
        }

        impl $name {
            /// The keys it may hold.
            pub(super) const KEYS: &'static [&'static str] = &[$(stringify!($key)),*];

            /// Reads it where further keys, read elsewhere, are known beside its own.
            pub(super) fn read_beside(
                others: &[&'static str],
                layers: &[&$crate::config::Toml],
                decoder: &mut $crate::config::decode::Decoder<'_>,
            ) -> Option<Self> {
                let (span, tables) = decoder.enter(layers, [Self::KEYS, others].concat());
                // Of what is no table nothing is missing.
                let mut wrong = match layers.first().map(|node| &node.value) {
                    Some($crate::config::plain::Value::Table(_)) | None => Vec::new(),
                    Some(_) => Self::KEYS.to_vec(),
                };
                $(let $key = tables.field(stringify!($key), &mut wrong, decoder);)*
                decoder.leave();
                Some(Self { span, wrong, $($key: $key?,)* })
            }
        }

        impl $crate::config::decode::Decode for $name {
            fn decode(
                layers: &[&$crate::config::Toml],
                decoder: &mut $crate::config::decode::Decoder<'_>,
            ) -> Option<Self> {
                Self::read_beside(&[], layers, decoder)
            }

            fn absent() -> Option<Self> {
                Some(Self {
                    span: 0..0,
                    wrong: Vec::new(),
                    $($key: <$type as $crate::config::decode::Decode>::absent()?,)*
                })
            }
        }
    };
}
pub(super) use table;
