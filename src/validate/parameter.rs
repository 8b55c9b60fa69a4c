//! Parameters of the path, the query, the headers and the cookies: text that becomes a value of the declared type.

use super::mistakes::Mistakes;
use super::schema::Schema;
use super::text::Read;
use crate::value::{SmolStr, Value};

/// A declared parameter.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// Its name: a query key, a header in lower case, a cookie, a path segment.
    pub name: SmolStr,
    /// What its value must look like.
    pub schema: Schema,
    /// What stands in for an absent value.
    pub default: Option<Value>,
    /// It must be there.
    pub required: bool,
}

impl Parameter {
    /// The value of the texts that a request gave for this parameter, none or several. `place` is `query`, `headers`, …
    ///
    /// An empty text counts as absent where text is not let in; a scalar may not be given twice; one text for an array is
    /// an array of one. What is wrong goes to `mistakes`, and null comes back.
    pub fn read(&self, place: &str, texts: &[&str], mistakes: &mut Mistakes) -> Value {
        let field = || format!("{place}.{}", self.name);
        let mut value = match self.schema.texts(0, texts) {
            Read::Value(value) => value,
            Read::Absent => return self.missing(field, mistakes),
            Read::TooMany => {
                mistakes.add(field(), "must be given once", "type");
                return Value::Null;
            }
        };
        if self.schema.check(&mut value, field, mistakes) { value } else { Value::Null }
    }

    fn missing(&self, field: impl Fn() -> String, mistakes: &mut Mistakes) -> Value {
        if let Some(default) = &self.default {
            return default.clone();
        }
        if self.required {
            mistakes.add(field(), "is required", "required");
        }
        Value::Null
    }
}
