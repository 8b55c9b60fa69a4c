//! JSON: a strict parser, the value that programs work on, a writer.

use std::sync::Arc;

use indexmap::IndexMap;
pub use jaq_json::Num;
pub use smol_str::SmolStr;

/// Members of an object, in the order in which they came.
pub type Members = IndexMap<SmolStr, Value, foldhash::fast::RandomState>;

/// A JSON value. Clones are cheap: text up to 23 bytes is inline, all else is shared.
///
/// Numbers keep the text they were written with until a program calculates with them.
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
    depth: u32,
    items: Vec<Value>,
}

/// An object and how deeply it is nested (1 for a flat one).
#[derive(Clone, Debug, Default)]
pub struct Object {
    depth: u32,
    members: Members,
}
