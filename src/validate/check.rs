//! Values against schemas.

use super::schema::{Additional, Schema, Type};
use crate::fault::{Code, Detail, Details, Fault};
use crate::value::{Members, Num, Value};

/// What is wrong with a request, all of it.
#[derive(Debug, Default)]
pub struct Mistakes(Vec<Detail>);

/// More mistakes than these are not listed: a body of a million wrong items must not become a reply of a million lines.
const MOST: usize = 100;

impl Mistakes {
    /// Notes a mistake.
    pub fn add(&mut self, field: String, message: impl Into<String>, rule: &'static str) {
        if self.0.len() < MOST {
            self.0.push(Detail { field, message: message.into(), rule });
        }
    }

    /// Checks a value; fills in the defaults of members and strips what was not asked for. `field` names the value.
    /// Returns whether it is right.
    pub fn check(
        &mut self,
        schema: &Schema,
        value: &mut Value,
        field: impl Fn() -> String,
    ) -> bool {
        let before = self.0.len();
        self.walk(schema, value, &field);
        self.0.len() == before
    }

    /// Nothing, or the fault that lists them.
    ///
    /// # Errors
    /// 400 `VALIDATION_ERROR` when there is at least one.
    pub fn into_result(self) -> Result<(), Fault> {
        if self.0.is_empty() {
            return Ok(());
        }
        Err(Fault::new(Code::ValidationError).details(Details::Fields(self.0)))
    }

    /// The list.
    pub fn into_details(self) -> Vec<Detail> {
        self.0
    }

    fn walk(&mut self, schema: &Schema, value: &mut Value, field: &dyn Fn() -> String) {
        if let Err((message, rule)) = scalar_rules(schema, value) {
            return self.add(field(), message, rule);
        }
        match value {
            Value::Obj(_) if !schema.properties.is_empty() || !schema.required.is_empty() => {
                let Some(given) = value.as_object() else { return };
                let members = self.members(schema, given, field);
                *value = Value::object(members);
            }
            Value::Arr(_) => {
                let (Some(items), Some(given)) = (&schema.items, value.as_array()) else { return };
                let mut list = given.to_vec();
                for (index, item) in list.iter_mut().enumerate() {
                    self.walk(items, item, &|| format!("{}[{index}]", field()));
                }
                *value = Value::array(list);
            }
            _ => {}
        }
    }

    fn members(&mut self, schema: &Schema, given: &Members, field: &dyn Fn() -> String) -> Members {
        let mut kept = Members::default();
        for (name, value) in given {
            let mut value = value.clone();
            match schema.properties.iter().find(|(own, _)| own == name) {
                Some((_, own)) => self.walk(own, &mut value, &|| format!("{}.{name}", field())),
                None if schema.properties.is_empty() => {}
                None => match schema.additional {
                    Additional::Keep => {}
                    Additional::Strip => continue,
                    Additional::Refuse => {
                        self.add(format!("{}.{name}", field()), "is not known here", "additional");
                    }
                },
            }
            kept.insert(name.clone(), value);
        }
        for (name, own) in &schema.properties {
            if let (Some(default), false) = (&own.default, kept.contains_key(name)) {
                kept.insert(name.clone(), default.clone());
            }
        }
        for name in &schema.required {
            if !kept.contains_key(name) {
                self.add(format!("{}.{name}", field()), "is required", "required");
            }
        }
        kept
    }
}

