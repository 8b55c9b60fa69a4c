//! From and to other types.

use std::fmt;
use std::sync::Arc;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap as _, SerializeSeq as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Members, Num, SmolStr, Value, float_of, meter};

impl From<bool> for Value {
    fn from(bool: bool) -> Self {
        Self::Bool(bool)
    }
}

impl From<i32> for Value {
    fn from(integer: i32) -> Self {
        Self::Num(Num::from_integral(integer))
    }
}

impl From<i64> for Value {
    fn from(integer: i64) -> Self {
        Self::Num(Num::from_integral(integer))
    }
}

impl From<isize> for Value {
    fn from(integer: isize) -> Self {
        Self::Num(Num::Int(integer))
    }
}

impl From<u16> for Value {
    fn from(integer: u16) -> Self {
        Self::Num(Num::from_integral(integer))
    }
}

impl From<u64> for Value {
    fn from(integer: u64) -> Self {
        Self::Num(Num::from_integral(integer))
    }
}

impl From<usize> for Value {
    fn from(integer: usize) -> Self {
        Self::Num(Num::from_integral(integer))
    }
}

impl From<f64> for Value {
    fn from(float: f64) -> Self {
        Self::Num(Num::Float(float))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Str(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        meter::charge_bytes(text.len());
        Self::Str(text.into())
    }
}

impl From<SmolStr> for Value {
    fn from(text: SmolStr) -> Self {
        Self::Str(text)
    }
}

impl From<Vec<Value>> for Value {
    fn from(items: Vec<Value>) -> Self {
        Self::array(items)
    }
}

impl From<Members> for Value {
    fn from(members: Members) -> Self {
        Self::object(members)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl From<&serde_json::Value> for Value {
    fn from(value: &serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(bool) => Self::Bool(*bool),
            serde_json::Value::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(integer), _) => integer.into(),
                (_, Some(integer)) => integer.into(),
                _ => Self::Num(Num::Dec(Arc::new(number.to_string()))),
            },
            serde_json::Value::String(text) => text.as_str().into(),
            serde_json::Value::Array(items) => Self::array(items.iter().map(Self::from).collect()),
            serde_json::Value::Object(members) => {
                members.iter().map(|(key, value)| (key.into(), Self::from(value))).collect()
            }
        }
    }
}

impl From<&Value> for serde_json::Value {
    /// A number that no `i64`, `u64` or `f64` can hold comes near or becomes null.
    fn from(value: &Value) -> Self {
        serde_json::to_value(value).unwrap_or_default()
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(bool) => serializer.serialize_bool(*bool),
            Self::Num(Num::Int(integer)) => serializer.serialize_i64(*integer as i64),
            Self::Num(number) => match number.to_string().parse::<u64>() {
                Ok(integer) => serializer.serialize_u64(integer),
                Err(_) => serializer.serialize_f64(float_of(number)),
            },
            Self::Str(text) => serializer.serialize_str(text),
            Self::Arr(array) => {
                let mut seq = serializer.serialize_seq(Some(array.items.len()))?;
                array.items.iter().try_for_each(|item| seq.serialize_element(item))?;
                seq.end()
            }
            Self::Obj(object) => {
                let mut map = serializer.serialize_map(Some(object.members.len()))?;
                object
                    .members
                    .iter()
                    .try_for_each(|(key, value)| map.serialize_entry(key.as_str(), value))?;
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    /// Bodies go through [`super::parse()`] instead: it is strict, keeps the text of numbers and limits the depth.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        Deserialize::deserialize(deserializer)
    }

    fn visit_bool<E>(self, bool: bool) -> Result<Value, E> {
        Ok(bool.into())
    }

    fn visit_i64<E>(self, integer: i64) -> Result<Value, E> {
        Ok(integer.into())
    }

    fn visit_u64<E>(self, integer: u64) -> Result<Value, E> {
        Ok(integer.into())
    }

    fn visit_f64<E>(self, float: f64) -> Result<Value, E> {
        Ok(float.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Members::default();
        while let Some((key, value)) = map.next_entry::<String, Value>()? {
            members.insert(key.into(), value);
        }
        Ok(Value::object(members))
    }
}
