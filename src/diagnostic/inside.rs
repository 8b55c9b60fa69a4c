//! From bytes of a decoded TOML string to bytes of the file.

use std::ops::Range;

/// Maps a range of a string's decoded text to a range of its raw text, quotes included.
pub(super) fn range(raw: &str, decoded: Range<usize>) -> Range<usize> {
    let pieces = pieces(raw);
    let last = pieces.last().map_or(0, |piece| piece.raw.end);
    let holding = |at: usize| pieces.iter().find(|piece| at < piece.decoded_end);
    let start = holding(decoded.start).map_or(last, |piece| piece.raw.start);
    let end = match decoded.end.checked_sub(1) {
        Some(at) if !decoded.is_empty() => holding(at).map_or(last, |piece| piece.raw.end),
        _ => start,
    };
    start..end.max(start)
}

/// One character of the text as it is written.
struct Piece {
    raw: Range<usize>,
    decoded_end: usize,
}

fn pieces(raw: &str) -> Vec<Piece> {
    let (quotes, escapes) = opening(raw);
    let body_end = raw.len().saturating_sub(quotes).max(quotes);
    let body = raw.get(..body_end).unwrap_or(raw);
    let mut at = quotes + if quotes == 3 { newline(&raw[quotes.min(raw.len())..]) } else { 0 };
    let (mut decoded_end, mut pieces) = (0, vec![]);
    while let Some(rest) = body.get(at..).filter(|rest| !rest.is_empty()) {
        let (length, decoded) = match escapes && rest.starts_with('\\') {
            true => escape(rest),
            false => rest.chars().next().map_or((1, 1), |c| (c.len_utf8(), c.len_utf8())),
        };
        decoded_end += decoded;
        if decoded > 0 {
            pieces.push(Piece { raw: at..at + length, decoded_end });
        }
        at += length;
    }
    pieces
}

/// How many quotes there are on each side, and whether `\` escapes.
fn opening(raw: &str) -> (usize, bool) {
    match raw.as_bytes() {
        [b'"', b'"', b'"', ..] => (3, true),
        [b'\'', b'\'', b'\'', ..] => (3, false),
        [b'"', ..] => (1, true),
        [b'\'', ..] => (1, false),
        _ => (0, false),
    }
}

/// The length of an escape, and of what it stands for.
fn escape(rest: &str) -> (usize, usize) {
    let hex = |digits: usize| {
        let value = rest.get(2..2 + digits).and_then(|text| u32::from_str_radix(text, 16).ok());
        let c = value.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER);
        (2 + digits, c.len_utf8())
    };
    match rest[1..].chars().next() {
        Some('x') => hex(2),
        Some('u') => hex(4),
        Some('U') => hex(8),
        Some(' ' | '\t' | '\r' | '\n') => {
            let after = rest[1..].trim_start_matches([' ', '\t', '\r', '\n']);
            (rest.len() - after.len(), 0)
        }
        Some(c) => (1 + c.len_utf8(), 1),
        None => (1, 1),
    }
}

/// The length of a newline at the start, which is not part of a multi-line string.
fn newline(text: &str) -> usize {
    match text.as_bytes() {
        [b'\r', b'\n', ..] => 2,
        [b'\n', ..] => 1,
        _ => 0,
    }
}