fn scalar_rules(schema: &Schema, value: &Value) -> Result<(), (String, &'static str)> {
    if !schema.types.is_empty() && !schema.types.iter().any(|kind| kind.fits(value)) {
        let names: Vec<_> = schema.types.iter().map(|kind| kind.in_words()).collect();
        return Err((format!("must be {}", names.join(" or ")), "type"));
    }
    if schema.types.is_empty() && schema.describes_object() && !Type::Object.fits(value) {
        return Err((format!("must be {}", Type::Object.in_words()), "type"));
    }
    if let Some(allowed) = &schema.allowed
        && !allowed.contains(value)
    {
        let list: Vec<_> = allowed.iter().map(in_words).collect();
        return Err((format!("must be one of {}", list.join(", ")), "enum"));
    }
    match value {
        Value::Num(number) => range(schema, number),
        Value::Str(text) => match &schema.pattern {
            Some(pattern) if !pattern.is_match(text) => {
                Err(("does not have the form that is expected".to_owned(), "pattern"))
            }
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}

fn range(schema: &Schema, number: &Num) -> Result<(), (String, &'static str)> {
    if let Some(minimum) = schema.minimum.as_ref().filter(|minimum| number < *minimum) {
        return Err((format!("must be at least {minimum}"), "minimum"));
    }
    if let Some(maximum) = schema.maximum.as_ref().filter(|maximum| number > *maximum) {
        return Err((format!("must be at most {maximum}"), "maximum"));
    }
    Ok(())
}

fn in_words(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_json(), str::to_owned)
}

impl Schema {
    /// Whether it names members. Then only an object is let in, also where no type is written: programs rely on the
    /// members, and nothing else could be stripped.
    fn describes_object(&self) -> bool {
        !self.properties.is_empty() || !self.required.is_empty()
    }

    /// Whether values of this type are let in.
    pub fn lets_in(&self, kind: Type) -> bool {
        if self.types.is_empty() { kind != Type::Array } else { self.types.contains(&kind) }
    }
}

impl Type {
    /// Whether a value is of this type.
    pub fn fits(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Null, Value::Null)
            | (Self::Boolean, Value::Bool(_))
            | (Self::Number, Value::Num(_))
            | (Self::String, Value::Str(_))
            | (Self::Array, Value::Arr(_))
            | (Self::Object, Value::Obj(_)) => true,
            (Self::Integer, Value::Num(number)) => is_whole(number),
            _ => false,
        }
    }

    fn in_words(self) -> &'static str {
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
}

/// 2.0 counts (JSON Schema 2020-12, validation §6.1.1); numbers whose text is too long to tell do not.
fn is_whole(number: &Num) -> bool {
    match number {
        Num::Int(_) | Num::BigInt(_) => true,
        Num::Float(float) => float.fract() == 0.0,
        Num::Dec(text) => {
            text.parse::<f64>().is_ok_and(|float| float.is_finite() && float.fract() == 0.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{DuplicateKeys, Limits, parse};

    fn json(text: &str) -> Value {
        parse(text.as_bytes(), &Limits { max_depth: 10, duplicate_keys: DuplicateKeys::Refuse })
            .unwrap()
    }

    fn object(
        properties: Vec<(&str, Schema)>,
        required: &[&str],
        additional: Additional,
    ) -> Schema {
        Schema {
            types: vec![Type::Object],
            properties: properties
                .into_iter()
                .map(|(name, schema)| (name.into(), schema))
                .collect(),
            required: required.iter().map(|name| (*name).into()).collect(),
            additional,
            ..Schema::default()
        }
    }

    fn check(schema: &Schema, text: &str) -> Result<String, Vec<String>> {
        let mut value = json(text);
        let mut mistakes = Mistakes::default();
        mistakes.check(schema, &mut value, || "body".into());
        let details = mistakes.into_details();
        if details.is_empty() {
            return Ok(value.to_json());
        }
        Err(details.iter().map(|detail| format!("{} {}", detail.field, detail.message)).collect())
    }

    #[test]
    fn members_that_were_not_offered_are_stripped_at_every_depth() {
        let inner = object(vec![("a", Schema::default())], &[], Additional::Strip);
        let schema = object(vec![("in", inner)], &[], Additional::Strip);
        assert_eq!(
            check(&schema, r#"{"in":{"a":1,"admin":true},"admin":true}"#).unwrap(),
            r#"{"in":{"a":1}}"#
        );
        let refused = object(vec![("a", Schema::default())], &[], Additional::Refuse);
        assert_eq!(check(&refused, r#"{"b":1}"#).unwrap_err(), ["body.b is not known here"]);
    }

    #[test]
    fn members_make_an_object_of_it() {
        let schema = Schema {
            types: vec![],
            ..object(vec![("a", Schema::default())], &["a"], Additional::Strip)
        };
        for text in ["[]", "1", "\"x\"", "null", "[{\"a\":1}]"] {
            assert_eq!(check(&schema, text).unwrap_err(), ["body must be an object"], "{text}");
        }
    }

    #[test]
    fn every_mistake_is_listed_with_its_place() {
        let price =
            Schema { types: vec![Type::Number], minimum: Some(Num::Int(0)), ..Schema::default() };
        let item = object(vec![("price", price)], &[], Additional::Strip);
        let items =
            Schema { types: vec![Type::Array], items: Some(Box::new(item)), ..Schema::default() };
        let schema = object(vec![("items", items)], &["name"], Additional::Strip);
        assert_eq!(
            check(&schema, r#"{"items":[{"price":1},{"price":-1},{"price":"x"}]}"#).unwrap_err(),
            [
                "body.items[1].price must be at least 0",
                "body.items[2].price must be a number",
                "body.name is required"
            ]
        );
    }
}
