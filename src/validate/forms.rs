//! What may stand in a keyword, and what it says.

use std::collections::HashSet;

use serde_json::Value as Json;

use super::keywords::Form;
use super::kinds::{Kinds, Type};
use crate::value::{Num, Value};

/// What is expected, and how to write it.
pub(super) type Malformed = (&'static str, Option<&'static str>);

/// Whether a value may stand in a keyword of this form.
///
/// # Errors
/// What is expected there.
pub(super) fn well_formed(form: Form, value: &Json) -> Result<(), Malformed> {
    let texts = |list: &Json| list.as_array().is_some_and(|all| all.iter().all(Json::is_string));
    let (right, what) = match form {
        Form::Types => {
            if value.as_array().is_some_and(Vec::is_empty) {
                return Err(("an empty list of types lets nothing in", None));
            }
            if repeats(value) {
                return Err(("a type stands here twice", Some("name each once")));
            }
            (value.is_string() || texts(value), "expected text")
        }
        Form::Values => {
            if value.as_array().is_some_and(Vec::is_empty) {
                let help = "list the values that are let in";
                return Err(("an empty `enum` lets nothing in", Some(help)));
            }
            (value.is_array(), "expected a list of values")
        }
        Form::Number => (value.is_number(), "expected a number"),
        Form::Positive => (value.as_f64().is_some_and(|f| f > 0.0), "expected a number above 0"),
        Form::Count => (value.is_u64(), "expected a whole number of 0 or more"),
        Form::Flag => (value.is_boolean(), "expected `true` or `false`"),
        Form::Text | Form::Pattern | Form::Format => (value.is_string(), "expected text"),
        Form::Names => {
            if value.is_boolean() {
                let help = "in an object's schema it is a list: `required = [\"name\"]`";
                return Err(("`required = true` stands on a parameter", Some(help)));
            }
            if repeats(value) {
                return Err(("a member stands here twice", Some("name each once")));
            }
            (texts(value), "expected `true`, or a list of members")
        }
        Form::NamesByName => {
            let right = value.as_object().is_some_and(|all| all.values().all(texts));
            (right, "expected lists of members, by member")
        }
        _ => (true, ""),
    };
    if right { Ok(()) } else { Err((what, None)) }
}

fn repeats(list: &Json) -> bool {
    let mut seen = HashSet::new();
    list.as_array().into_iter().flatten().filter_map(Json::as_str).any(|name| !seen.insert(name))
}

/// The types that `type` names.
///
/// # Errors
/// The word that is none, and where it stands in the list.
pub(super) fn types(value: &Json) -> Result<Kinds, (String, Option<usize>)> {
    let kind = |word: &str| Type::ALL.iter().find(|(name, _)| *name == word).map(|(_, kind)| *kind);
    if let Some(word) = value.as_str() {
        return kind(word).map(|kind| Kinds::from_iter([kind])).ok_or((word.to_owned(), None));
    }
    let words = value.as_array().into_iter().flatten().filter_map(Json::as_str).enumerate();
    words.map(|(index, word)| kind(word).ok_or((word.to_owned(), Some(index)))).collect()
}

/// A number of a schema.
pub(super) fn number(value: &Json) -> Option<Num> {
    match Value::from(value) {
        Value::Num(number) => Some(number),
        _ => None,
    }
}
