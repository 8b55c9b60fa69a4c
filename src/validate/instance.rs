//! Our values as `jsonschema` looks at them: as they are, without a second tree.

use std::borrow::Cow;
use std::iter::Map;

use jsonschema::json::{Array, Json, JsonNumber, Node, NodeIdentity, Object};
use jsonschema::types::JsonType;

use super::decimal::is_whole;
use super::same;
use crate::value::{Members, MembersIter, Num, SmolStr, Value, float_of};

/// The representation of [`Value`].
pub(super) struct Ours;

impl Json for Ours {
    type Node<'a> = &'a Value;
    type PreparedKey = SmolStr;
    type StringBuffer = Value;

    fn prepare_key(key: &str) -> SmolStr {
        SmolStr::new(key)
    }

    fn with_string_node<T>(buffer: &mut Value, text: &str, f: impl FnOnce(&Value) -> T) -> T {
        *buffer = Value::Str(SmolStr::new(text));
        f(buffer)
    }
}

impl<'a> Node<'a, Ours> for &'a Value {
    type Object = &'a Members;
    type Array = &'a [Value];
    type Number = Number<'a>;

    fn as_object(&self) -> Option<&'a Members> {
        Value::as_object(self)
    }

    fn as_array(&self) -> Option<&'a [Value]> {
        Value::as_array(self)
    }

    fn as_string(&self) -> Option<Cow<'a, str>> {
        Value::as_str(self).map(Cow::Borrowed)
    }

    fn as_number(&self) -> Option<Number<'a>> {
        match self {
            Value::Num(number) => Some(Number(number)),
            _ => None,
        }
    }

    fn as_boolean(&self) -> Option<bool> {
        match self {
            Value::Bool(bool) => Some(*bool),
            _ => None,
        }
    }

    fn is_null(&self) -> bool {
        Value::is_null(self)
    }

    fn json_type(&self) -> JsonType {
        match self {
            Value::Null => JsonType::Null,
            Value::Bool(_) => JsonType::Boolean,
            Value::Num(_) => JsonType::Number,
            Value::Str(_) => JsonType::String,
            Value::Arr(_) => JsonType::Array,
            Value::Obj(_) => JsonType::Object,
        }
    }

    fn equals_value(&self, expected: &serde_json::Value) -> bool {
        same::equal(self, expected)
    }

    /// Only errors hold it, and nobody reads it there: it may be a secret, and large.
    fn to_value(&self) -> Cow<'a, serde_json::Value> {
        Cow::Owned(serde_json::Value::Null)
    }

    fn identity(&self) -> Option<NodeIdentity> {
        Some(NodeIdentity::new(std::ptr::from_ref::<Value>(self) as usize))
    }
}

impl<'a> Object<'a, Ours> for &'a Members {
    type Node = &'a Value;
    type MemberName = &'a str;
    type MembersIter = Named<'a>;

    fn len(&self) -> usize {
        Members::len(self)
    }

    fn get(&self, key: &SmolStr) -> Option<&'a Value> {
        Members::get(self, key)
    }

    fn members(&self) -> Named<'a> {
        self.iter().map(|(name, value)| (name.as_str(), value))
    }
}

impl<'a> Array<'a, Ours> for &'a [Value] {
    type Node = &'a Value;
    type ElementsIter = std::slice::Iter<'a, Value>;

    fn len(&self) -> usize {
        <[Value]>::len(self)
    }

    fn elements(&self) -> Self::ElementsIter {
        self.iter()
    }

    fn is_unique(&self) -> bool {
        same::all_differ(self)
    }
}

type Named<'a> = Map<MembersIter<'a>, fn((&'a SmolStr, &'a Value)) -> (&'a str, &'a Value)>;

/// A number of ours.
pub(super) struct Number<'a>(pub(super) &'a Num);

impl JsonNumber for Number<'_> {
    fn as_u64(&self) -> Option<u64> {
        match self.0 {
            Num::Int(integer) => u64::try_from(*integer).ok(),
            Num::BigInt(integer) => integer.to_string().parse().ok(),
            Num::Float(_) | Num::Dec(_) => None,
        }
    }

    fn as_i64(&self) -> Option<i64> {
        match self.0 {
            Num::Int(integer) => i64::try_from(*integer).ok(),
            _ => None,
        }
    }

    fn as_f64(&self) -> Option<f64> {
        Some(float_of(self.0)).filter(|float| float.is_finite())
    }

    fn as_str(&self) -> Cow<'_, str> {
        match self.0 {
            Num::Dec(text) => Cow::Borrowed(text),
            number => Cow::Owned(number.to_string()),
        }
    }

    fn to_number(&self) -> Cow<'_, serde_json::Number> {
        let integer = self.as_i64().map(Into::into).or_else(|| self.as_u64().map(Into::into));
        let number = integer.or_else(|| serde_json::Number::from_f64(self.as_f64()?));
        Cow::Owned(number.unwrap_or_else(|| 0.into()))
    }

    fn is_integer(&self) -> bool {
        is_whole(self.0)
    }
}
