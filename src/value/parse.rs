//! Reading JSON, strictly as RFC 8259 has it.

use std::fmt;
use std::sync::Arc;

use super::{Array, MAX_DEPTH, Members, Object, SmolStr, Value};

/// What a text may hold.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Arrays and objects inside of each other, [`MAX_DEPTH`] at most.
    pub max_depth: u32,
    /// What a second member of the same name means.
    pub duplicate_keys: DuplicateKeys,
}

/// What a second member of the same name means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DuplicateKeys {
    /// The text is refused: two readers could see two different things in it.
    Refuse,
    /// It replaces the first, at the first one's place.
    LastWins,
}

/// Why a text is not JSON, or not JSON that we take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// In bytes, from 0.
    pub offset: usize,
    /// "expected a value", without any of the text.
    pub reason: &'static str,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at line {} column {}", self.reason, self.line, self.column)
    }
}

/// Reads one JSON text; whitespace around it is allowed, anything else is not.
///
/// Numbers keep their text, other than integers that have only one. Key order is kept.
pub fn parse(text: &[u8], limits: &Limits) -> Result<Value, SyntaxError> {
    let text = std::str::from_utf8(text)
        .map_err(|error| SyntaxError::at(text, error.valid_up_to(), "invalid UTF-8"))?;
    let refuse = limits.duplicate_keys == DuplicateKeys::Refuse;
    let mut parser = Parser {
        text,
        bytes: text.as_bytes(),
        at: 0,
        room: limits.max_depth.min(MAX_DEPTH),
        members: 0,
        refuse,
    };
    parser.document().map_err(|reason| SyntaxError::at(text.as_bytes(), parser.at, reason))
}

impl SyntaxError {
    fn at(text: &[u8], offset: usize, reason: &'static str) -> Self {
        let before = &text[..offset.min(text.len())];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let column = String::from_utf8_lossy(&before[start..]).chars().count() + 1;
        Self { line, column, offset, reason }
    }
}

/// Room is made for so many members at most before they are seen.
const MAX_RESERVED: usize = 32;

pub(super) type Parsed<T> = Result<T, &'static str>;

pub(super) struct Parser<'a> {
    pub(super) text: &'a str,
    pub(super) bytes: &'a [u8],
    /// After an error, the place of the error.
    pub(super) at: usize,
    room: u32,
    /// How many the last object had: the next one in a list has as many.
    members: usize,
    refuse: bool,
}

impl Parser<'_> {
    fn document(&mut self) -> Parsed<Value> {
        let value = self.value()?;
        self.space();
        if self.at < self.bytes.len() {
            return Err("expected nothing after the value");
        }
        Ok(value)
    }

    fn value(&mut self) -> Parsed<Value> {
        self.space();
        match self.peek() {
            Some(b'"') => self.string().map(Value::Str),
            Some(b'{') => self.deeper(Self::object),
            Some(b'[') => self.deeper(Self::array),
            Some(b'-' | b'0'..=b'9') => self.number().map(Value::Num),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            Some(_) => Err("expected a value"),
            None => Err("unexpected end"),
        }
    }

    fn deeper(&mut self, read: fn(&mut Self) -> Parsed<Value>) -> Parsed<Value> {
        if self.room == 0 {
            return Err("nested too deeply");
        }
        self.room -= 1;
        self.at += 1;
        let value = read(self)?;
        self.room += 1;
        Ok(value)
    }

    fn array(&mut self) -> Parsed<Value> {
        let mut items = Vec::new();
        let mut depth = 0;
        if !self.closes(b']') {
            loop {
                let item = self.value()?;
                depth = item.depth().max(depth);
                items.push(item);
                if !self.comma(b']', "expected `,` or `]`")? {
                    break;
                }
            }
        }
        Ok(Value::Arr(Arc::new(Array { depth: depth + 1, items })))
    }

    fn object(&mut self) -> Parsed<Value> {
        let mut members = Members::default();
        let mut depth = 0;
        if !self.closes(b'}') {
            members.reserve(self.members.min(MAX_RESERVED));
            loop {
                self.space();
                let start = self.at;
                let key = self.key()?;
                let value = self.value()?;
                depth = value.depth().max(depth);
                self.insert(&mut members, key, value, start)?;
                if !self.comma(b'}', "expected `,` or `}`")? {
                    break;
                }
            }
        }
        self.members = members.len();
        Ok(Value::Obj(Arc::new(Object { depth: depth + 1, members })))
    }

    fn key(&mut self) -> Parsed<SmolStr> {
        match self.peek() {
            Some(b'"') => {}
            Some(_) => return Err("expected a key"),
            None => return Err("unexpected end"),
        }
        let key = self.string()?;
        self.space();
        match self.peek() {
            Some(b':') => self.at += 1,
            Some(_) => return Err("expected `:`"),
            None => return Err("unexpected end"),
        }
        Ok(key)
    }

    fn insert(
        &mut self,
        members: &mut Members,
        key: SmolStr,
        value: Value,
        start: usize,
    ) -> Parsed<()> {
        if members.insert(key, value).is_some() && self.refuse {
            self.at = start;
            return Err("duplicate key");
        }
        Ok(())
    }

    /// Whether the array or object that was just opened ends at once.
    fn closes(&mut self, close: u8) -> bool {
        self.space();
        let closes = self.peek() == Some(close);
        self.at += usize::from(closes);
        closes
    }

    /// Whether one more item follows.
    fn comma(&mut self, close: u8, expected: &'static str) -> Parsed<bool> {
        self.space();
        match self.peek() {
            Some(b',') => self.at += 1,
            Some(byte) if byte == close => {
                self.at += 1;
                return Ok(false);
            }
            Some(_) => return Err(expected),
            None => return Err("unexpected end"),
        }
        Ok(true)
    }

    fn word(&mut self, word: &str, value: Value) -> Parsed<Value> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return Err("expected a value");
        }
        self.at += word.len();
        Ok(value)
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\t' | b'\r')) {
            self.at += 1;
        }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }
}
