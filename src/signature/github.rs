//! GitHub: `X-Hub-Signature-256: sha256=HEX` over the body (docs.github.com, "Validating webhook deliveries").
//!
//! `X-Hub-Signature`, with SHA-1, is not read. `X-GitHub-Delivery` and `X-GitHub-Event` are not signed.

use http::HeaderName;

use super::hmac::over_body;
use super::{Claim, Encoding, Headers, Refusal};

const HEADER: HeaderName = HeaderName::from_static("x-hub-signature-256");

pub(super) fn claim(headers: Headers<'_>) -> Result<Claim, Refusal> {
    over_body(headers, &HEADER, "sha256=", Encoding::Hex)
}
