//! Text from outside, in a line of a log.

use std::fmt::{self, Write};

/// Writes what goes inside of a JSON string, or of quotes for people, to `to`.
///
/// Control characters are escaped, also those that only terminals obey; what is beyond 4 KiB is cut.
pub(super) struct Escaped<W> {
    to: W,
    left: usize,
}

impl<W: Write> Escaped<W> {
    pub(super) fn new(to: W) -> Self {
        Self { to, left: MAX_TEXT }
    }

    fn escape(&mut self, c: char) -> fmt::Result {
        match c {
            '"' => self.to.write_str("\\\""),
            '\\' => self.to.write_str("\\\\"),
            '\n' => self.to.write_str("\\n"),
            '\r' => self.to.write_str("\\r"),
            '\t' => self.to.write_str("\\t"),
            c if is_dangerous(c) => write!(self.to, "\\u{:04x}", u32::from(c)),
            c => self.to.write_char(c),
        }
    }
}

impl<W: Write> Write for Escaped<W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = (0..=self.left.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
        let kept = &text[..end.unwrap_or(0)];
        self.left = match kept.len() == text.len() {
            true => self.left - kept.len(),
            false => 0,
        };
        match kept.bytes().all(is_plain) {
            true => self.to.write_str(kept),
            false => kept.chars().try_for_each(|c| self.escape(c)),
        }
    }
}

/// Whether text for people needs quotes.
pub(super) fn needs_quotes(text: &str) -> bool {
    text.is_empty()
        || text.contains(|c: char| {
            c.is_whitespace() || matches!(c, '"' | '\\' | '=') || is_dangerous(c)
        })
}

/// C0 and C1 controls, and what turns the direction of text or breaks lines in Unicode.
fn is_dangerous(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\'
}

const MAX_TEXT: usize = 4096;
