//! JSON: a strict parser, the value that programs work on, a writer.

mod canonical;
mod convert;
mod members;
pub(crate) mod meter;
mod number;
mod order;
mod parse;
mod scalar;
mod weight;
mod write;

use std::sync::Arc;

pub use jaq_json::Num;
pub use smol_str::SmolStr;

pub use members::{Iter as MembersIter, Members};
pub use number::number_text;
pub(crate) use number::{finite_text, float_of, is_nan, whole};
pub use parse::{DuplicateKeys, Limits, SyntaxError, parse};
pub(crate) use scalar::read_number;
pub use write::TooLarge;
pub(crate) use write::cut;

/// The deepest nesting of a value anywhere in the gateway: what is deeper is neither parsed nor made by a program, so that no walk over a value can overflow the stack.
pub const MAX_DEPTH: u32 = 200;

/// A JSON value. Clones are cheap: text up to 23 bytes is inline, all else is shared.
///
/// Numbers keep the text they were written with until a program calculates with them. Two values are equal as jq sees it: `1 == 1.0`, and the order of members does not count.
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// `null`
    #[default]
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number of any size.
    Num(Num),
    /// Text, always UTF-8.
    Str(SmolStr),
    /// An array.
    Arr(Arc<Array>),
    /// An object.
    Obj(Arc<Object>),
}

/// An array and how deeply it is nested (1 for a flat one).
#[derive(Clone, Debug, Default)]
pub struct Array {
    /// At least one more than that of any item; an item that was taken out may leave it too high.
    pub(crate) depth: u32,
    pub(crate) items: Vec<Value>,
}

/// An object and how deeply it is nested (1 for a flat one).
#[derive(Clone, Debug, Default)]
pub struct Object {
    /// As in [`Array`].
    pub(crate) depth: u32,
    pub(crate) members: Members,
}

impl Value {
    /// An array of these items.
    pub fn array(items: Vec<Value>) -> Self {
        let depth = depth_of(items.iter());
        Self::Arr(Arc::new(Array { depth, items }))
    }

    /// An object of these members.
    pub fn object(members: Members) -> Self {
        let depth = depth_of(members.values());
        Self::Obj(Arc::new(Object { depth, members }))
    }

    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The items, if it is an array.
    pub fn as_array(&self) -> Option<&[Value]> {
        match self {
            Self::Arr(array) => Some(&array.items),
            _ => None,
        }
    }

    /// The members, if it is an object.
    pub fn as_object(&self) -> Option<&Members> {
        match self {
            Self::Obj(object) => Some(&object.members),
            _ => None,
        }
    }

    /// A member of an object; `None` where there is none and for all that is no object.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.as_object()?.get(key)
    }

    /// How deeply it is nested: 0 for a scalar, 1 for a flat array or object.
    pub fn depth(&self) -> u32 {
        match self {
            Self::Arr(array) => array.depth,
            Self::Obj(object) => object.depth,
            _ => 0,
        }
    }

    /// Whether it is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// jq's truth: all but `null` and `false`.
    pub fn is_true(&self) -> bool {
        !matches!(self, Self::Null | Self::Bool(false))
    }

    /// `null`, `boolean`, `number`, `string`, `array` or `object`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Num(_) => "number",
            Self::Str(_) => "string",
            Self::Arr(_) => "array",
            Self::Obj(_) => "object",
        }
    }
}

impl FromIterator<(SmolStr, Value)> for Value {
    fn from_iter<T: IntoIterator<Item = (SmolStr, Value)>>(members: T) -> Self {
        Self::object(members.into_iter().collect())
    }
}

fn depth_of<'a>(children: impl Iterator<Item = &'a Value>) -> u32 {
    children.map(Value::depth).max().unwrap_or(0) + 1
}

#[cfg(test)]
mod tests;
