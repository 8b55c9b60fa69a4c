//! Shopify: `X-Shopify-Hmac-Sha256: BASE64` over the body (shopify.dev, "Deliver webhooks through HTTPS").
//!
//! `X-Shopify-Webhook-Id`, `X-Shopify-Topic` and `X-Shopify-Triggered-At` are not signed.

use http::HeaderName;

use super::hmac::over_body;
use super::{Claim, Encoding, Headers, Refusal};

const HEADER: HeaderName = HeaderName::from_static("x-shopify-hmac-sha256");

pub(super) fn claim(headers: Headers<'_>) -> Result<Claim, Refusal> {
    over_body(headers, &HEADER, "", Encoding::Base64)
}
