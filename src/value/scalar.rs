//! Reading JSON: text and numbers.

use std::sync::Arc;

use num_bigint::BigInt;

use super::parse::{Parsed, Parser};
use super::write::ESCAPED;
use super::{Num, SmolStr};

impl Parser<'_> {
    pub(super) fn number(&mut self) -> Parsed<Num> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits()?,
            _ => return Err("expected a digit"),
        }
        if matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err("a number must not start with 0");
        }
        let mut whole = true;
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
            whole = false;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits()?;
            whole = false;
        }
        Ok(read_number(&self.text[start..self.at], whole))
    }

    fn digits(&mut self) -> Parsed<()> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { Err("expected a digit") } else { Ok(()) }
    }

    pub(super) fn string(&mut self) -> Parsed<SmolStr> {
        let start = self.at + 1;
        self.at = start;
        self.plain();
        if self.peek() == Some(b'"') {
            let text = SmolStr::new(&self.text[start..self.at]);
            self.at += 1;
            return Ok(text);
        }
        self.string_with_escapes(start).map(SmolStr::from)
    }

    fn string_with_escapes(&mut self, start: usize) -> Parsed<String> {
        let mut text = self.text[start..self.at].to_owned();
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => text.push(self.escape()?),
                Some(_) => return Err("a control character in a string"),
                None => return Err("unexpected end of a string"),
            }
            let start = self.at;
            self.plain();
            text.push_str(&self.text[start..self.at]);
        }
    }

    /// Goes on to the next byte that is a quote, a backslash or a control character.
    fn plain(&mut self) {
        while let Some(eight) = self.bytes[self.at..].first_chunk() {
            let special = special(u64::from_le_bytes(*eight));
            if special != 0 {
                self.at += special.trailing_zeros() as usize / 8;
                return;
            }
            self.at += 8;
        }
        let rest = &self.bytes[self.at..];
        let special = rest.iter().position(|byte| ESCAPED[usize::from(*byte)]);
        self.at += special.unwrap_or(rest.len());
    }

    fn escape(&mut self) -> Parsed<char> {
        let char = match self.bytes.get(self.at + 1) {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            _ => return Err("invalid escape"),
        };
        self.at += 2;
        Ok(char)
    }

    fn unicode(&mut self) -> Parsed<char> {
        let mut code = self.hex(self.at)?;
        let mut len = 6;
        if (0xd800..0xdc00).contains(&code) {
            let low = self.hex(self.at + 6)?;
            if !(0xdc00..0xe000).contains(&low) {
                return Err("a lone surrogate");
            }
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
            len = 12;
        }
        let char = char::from_u32(code).ok_or("a lone surrogate")?;
        self.at += len;
        Ok(char)
    }

    /// The code of the `\uXXXX` that starts here.
    fn hex(&self, at: usize) -> Parsed<u32> {
        let digits = match self.bytes.get(at..at + 6) {
            Some([b'\\', b'u', digits @ ..]) => digits,
            _ if at > self.at => return Err("a lone surrogate"),
            _ => return Err("invalid escape"),
        };
        let hex = |code, byte: &u8| Some(code * 16 + char::from(*byte).to_digit(16)?);
        digits.iter().try_fold(0, hex).ok_or("invalid escape")
    }
}

/// Looks at eight bytes at once: the lowest bit that is set is in the first byte that is a quote, a backslash or a control
/// character.
fn special(bytes: u64) -> u64 {
    const EACH: u64 = u64::from_le_bytes([1; 8]);
    let below = |bytes: u64, limit: u8| bytes.wrapping_sub(EACH * u64::from(limit)) & !bytes;
    let equal = |byte: u8| below(bytes ^ (EACH * u64::from(byte)), 1);
    (equal(b'"') | equal(b'\\') | below(bytes, b' ')) & (EACH << 7)
}

/// Integers beyond this stay text: reading and writing a big integer takes time in the square of its digits.
const MAX_INTEGER_DIGITS: usize = 1200;

/// The number that a valid text of one stands for; `whole` if it has neither fraction nor exponent.
pub(crate) fn read_number(text: &str, whole: bool) -> Num {
    if whole && text != "-0" && text.len() <= MAX_INTEGER_DIGITS {
        if let Ok(integer) = text.parse() {
            return Num::Int(integer);
        }
        if let Ok(integer) = text.parse::<BigInt>() {
            return Num::big_int(integer);
        }
    }
    Num::Dec(Arc::new(text.to_owned()))
}
