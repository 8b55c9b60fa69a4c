//! Sets of JSON types.

use super::decimal::is_whole;
use crate::value::Value;

/// A JSON type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// `null`
    Null,
    /// `boolean`
    Boolean,
    /// `integer`: also `2.0`
    Integer,
    /// `number`
    Number,
    /// `string`
    String,
    /// `array`
    Array,
    /// `object`
    Object,
}

impl Type {
    /// All of them, with their names in a schema.
    pub const ALL: [(&'static str, Self); 7] = [
        ("null", Self::Null),
        ("boolean", Self::Boolean),
        ("integer", Self::Integer),
        ("number", Self::Number),
        ("string", Self::String),
        ("array", Self::Array),
        ("object", Self::Object),
    ];

    /// Its name in a schema.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }

    /// As a person says it.
    pub(super) fn in_words(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "true or false",
            Self::Integer => "a whole number",
            Self::Number => "a number",
            Self::String => "text",
            Self::Array => "a list",
            Self::Object => "an object",
        }
    }

    fn bits(self) -> u8 {
        match self {
            Self::Null => 1,
            Self::Boolean => 2,
            Self::Integer => 4,
            Self::Number => 4 | 8,
            Self::String => 16,
            Self::Array => 32,
            Self::Object => 64,
        }
    }
}

/// The types that are let in. A number is an integer or one with a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kinds(u8);

impl Kinds {
    pub(super) const ALL: Self = Self(127);
    pub(super) const NONE: Self = Self(0);

    pub(super) fn has(self, kind: Type) -> bool {
        self.0 & kind.bits() == kind.bits()
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(super) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether any type is said at all.
    pub(super) fn is_said(self) -> bool {
        self != Self::ALL
    }

    pub(super) fn fits(self, value: &Value) -> bool {
        self.0 & Self::of(value).0 != 0
    }

    /// The type of a value.
    pub(super) fn of(value: &Value) -> Self {
        Self(match value {
            Value::Null => 1,
            Value::Bool(_) => 2,
            Value::Num(number) if is_whole(number) => 4,
            Value::Num(_) => 8,
            Value::Str(_) => 16,
            Value::Arr(_) => 32,
            Value::Obj(_) => 64,
        })
    }

    /// As a schema lists them: none where any is let in.
    pub(super) fn list(self) -> Vec<Type> {
        if !self.is_said() {
            return Vec::new();
        }
        let number = self.has(Type::Number);
        let kinds = Type::ALL.into_iter().map(|(_, kind)| kind).filter(|kind| self.has(*kind));
        kinds.filter(|kind| *kind != Type::Integer || !number).collect()
    }

    /// "text or null"
    pub(super) fn in_words(self) -> String {
        let mut words: Vec<&str> = self.list().into_iter().map(Type::in_words).collect();
        // "text or null" rather than "null or text"
        words.sort_by_key(|word| *word == "null");
        words.join(" or ")
    }
}

impl FromIterator<Type> for Kinds {
    fn from_iter<T: IntoIterator<Item = Type>>(kinds: T) -> Self {
        kinds.into_iter().fold(Self::NONE, |all, kind| Self(all.0 | kind.bits()))
    }
}
