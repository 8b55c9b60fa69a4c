//! What the headers of a delivery claim.

use std::time::Duration;

use http::HeaderName;

use super::Refusal;

/// What the headers of a delivery claim. Nothing of it is believed before [`super::Signature::verify`].
#[derive(Debug, Default)]
pub struct Claim {
    /// What is signed before the body.
    pub(super) before: String,
    /// Signatures, any of which may be the right one.
    pub(super) signatures: Vec<Vec<u8>>,
    /// When it was signed, since 1970.
    pub(super) time: Option<Duration>,
    /// The delivery's id, where a header has a signed one.
    pub(super) id: Option<String>,
}

/// The headers of a request: all values of a name in lower case, in order.
#[derive(Clone, Copy)]
pub struct Headers<'a>(pub &'a dyn Fn(&str) -> Vec<&'a [u8]>);

impl<'a> Headers<'a> {
    /// Whether a header is there at all.
    pub(super) fn has(self, name: &HeaderName) -> bool {
        !(self.0)(name.as_str()).is_empty()
    }

    /// The text of a header that must be there once: of two, others might read the other one.
    pub(super) fn one(self, name: &HeaderName) -> Result<&'a str, Refusal> {
        match (self.0)(name.as_str())[..] {
            [] => Err(Refusal::Missing(name.clone())),
            [value] => std::str::from_utf8(value)
                .map_err(|_| Refusal::Malformed(name.clone(), "ASCII text".into())),
            _ => Err(Refusal::Repeated(name.clone())),
        }
    }
}

/// Seconds since 1970 in plain digits: what is signed has one spelling only.
pub(super) fn seconds(text: &str) -> Option<Duration> {
    let digits = (1..=12).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = if digits { text.parse().ok() } else { None };
    seconds.map(Duration::from_secs)
}
