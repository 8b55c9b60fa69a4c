//! Signatures as text.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// How a signature is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Two hexadecimal digits per byte, in either case.
    Hex,
    /// Base64 with padding (RFC 4648 §4).
    Base64,
}

impl Encoding {
    /// The bytes; none if it is not written like this.
    pub(super) fn decode(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Hex => hex(text.as_bytes()),
            Self::Base64 => STANDARD.decode(text).ok(),
        }
    }

    /// As the config names it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Hex => "HEX",
            Self::Base64 => "BASE64",
        }
    }
}

fn hex(text: &[u8]) -> Option<Vec<u8>> {
    let (pairs, []) = text.as_chunks::<2>() else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}
