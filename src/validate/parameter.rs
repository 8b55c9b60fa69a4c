//! Parameters of the path, the query, the headers and the cookies: text that becomes a value of the declared type.

use super::check::Mistakes;
use super::schema::{Schema, Type};
use crate::value::{self, SmolStr, Value};

/// A declared parameter.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// Its name: a query key, a header in lower case, a cookie, a path segment.
    pub name: SmolStr,
    /// What its value must look like. A default stands in for an absent one.
    pub schema: Schema,
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
        let given: Vec<&str> = texts.iter().copied().filter(|text| !self.absent(text)).collect();
        let mut value = match (&given[..], self.schema.lets_in(Type::Array)) {
            ([], _) => return self.missing(field, mistakes),
            (texts, true) => self.array(texts),
            ([text], false) => convert(&self.schema, text),
            _ => {
                mistakes.add(field(), "must be given once", "type");
                return Value::Null;
            }
        };
        if mistakes.check(&self.schema, &mut value, field) { value } else { Value::Null }
    }

    fn absent(&self, text: &str) -> bool {
        let one = match &self.schema.items {
            Some(items) if self.schema.lets_in(Type::Array) => items.as_ref(),
            _ => &self.schema,
        };
        text.is_empty() && !one.lets_in(Type::String)
    }

    fn missing(&self, field: impl Fn() -> String, mistakes: &mut Mistakes) -> Value {
        if let Some(default) = &self.schema.default {
            return default.clone();
        }
        if self.required {
            mistakes.add(field(), "is required", "required");
        }
        Value::Null
    }

    fn array(&self, texts: &[&str]) -> Value {
        let any = Schema::default();
        let items = self.schema.items.as_deref().unwrap_or(&any);
        Value::array(texts.iter().map(|text| convert(items, text)).collect())
    }
}

/// The text as the most special type that the schema lets in; text that fits none stays text, for `check` to refuse.
fn convert(schema: &Schema, text: &str) -> Value {
    let wanted = |kind| schema.types.contains(&kind);
    let untyped = schema.types.is_empty() && schema.allowed.is_some();
    let parsed = match text {
        "true" | "false" if wanted(Type::Boolean) || untyped => Some(Value::Bool(text == "true")),
        _ if wanted(Type::Integer) || wanted(Type::Number) || untyped => number(text),
        _ => None,
    };
    let text = Value::Str(SmolStr::new(text));
    match parsed {
        Some(value) if !untyped => value,
        Some(value) if schema.allowed.as_ref().is_some_and(|all| !all.contains(&text)) => value,
        _ => text,
    }
}

fn number(text: &str) -> Option<Value> {
    let starts_well = text.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    let ends_well = text.ends_with(|c: char| c.is_ascii_digit());
    if !starts_well || !ends_well {
        return None;
    }
    let limits = value::Limits { max_depth: 1, duplicate_keys: value::DuplicateKeys::Refuse };
    value::parse(text.as_bytes(), &limits).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(schema: Schema, texts: &[&str]) -> Result<String, String> {
        let parameter = Parameter { name: "x".into(), schema, required: false };
        let mut mistakes = Mistakes::default();
        let value = parameter.read("query", texts, &mut mistakes);
        let details = mistakes.into_details();
        match details.first() {
            None => Ok(value.to_json()),
            Some(detail) => Err(format!("{} {}", detail.field, detail.message)),
        }
    }

    fn of(types: &[Type]) -> Schema {
        Schema { types: types.to_vec(), ..Schema::default() }
    }

    #[test]
    fn text_becomes_the_declared_type() {
        assert_eq!(read(of(&[Type::Integer]), &["30"]), Ok("30".into()));
        assert_eq!(
            read(of(&[Type::Integer]), &["9007199254740993"]),
            Ok("9007199254740993".into())
        );
        assert_eq!(read(of(&[Type::Number]), &["1.50"]), Ok("1.50".into()));
        assert_eq!(read(of(&[Type::Boolean]), &["true"]), Ok("true".into()));
        assert_eq!(read(of(&[Type::String]), &["30"]), Ok("\"30\"".into()));
        assert_eq!(read(of(&[]), &["30"]), Ok("\"30\"".into()));
        assert_eq!(read(of(&[Type::Array]), &["a"]), Ok("[\"a\"]".into()));
        assert_eq!(read(of(&[Type::Array]), &["a", "b"]), Ok("[\"a\",\"b\"]".into()));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for text in ["x", "1e", "+5", " 5", "0x5", "5.5", "01", "١"] {
            assert_eq!(
                read(of(&[Type::Integer]), &[text]),
                Err("query.x must be a whole number".into()),
                "{text}"
            );
        }
        assert_eq!(
            read(of(&[Type::String]), &["a", "b"]),
            Err("query.x must be given once".into())
        );
    }

    #[test]
    fn an_empty_value_is_absent_unless_text_is_asked_for() {
        assert_eq!(read(of(&[Type::Integer]), &[""]), Ok("null".into()));
        assert_eq!(read(of(&[Type::String]), &[""]), Ok("\"\"".into()));
        let sizes = Schema { allowed: Some(vec![Value::from(1i64)]), ..of(&[Type::Integer]) };
        assert_eq!(read(sizes, &[""]), Ok("null".into()));
        let list = |kind| Schema { items: Some(Box::new(of(&[kind]))), ..of(&[Type::Array]) };
        assert_eq!(read(list(Type::Integer), &["", "1"]), Ok("[1]".into()));
        assert_eq!(read(list(Type::String), &["", "a"]), Ok("[\"\",\"a\"]".into()));
        let default = Schema { default: Some(Value::from(20i64)), ..of(&[Type::Integer]) };
        assert_eq!(read(default, &[""]), Ok("20".into()));
    }
}
