//! Writing JSON (RFC 8259): no whitespace, keys in order, numbers as they came.

use std::fmt;
use std::io::Write as _;

use super::{Num, Value, finite_text};

/// The text would be longer than it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge;

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the JSON text is too large")
    }
}

impl Value {
    /// Appends it as JSON. NaN and infinities become `null`.
    pub fn write(&self, out: &mut Vec<u8>) {
        let endless = self.write_within(out, usize::MAX);
        debug_assert!(endless.is_ok());
    }

    /// Appends it as JSON, at most `max_bytes`; what was appended before it was too much stays in `out`.
    pub fn write_within(&self, out: &mut Vec<u8>, max_bytes: usize) -> Result<(), TooLarge> {
        write_value(self, out, out.len().saturating_add(max_bytes))
    }

    /// Whether it takes more than so many bytes as JSON, not counting escapes. Looks at no more than it has to.
    pub fn is_longer_than(&self, bytes: usize) -> bool {
        room_after(self, bytes).is_none()
    }

    /// It as JSON.
    pub fn to_json(&self) -> String {
        let mut out = Vec::new();
        self.write(&mut out);
        String::from_utf8(out).unwrap_or_default()
    }
}

/// For messages: it as JSON, cut off after some 100 bytes. [`Value::to_json`] has all of it.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Vec::new();
        let whole = self.write_within(&mut out, 100);
        f.write_str(&String::from_utf8_lossy(&out))?;
        if whole.is_err() { f.write_str("...") } else { Ok(()) }
    }
}

/// What is left of `room` after a value; every value takes at least a byte, so that this ends.
fn room_after(value: &Value, room: usize) -> Option<usize> {
    match value {
        Value::Null => room.checked_sub(4),
        Value::Bool(_) | Value::Num(Num::Int(_) | Num::Float(_)) => room.checked_sub(1),
        Value::Num(Num::Dec(text)) => room.checked_sub(text.len()),
        Value::Num(Num::BigInt(big)) => room.checked_sub((big.bits() / 4) as usize),
        Value::Str(text) => room.checked_sub(text.len() + 2),
        Value::Arr(array) => {
            let room = room.checked_sub(1 + array.items.len().max(1))?;
            array.items.iter().try_fold(room, |room, item| room_after(item, room))
        }
        Value::Obj(object) => {
            let room = room.checked_sub(1 + object.members.len().max(1))?;
            object.members.iter().try_fold(room, |room, (key, item)| {
                room_after(item, room.checked_sub(key.len() + 3)?)
            })
        }
    }
}

fn write_value(value: &Value, out: &mut Vec<u8>, end: usize) -> Result<(), TooLarge> {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Num(number) => write_number(number, out),
        Value::Str(text) => write_text_within(text, out, end)?,
        Value::Arr(array) => {
            out.push(b'[');
            for (i, item) in array.items.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write_value(item, out, end)?;
            }
            out.push(b']');
        }
        Value::Obj(object) => {
            out.push(b'{');
            for (i, (key, item)) in object.members.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write_text_within(key, out, end)?;
                out.push(b':');
                write_value(item, out, end)?;
            }
            out.push(b'}');
        }
    }
    if out.len() > end { Err(TooLarge) } else { Ok(()) }
}

fn write_number(number: &Num, out: &mut Vec<u8>) {
    match number {
        Num::Int(integer) => write_integer(*integer, out),
        Num::Dec(text) => out.extend_from_slice(text.as_bytes()),
        Num::Float(float) => out.extend_from_slice(finite_text(*float).as_bytes()),
        Num::BigInt(big) => {
            // a Vec takes all that is written
            let _ = write!(out, "{big}");
        }
    }
}

fn write_integer(integer: isize, out: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let mut start = digits.len();
    let mut rest = integer.unsigned_abs();
    loop {
        start -= 1;
        digits[start] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if integer < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(&digits[start..]);
}

/// The start of a text, at most so many bytes.
pub(crate) fn cut(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or(0)]
}

/// A text that is too long is cut before it is written.
fn write_text_within(text: &str, out: &mut Vec<u8>, end: usize) -> Result<(), TooLarge> {
    let room = end.saturating_sub(out.len());
    if text.len() > room {
        write_text(cut(text, room), out);
        return Err(TooLarge);
    }
    write_text(text, out);
    Ok(())
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    out.reserve(bytes.len() + 2);
    out.push(b'"');
    let mut plain = 0;
    for (i, byte) in bytes.iter().enumerate() {
        if !ESCAPED[usize::from(*byte)] {
            continue;
        }
        out.extend_from_slice(&bytes[plain..i]);
        plain = i + 1;
        write_escape(*byte, out);
    }
    out.extend_from_slice(&bytes[plain..]);
    out.push(b'"');
}

fn write_escape(byte: u8, out: &mut Vec<u8>) {
    let short = match byte {
        b'"' => b'"',
        b'\\' => b'\\',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x08 => b'b',
        0x0c => b'f',
        _ => {
            const HEX: &[u8; 16] = b"0123456789abcdef";
            let (high, low) = (HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]);
            return out.extend_from_slice(&[b'\\', b'u', b'0', b'0', high, low]);
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

/// Bytes that may not stand in a JSON text as they are.
pub(super) const ESCAPED: [bool; 256] = {
    let mut table = [false; 256];
    let mut i = 0;
    while i < 0x20 {
        table[i] = true;
        i += 1;
    }
    table[b'"' as usize] = true;
    table[b'\\' as usize] = true;
    table
};
