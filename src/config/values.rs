//! How each kind of value is read.

use super::decode::{Decode, Decoder, Leaf};
use super::files::beside;
use super::literal::Literal;
use super::plain::{HeaderValue, List, Many, OnStatus, Plain, Program, Raw, Template, Toml, Value};
use super::route::Fail;
use super::secret;
use crate::diagnostic::{Diagnostic, Problem};

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
        if let Value::Text(one) = &node.value {
            decoder.wrong_type_with(node, "a list", Some(format!("write a list: [{one:?}]")));
            return None;
        }
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
