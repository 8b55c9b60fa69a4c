//! Stripe: `Stripe-Signature: t=TIME,v1=HEX` over `TIME.BODY` (docs.stripe.com/webhooks, "Verify manually").
//!
//! While a secret is being replaced there are two `v1`. Other versions are passed over: none is weaker than ours may be.

use http::HeaderName;
use serde::Deserialize;

use super::claim::seconds;
use super::{Claim, Encoding, Headers, Refusal};

const HEADER: HeaderName = HeaderName::from_static("stripe-signature");

pub(super) fn claim(headers: Headers<'_>) -> Result<Claim, Refusal> {
    let malformed = || Refusal::Malformed(HEADER, "t=TIME,v1=HEX".into());
    let (mut times, mut signatures) = (Vec::new(), Vec::new());
    for part in headers.one(&HEADER)?.split(',') {
        match part.split_once('=') {
            Some(("t", text)) => times.push(text),
            Some(("v1", text)) => signatures.extend(Encoding::Hex.decode(text)),
            _ => {}
        }
    }
    let [text] = times[..] else { return Err(malformed()) };
    let time = seconds(text).ok_or_else(malformed)?;
    if signatures.is_empty() {
        return Err(malformed());
    }
    Ok(Claim { before: format!("{text}."), signatures, time: Some(time), id: None })
}

/// The event's id, which is the same however often it is delivered; other members of the body are not.
pub(super) fn id(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Event {
        id: String,
    }
    serde_json::from_slice(body).ok().map(|event: Event| event.id)
}
