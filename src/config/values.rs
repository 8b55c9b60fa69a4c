//! How each kind of value is read.

use std::time::Duration;

use super::decode::{Decode, Decoder, Leaf};
use super::files::beside;
use super::gateway::{Rate, Size};
use super::plain::{HeaderValue, List, Many, OnStatus, Plain, Program, Raw, Template, Toml, Value};
use super::route::{Fail, Ttl};
use super::{secret, units};
use crate::diagnostic::{Diagnostic, Problem};

/// A type that a plain value can have.
pub trait Literal: Sized {
    /// What it is called: "expected a duration, found an integer".
    const EXPECTED: &'static str;

    /// The value where it is written without quotes; `None` where it is of another kind.
    fn literal(value: &Value) -> Option<Self>;

    /// The value of a text that holds no reference to a secret any more.
    ///
    /// # Errors
    /// What is wrong about it, without the text itself, and how to mend it.
    fn parse(text: &str) -> Result<Self, (String, Option<String>)>;

    /// Whether it is written as a text even where it holds no reference.
    const TEXT: bool;
}

impl Literal for String {
    const EXPECTED: &'static str = "text";
    const TEXT: bool = true;

    fn literal(_: &Value) -> Option<Self> {
        None
    }

    fn parse(text: &str) -> Result<Self, (String, Option<String>)> {
        Ok(text.to_owned())
    }
}

impl Literal for u64 {
    const EXPECTED: &'static str = "a whole number of 0 or more";
    const TEXT: bool = false;

    fn literal(value: &Value) -> Option<Self> {
        match value {
            Value::Integer(integer) => Self::try_from(*integer).ok(),
            _ => None,
        }
    }

    fn parse(text: &str) -> Result<Self, (String, Option<String>)> {
        text.parse().map_err(|_| not(Self::EXPECTED))
    }
}

impl Literal for f64 {
    const EXPECTED: &'static str = "a number";
    const TEXT: bool = false;

    fn literal(value: &Value) -> Option<Self> {
        match value {
            Value::Float(float) => Some(*float),
            Value::Integer(integer) => Some(*integer as Self),
            _ => None,
        }
    }

    fn parse(text: &str) -> Result<Self, (String, Option<String>)> {
        let number = text.parse().ok().filter(|number: &Self| number.is_finite());
        number.ok_or_else(|| not(Self::EXPECTED))
    }
}

impl Literal for bool {
    const EXPECTED: &'static str = "`true` or `false`";
    const TEXT: bool = false;

    fn literal(value: &Value) -> Option<Self> {
        match value {
            Value::Boolean(boolean) => Some(*boolean),
            _ => None,
        }
    }

    fn parse(text: &str) -> Result<Self, (String, Option<String>)> {
        text.parse().map_err(|_| not(Self::EXPECTED))
    }
}

impl Literal for Duration {
    const EXPECTED: &'static str = "a duration such as \"3s\"";
    const TEXT: bool = true;

    fn literal(_: &Value) -> Option<Self> {
        None
    }

    fn parse(text: &str) -> Result<Self, (String, Option<String>)> {
        let help = "a whole number and one unit: \"250ms\", \"3s\", \"5m\", \"12h\" or \"7d\"";
        units::duration(text).ok_or_else(|| ("this is not a duration".into(), Some(help.into())))
    }
}

impl Literal for Ttl {
    const EXPECTED: &'static str = "a duration such as \"30s\", or \"upstream\"";
    const TEXT: bool = true;

    fn literal(_: &Value) -> Option<Self> {
        None
    }

    fn parse(text: &str) -> Result<Self, (String, Option<String>)> {
        if text == "upstream" {
            return Ok(Self::Upstream);
        }
        let help = "a whole number and one unit, such as \"30s\" or \"5m\", or \"upstream\"";
        let wrong = || ("this is not a duration".into(), Some(help.into()));
        units::duration(text).map(Self::Fixed).ok_or_else(wrong)
    }
}

impl Literal for Size {
    const EXPECTED: &'static str = "a size such as \"64KiB\"";
    const TEXT: bool = true;

    fn literal(_: &Value) -> Option<Self> {
        None
    }

    fn parse(text: &str) -> Result<Self, (String, Option<String>)> {
        let help = "a whole number and one unit: \"64KiB\", \"1MiB\", \"500KB\" or \"2MB\"";
        units::size(text).ok_or_else(|| ("this is not a size".into(), Some(help.into())))
    }
}

impl Literal for Rate {
    const EXPECTED: &'static str = "a rate such as \"60/min\"";
    const TEXT: bool = true;

    fn literal(_: &Value) -> Option<Self> {
        None
    }

    fn parse(text: &str) -> Result<Self, (String, Option<String>)> {
        let help = "a whole number and one unit: \"10/s\", \"60/min\", \"1000/h\" or \"5000/d\"";
        units::rate(text).ok_or_else(|| ("this is not a rate".into(), Some(help.into())))
    }
}

fn not(expected: &str) -> (String, Option<String>) {
    (format!("this is not {expected}"), None)
}

