//! A token taken apart and its header checked; nothing in it is true yet.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::issuer::{Algorithm, Issuer};
use super::json;

/// The parts of a compact JWS (RFC 7515 §3.1).
pub(super) struct Unverified<'a> {
    pub(super) algorithm: Algorithm,
    pub(super) key_id: Option<String>,
    pub(super) claims: Map<String, Value>,
    /// The claims as they were written.
    pub(super) payload: String,
    /// What the signature is over.
    pub(super) message: &'a [u8],
    /// In base64url.
    pub(super) signature: &'a str,
    pub(super) kind: Option<String>,
}

impl<'a> Unverified<'a> {
    /// Takes a token apart. `jwk`, `jku`, `x5u` and `x5c` are not looked at: who sends a token does not choose its key.
    pub(super) fn parse(token: &'a str) -> Result<Self, &'static str> {
        let [header, payload, signature] = split(token)?;
        let mut header = json::object(&decode(header)?)?;
        if ["crit", "b64", "zip"].iter().any(|name| header.contains_key(*name)) {
            return Err("a header that asks for what is not supported");
        }
        let algorithm = header.get("alg").and_then(Value::as_str).ok_or("no `alg`")?;
        let payload = String::from_utf8(decode(payload)?).map_err(|_| "not UTF-8")?;
        Ok(Self {
            algorithm: algorithm.parse().map_err(|_| "an algorithm that is not accepted")?,
            key_id: text(header.remove("kid"))?,
            kind: text(header.remove("typ"))?,
            claims: json::object(payload.as_bytes())?,
            payload,
            message: &token.as_bytes()[..token.len() - signature.len() - 1],
            signature,
        })
    }

    /// The issuer that the token claims to be from.
    pub(super) fn issuer(&self) -> Option<&str> {
        self.claims.get("iss").and_then(Value::as_str)
    }

    /// Whether the header is one that this issuer's tokens may have.
    pub(super) fn check_header(&self, issuer: &Issuer) -> Result<(), &'static str> {
        if !issuer.algorithms.contains(&self.algorithm) {
            return Err("an algorithm that is not accepted");
        }
        let accepted = |kind: &str| issuer.types.iter().any(|other| same_type(kind, other));
        match self.kind.as_deref() {
            Some(kind) if !accepted(kind) => Err("a `typ` that is not accepted"),
            _ => Ok(()),
        }
    }
}

/// The three parts. Size and dots are looked at before anything is decoded, so that nonsense is cheap to refuse.
fn split(token: &str) -> Result<[&str; 3], &'static str> {
    if token.len() > MAX_TOKEN {
        return Err("longer than 16 KiB");
    }
    let mut parts = token.split('.');
    match [parts.next(), parts.next(), parts.next(), parts.next()] {
        [Some(header), Some(payload), Some(signature), None] => Ok([header, payload, signature]),
        _ => Err("not of three parts"),
    }
}

fn decode(part: &str) -> Result<Vec<u8>, &'static str> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| "not base64url without padding")
}

fn text(value: Option<Value>) -> Result<Option<String>, &'static str> {
    match value {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err("a header that should be text is not"),
    }
}

/// RFC 7515 §4.1.9: `at+jwt` and `application/at+jwt` are the same, in any case.
pub(super) fn same_type(one: &str, other: &str) -> bool {
    fn short(kind: &str) -> &str {
        match kind.split_at_checked("application/".len()) {
            Some((prefix, rest)) if prefix.eq_ignore_ascii_case("application/") => rest,
            _ => kind,
        }
    }
    short(one).eq_ignore_ascii_case(short(other))
}

const MAX_TOKEN: usize = 16 * 1024;
