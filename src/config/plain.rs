//! The kinds of values that stand in the files, each with its place.

use crate::diagnostic::Span;

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

/// Any TOML value (a fallback, a JSON Schema), with the place of every part.
#[derive(Clone, Debug)]
pub struct Toml {
    /// Where it stands.
    pub span: Span,
    /// The tree.
    pub value: toml::de::DeValue<'static>,
}