impl<T: Literal> Leaf for Plain<T> {
    fn read(node: &Toml, decoder: &mut Decoder<'_>) -> Option<Self> {
        let span = node.span.clone();
        if let Some(literal) = T::literal(&node.value) {
            return Some(Self { span, raw: Raw::Literal(literal) });
        }
        let Value::Text(text) = &node.value else {
            decoder.wrong_type(node, T::EXPECTED);
            return None;
        };
        let plain = secret::without_references(text);
        if plain.is_some() && !T::TEXT {
            decoder.wrong_type(node, T::EXPECTED);
            return None;
        }
        if let Some(Err((title, help))) = plain.map(|text| T::parse(&text)) {
            decoder.report(Diagnostic { help, ..Diagnostic::at(span, title) });
            return None;
        }
        Some(Self { span, raw: Raw::Text(text.to_owned()) })
    }
}

impl Leaf for Template {
    fn read(node: &Toml, decoder: &mut Decoder<'_>) -> Option<Self> {
        let Value::Text(text) = &node.value else {
            decoder.wrong_type(node, "text");
            return None;
        };
        Some(Self { span: node.span.clone(), text: text.to_owned() })
    }
}

impl Leaf for HeaderValue {
    fn read(node: &Toml, decoder: &mut Decoder<'_>) -> Option<Self> {
        match &node.value {
            Value::Boolean(false) => Some(Self::Off(node.span.clone())),
            Value::Text(_) => Template::read(node, decoder).map(Self::Set),
            _ => {
                decoder.wrong_type(node, "text or `false`");
                None
            }
        }
    }
}

impl Leaf for Toml {
    fn read(node: &Toml, _: &mut Decoder<'_>) -> Option<Self> {
        Some(node.clone())
    }
}

impl Leaf for Program {
    fn read(node: &Toml, decoder: &mut Decoder<'_>) -> Option<Self> {
        let program = match &node.value {
            Value::Text(text) => Self { span: node.span.clone(), text: text.to_string() },
            Value::Table(table) => {
                let unknown = table.keys().find(|key| key.text != "file");
                if let Some(key) = unknown {
                    let title = format!("unknown key `{}`", key.text);
                    let help = "a program is a text or `{ file = \"x.jq\" }`";
                    decoder.report(Diagnostic::at(key.span.clone(), title).help(help));
                }
                from_file(
                    table.get("file").or_else(|| {
                        decoder.wrong_type(node, "a program or `{ file = \"x.jq\" }`");
                        None
                    })?,
                    decoder,
                )?
            }
            _ => {
                decoder.wrong_type(node, "a program or `{ file = \"x.jq\" }`");
                return None;
            }
        };
        program.refuse_secrets(decoder);
        Some(program)
    }
}

impl Program {
    /// A secret in a program would be a value of the wrong kind: it never becomes jq's text.
    pub(super) fn refuse_secrets(&self, decoder: &mut Decoder<'_>) {
        if let Some(at) = self.text.find("${") {
            let problem = Problem {
                range: at..at + 2,
                message: "a program cannot hold a secret".into(),
                help: Some("write it into a header or a query, which are templates".into()),
            };
            decoder.report(decoder.sources.problem(&self.span, &problem));
        }
    }
}

fn from_file(node: &Toml, decoder: &mut Decoder<'_>) -> Option<Program> {
    let Value::Text(name) = &node.value else {
        decoder.wrong_type(node, "the name of a file");
        return None;
    };
    let path = beside(decoder.path, name);
    match super::load::read_text(decoder.files, &path) {
        Ok(text) => {
            let span = decoder.sources.add(&path, text.clone());
            Some(Program { span, text })
        }
        Err(why) => {
            decoder
                .report(Diagnostic::at(node.span.clone(), format!("cannot read `{name}`: {why}")));
            None
        }
    }
}

impl<T: Leaf> Leaf for List<T> {
    fn read(node: &Toml, decoder: &mut Decoder<'_>) -> Option<Self> {
        let items = Vec::decode(&[node], decoder)?;
        Some(Self { span: node.span.clone(), items })
    }
}

impl<T: Leaf> Leaf for Many<T> {
    fn read(node: &Toml, decoder: &mut Decoder<'_>) -> Option<Self> {
        match &node.value {
            Value::List(_) => Vec::decode(&[node], decoder).map(|all| Self(all, node.span.clone())),
            _ => T::read(node, decoder).map(|one| Self(vec![one], node.span.clone())),
        }
    }
}

impl Leaf for OnStatus {
    fn read(node: &Toml, decoder: &mut Decoder<'_>) -> Option<Self> {
        match &node.value {
            Value::Text(_) => Plain::read(node, decoder).map(Self::Word),
            Value::Table(table) if table.contains_key("value") => {
                for key in table.keys().filter(|key| key.text != "value") {
                    let title = format!("`{}` cannot stand beside `value`", key.text);
                    decoder.report(Diagnostic::at(key.span.clone(), title));
                }
                Toml::read(table.get("value")?, decoder).map(Self::Value)
            }
            Value::Table(_) => {
                Fail::decode(&[node], decoder).map(|fail| Self::Fault(Box::new(fail)))
            }
            _ => {
                decoder.wrong_type(node, "\"fail\", \"pass\", \"null\" or a table");
                None
            }
        }
    }
}
