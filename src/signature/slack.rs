//! Slack: `X-Slack-Signature: v0=HEX` over `v0:TIME:BODY`, with TIME in `X-Slack-Request-Timestamp`
//! (docs.slack.dev/authentication/verifying-requests-from-slack).

use http::HeaderName;
use serde::Deserialize;

use super::claim::seconds;
use super::{Claim, Encoding, Headers, Refusal};

const SIGNATURE: HeaderName = HeaderName::from_static("x-slack-signature");
const TIME: HeaderName = HeaderName::from_static("x-slack-request-timestamp");

pub(super) fn claim(headers: Headers<'_>) -> Result<Claim, Refusal> {
    let signature = headers.one(&SIGNATURE)?.strip_prefix("v0=");
    let signature = signature.and_then(|text| Encoding::Hex.decode(text));
    let signature = signature.ok_or_else(|| Refusal::Malformed(SIGNATURE, "v0=HEX".into()))?;
    let text = headers.one(&TIME)?;
    let time =
        seconds(text).ok_or_else(|| Refusal::Malformed(TIME, "seconds since 1970".into()))?;
    let before = format!("v0:{text}:");
    Ok(Claim { before, signatures: vec![signature], time: Some(time), id: None })
}

/// The id of an event; commands and actions are forms, and have none.
pub(super) fn id(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Event {
        event_id: String,
    }
    serde_json::from_slice(body).ok().map(|event: Event| event.event_id)
}
