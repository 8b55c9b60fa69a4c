//! From a file's text to its tree of values.

use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

use super::plain::{Name, Named, Toml, Value};
use crate::diagnostic::{Diagnostic, Span};

/// A parsed file.
pub(super) struct Parsed {
    /// Its root table.
    pub(super) root: Toml,
    /// The place of every `[header]`, in order.
    pub(super) headers: Vec<Span>,
}

/// Parses a text that starts at a global offset. All its syntax errors are recorded; with any
/// there is no tree, since what was recovered says things that nobody wrote.
pub(super) fn parse(text: &str, start: usize, out: &mut Vec<Diagnostic>) -> Option<Parsed> {
    let mut at = start;
    for line in text.split_inclusive('\n') {
        if endless(line) {
            out.push(Diagnostic::at(at..at, "this line has too many dots"));
            return None;
        }
        at += line.len();
    }
    let (root, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        out.extend(errors.iter().map(|error| syntax_error(error, text, start)));
        return None;
    }
    let mut reader = Reader { text, start, headers: vec![], out };
    let table = reader.table(root.into_inner(), 0);
    let mut headers = reader.headers;
    headers.sort_by_key(|header| header.start);
    Some(Parsed { root: Toml { span: start..start, value: Value::Table(table) }, headers })
}

/// A key of so many parts that the parser's own tree would overflow the stack.
fn endless(line: &str) -> bool {
    line.split('=').any(|part| part.matches('.').count() > 1000)
}

fn syntax_error(error: &toml::de::Error, text: &str, start: usize) -> Diagnostic {
    let span = error.span().unwrap_or(0..0);
    let begin = span.start.min(text.len());
    let span = start + begin..start + span.end.clamp(begin, text.len());
    let (what, expected) = match error.message().split_once(", expected ") {
        Some((what, expected)) => (what, Some(expected)),
        None => (error.message(), None),
    };
    let quote = matches!(expected, Some("`\"`" | "`'`"));
    match (what, expected) {
        (what, Some(_)) if quote && what.starts_with("invalid") => {
            Diagnostic::at(span, "this text has no closing quotes")
        }
        (what, Some("nothing") | None) => Diagnostic::at(span, what),
        (what, Some(expected)) => Diagnostic::at(span, what).help(format!("expected {expected}")),
    }
}

struct Reader<'a> {
    text: &'a str,
    start: usize,
    headers: Vec<Span>,
    out: &'a mut Vec<Diagnostic>,
}

impl Reader<'_> {
    fn table(&mut self, table: DeTable<'_>, depth: usize) -> Named<Toml> {
        let members = table.into_iter().filter_map(|(key, value)| {
            let span = self.shift(&key.span());
            let name = Name { span, text: key.into_inner().into_owned() };
            Some((name, self.value(value, depth + 1)?))
        });
        members.collect()
    }

    fn value(&mut self, node: Spanned<DeValue<'_>>, depth: usize) -> Option<Toml> {
        let local = node.span();
        let span = self.shift(&local);
        if depth > MAX_DEPTH {
            self.out.push(Diagnostic::at(span, "tables this deep are not supported"));
            return None;
        }
        let value = match node.into_inner() {
            DeValue::String(text) => Some(Value::Text(text.into_owned())),
            DeValue::Boolean(boolean) => Some(Value::Boolean(boolean)),
            DeValue::Integer(integer) => self.integer(&integer, &span),
            DeValue::Float(float) => self.float(float.as_str(), &span),
            DeValue::Datetime(_) => {
                self.refuse(&span, "dates are not values here", "write it as text, in quotes")
            }
            DeValue::Array(items) => {
                let items = items.into_iter().filter_map(|item| self.value(item, depth + 1));
                Some(Value::List(items.collect()))
            }
            DeValue::Table(table) => {
                if self.text.get(local).is_some_and(|text| text.starts_with('[')) {
                    self.headers.push(span.clone());
                }
                Some(Value::Table(self.table(table, depth)))
            }
        };
        Some(Toml { span, value: value? })
    }

    fn integer(&mut self, integer: &DeInteger<'_>, span: &Span) -> Option<Value> {
        match i128::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(integer) => Some(Value::Integer(integer)),
            Err(_) => self.refuse(span, "this integer is too large", "write it as text, in quotes"),
        }
    }

    fn float(&mut self, text: &str, span: &Span) -> Option<Value> {
        match text.parse() {
            Ok(float) if f64::is_finite(float) => Some(Value::Float(float)),
            _ => self.refuse(span, "this is not a finite number", "JSON has no such number"),
        }
    }

    fn refuse(&mut self, span: &Span, title: &str, help: &str) -> Option<Value> {
        self.out.push(Diagnostic::at(span.clone(), title).help(help));
        None
    }

    fn shift(&self, span: &Span) -> Span {
        self.start + span.start..self.start + span.end
    }
}

/// Deeper than any table that means something; dotted keys have no limit of their own.
const MAX_DEPTH: usize = 100;
