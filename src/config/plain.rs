//! The kinds of values that stand in the files, each with its place.

use std::borrow::Borrow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

use indexmap::IndexMap;

use super::route::Fail;
use crate::diagnostic::Span;

/// A table whose keys are the user's names, in the order of the file.
pub type Named<T> = IndexMap<Name, T>;

/// A key of the user's own (a call, a header), with its place. Equal and hashed by its text, so
/// that a [`Named`] is asked with a plain `&str`.
#[derive(Clone, Debug)]
pub struct Name {
    /// Where the key stands.
    pub span: Span,
    /// The key, decoded.
    pub text: String,
}

/// A plain value: written as such, or as text, which may hold `${SECRET}` references.
/// `T` is `String`, `u64`, `f64`, `bool`, `Duration` or `Size`.
#[derive(Clone, Debug)]
pub struct Plain<T> {
    /// Where the value stands.
    pub span: Span,
    /// What stands there.
    pub raw: Raw<T>,
}

/// What stands in the file.
#[derive(Clone, Debug)]
pub enum Raw<T> {
    /// A number or a boolean.
    Literal(T),
    /// Text, not yet resolved.
    Text(String),
}

/// One value, or a list of them; and where they stand, which an empty list is shown at.
#[derive(Clone, Debug)]
pub struct Many<T>(pub Vec<T>, pub Span);

/// A list with its place, which an empty one is shown at.
#[derive(Clone, Debug)]
pub struct List<T> {
    /// Where it stands.
    pub span: Span,
    /// What it holds.
    pub items: Vec<T>,
}

/// A template, unparsed: text with `{jq}` holes and `${secrets}`.
#[derive(Clone, Debug)]
pub struct Template {
    /// Where the TOML string stands, quotes included.
    pub span: Span,
    /// Its decoded text.
    pub text: String,
}

/// A jq program, unparsed: a string, or the text of the file that `{ file = "x.jq" }` names.
#[derive(Clone, Debug)]
pub struct Program {
    /// Where the program stands: the TOML string, quotes included, or the whole `.jq` file.
    pub span: Span,
    /// Its decoded text.
    pub text: String,
}

/// A header's template, or `false`, which takes an inherited one away.
#[derive(Clone, Debug)]
pub enum HeaderValue {
    /// `false`
    Off(Span),
    /// The template.
    Set(Template),
}

/// What a status means.
#[derive(Clone, Debug)]
pub enum OnStatus {
    /// `"fail"`, `"pass"`, `"null"`
    Word(Plain<String>),
    /// `{ value = … }`
    Value(Toml),
    /// `{ status = 402, code = "…", message = "…", details = '…' }`
    Fault(Box<Fail>),
}

/// Any TOML value (a fallback, a JSON Schema), with the place of every part.
#[derive(Clone, Debug)]
pub struct Toml {
    /// Where it stands; of a table its `[header]`, where it has one.
    pub span: Span,
    /// What it is.
    pub value: Value,
}

/// What a TOML value is. There are no dates, no `inf` and no `nan`.
#[derive(Clone, Debug)]
pub enum Value {
    /// Any of the four kinds of strings, decoded.
    Text(String),
    /// In any base.
    Integer(i128),
    /// Finite.
    Float(f64),
    /// `true` or `false`
    Boolean(bool),
    /// An array.
    List(Vec<Toml>),
    /// A table, inline or not.
    Table(Named<Toml>),
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.text
    }
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Name {}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl<T> Deref for Many<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<'a, T> IntoIterator for &'a Many<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}
