//! Any sender that signs the body, and nothing else.

use http::HeaderName;

use super::{Algorithm, Claim, Encoding, Headers, Refusal};

/// Where the signature stands and how it is written.
#[derive(Debug)]
pub struct Hmac {
    /// The header that holds it.
    pub header: HeaderName,
    /// The hash.
    pub algorithm: Algorithm,
    /// How it is written.
    pub encoding: Encoding,
    /// What stands before it: `sha256=`.
    pub prefix: String,
}

impl Hmac {
    pub(super) fn claim(&self, headers: Headers<'_>) -> Result<Claim, Refusal> {
        over_body(headers, &self.header, &self.prefix, self.encoding)
    }
}

/// A header with one signature over the body.
pub(super) fn over_body(
    headers: Headers<'_>,
    header: &HeaderName,
    prefix: &str,
    encoding: Encoding,
) -> Result<Claim, Refusal> {
    let signature = headers.one(header)?.strip_prefix(prefix);
    let signature = signature.and_then(|text| encoding.decode(text)).ok_or_else(|| {
        Refusal::Malformed(header.clone(), format!("{prefix}{}", encoding.name()).into())
    })?;
    Ok(Claim { signatures: vec![signature], ..Claim::default() })
}
