//! Templates whose value is text: headers, query keys, form keys, messages.

use super::{Part, Template};
use crate::fault::Fault;
use crate::jq::{Limits, Scope};
use crate::value::{SmolStr, Value, number_text};

/// A template of a header, a query key, a form key or a message.
#[derive(Debug, Clone)]
pub struct Text(Template);

/// What a [`Text`] gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rendered {
    /// A hole was null: there is no value, and the text around it goes with it.
    Absent,
    /// One value.
    One(SmolStr),
    /// A hole that is the whole template gave an array: the key is repeated.
    Many(Vec<SmolStr>),
}

impl Text {
    /// Any template can be text.
    pub fn new(template: Template) -> Self {
        Self(template)
    }

    /// The template, to show or to look into.
    pub fn template(&self) -> &Template {
        &self.0
    }

    /// Renders it.
    ///
    /// # Errors
    /// 500 when a hole's program fails, or gives an object, or an array beside other text.
    pub async fn render(&self, scope: &dyn Scope, limits: &Limits) -> Result<Rendered, Fault> {
        match self.0.parts() {
            [Part::Text(text) | Part::Secret(text)] => Ok(Rendered::One(SmolStr::new(text))),
            [Part::Hole(program)] => whole(&program.run(scope, limits).await?),
            parts => mixed(parts, scope, limits).await,
        }
    }
}

fn whole(value: &Value) -> Result<Rendered, Fault> {
    match value.as_array() {
        Some(items) => {
            let texts = items.iter().filter(|item| !item.is_null()).map(scalar);
            texts.collect::<Result<_, _>>().map(Rendered::Many)
        }
        None if value.is_null() => Ok(Rendered::Absent),
        None => scalar(value).map(Rendered::One),
    }
}

async fn mixed(parts: &[Part], scope: &dyn Scope, limits: &Limits) -> Result<Rendered, Fault> {
    let mut text = String::new();
    for part in parts {
        match part {
            Part::Text(literal) | Part::Secret(literal) => text.push_str(literal),
            Part::Hole(program) => {
                let value = program.run(scope, limits).await?;
                if value.is_null() {
                    return Ok(Rendered::Absent);
                }
                text.push_str(&scalar(&value)?);
            }
        }
    }
    Ok(Rendered::One(text.into()))
}

/// Text, a number or a boolean as it prints in a hole.
pub(super) fn scalar(value: &Value) -> Result<SmolStr, Fault> {
    match value {
        Value::Str(text) => Ok(text.clone()),
        Value::Num(number) => Ok(SmolStr::new(number_text(number))),
        Value::Bool(true) => Ok(SmolStr::new_static("true")),
        Value::Bool(false) => Ok(SmolStr::new_static("false")),
        Value::Null => Err(Fault::internal("null in a template's hole")),
        Value::Arr(_) => Err(Fault::internal("an array in a template's hole beside other text")),
        Value::Obj(_) => Err(Fault::internal("an object in a template's hole")),
    }
}
