//! A compiled JSON Schema: the part of draft 2020-12 that inputs may use.

use regex::Regex;

use crate::value::{Num, SmolStr, Value};

/// A compiled schema.
#[derive(Debug, Clone, Default)]
pub struct Schema {
    /// The types that are let in; empty: any.
    pub types: Vec<Type>,
    /// The values that are let in.
    pub allowed: Option<Vec<Value>>,
    /// The smallest number.
    pub minimum: Option<Num>,
    /// The largest number.
    pub maximum: Option<Num>,
    /// What text must match somewhere, in linear time.
    pub pattern: Option<Regex>,
    /// What stands in for a value that is absent.
    pub default: Option<Value>,
    /// Members of an object. Empty: any object is let in as it is.
    pub properties: Vec<(SmolStr, Schema)>,
    /// Members that must be there.
    pub required: Vec<SmolStr>,
    /// What becomes of members beyond `properties`, where these are given.
    pub additional: Additional,
    /// Every item of an array.
    pub items: Option<Box<Schema>>,
}

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

/// What becomes of members that `properties` does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Additional {
    /// They are dropped, so that nobody sets what was not offered.
    #[default]
    Strip,
    /// They are a mistake.
    Refuse,
    /// They stay.
    Keep,
}
