//! `@csv` and its kind.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::value::Value;
use crate::value::meter::charge_bytes;

use super::super::glue::to_text;
use super::super::ops::{self, Outcome, fail};
use super::{Filter, plain};

pub(super) const FILTERS: &[Filter] = &[
    plain!("to_csv", |value| row(value, "csv", ",", csv_text)),
    plain!("to_tsv", |value| row(value, "tsv", "\t", tsv_text)),
    plain!("escape_html", |value| Ok(escape_html(value))),
    plain!("encode_base32", |value| Ok(encode_base32(value))),
    plain!("decode_base32", decode_base32),
    plain!("decode_base64", decode_base64),
];

fn row(value: Value, format: &str, separator: &str, quote: fn(&str) -> String) -> Outcome {
    let Value::Arr(array) = &value else {
        let kind = value.kind();
        return fail(format_args!(
            "{kind} ({value}) cannot be {format}-formatted, only an array can be"
        ));
    };
    let mut cells = Vec::with_capacity(array.items.len());
    for item in &array.items {
        cells.push(match item {
            Value::Null => String::new(),
            Value::Bool(_) | Value::Num(_) => item.to_json(),
            Value::Str(text) => {
                charge_bytes(text.len());
                quote(text)
            }
            _ => return fail(format_args!("{} is not valid in a {format} row", item.kind())),
        });
    }
    Ok(ops::text(cells.join(separator)))
}

fn csv_text(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

fn tsv_text(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('\t', "\\t");
    text.replace('\r', "\\r").replace('\n', "\\n")
}

fn text_of(value: Value) -> Value {
    let text = to_text(value);
    charge_bytes(text.as_str().map_or(0, str::len).saturating_mul(4));
    text
}

fn escape_html(value: Value) -> Value {
    let value = text_of(value);
    let mut escaped = String::new();
    for char in value.as_str().unwrap_or_default().chars() {
        match char {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '\'' => escaped.push_str("&#39;"),
            '"' => escaped.push_str("&quot;"),
            char => escaped.push(char),
        }
    }
    ops::text(escaped)
}

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn encode_base32(value: Value) -> Value {
    let value = text_of(value);
    let mut encoded = String::new();
    for chunk in value.as_str().unwrap_or_default().as_bytes().chunks(5) {
        let bits = (0..5).fold(0u64, |bits, i| bits << 8 | u64::from(*chunk.get(i).unwrap_or(&0)));
        let used = (chunk.len() * 8).div_ceil(5);
        for i in 0..8 {
            let digit = BASE32[(bits >> (35 - 5 * i) & 31) as usize];
            encoded.push(if i < used { char::from(digit) } else { '=' });
        }
    }
    ops::text(encoded)
}

fn decode_base32(value: Value) -> Outcome {
    let value = text_of(value);
    let (mut bits, mut held, mut bytes) = (0u32, 0, Vec::new());
    for byte in value.as_str().unwrap_or_default().trim_end_matches('=').bytes() {
        let Some(digit) = BASE32.iter().position(|digit| *digit == byte) else {
            return fail(format_args!("string ({value}) is not valid base32 data"));
        };
        bits = (bits << 5 | digit as u32) & 0xfff;
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    Ok(ops::text(String::from_utf8_lossy(&bytes)))
}

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

fn decode_base64(value: Value) -> Outcome {
    let value = text_of(value);
    match BASE64.decode(value.as_str().unwrap_or_default()) {
        Ok(bytes) => Ok(ops::text(String::from_utf8_lossy(&bytes))),
        Err(_) => fail(format_args!("string ({value}) is not valid base64 data")),
    }
}
