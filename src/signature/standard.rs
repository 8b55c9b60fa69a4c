//! Standard Webhooks 1.0: `webhook-signature: v1,BASE64 v1,BASE64` over `ID.TIME.BODY`, with ID in `webhook-id` and TIME in
//! `webhook-timestamp` (github.com/standard-webhooks/standard-webhooks). Its first sender, Svix, names them `svix-…`.
//!
//! `v1a`, with public keys, is passed over.

use http::HeaderName;

use super::claim::seconds;
use super::{Claim, Encoding, Headers, Refusal};

struct Names {
    id: HeaderName,
    time: HeaderName,
    signature: HeaderName,
}

const STANDARD: Names = Names {
    id: HeaderName::from_static("webhook-id"),
    time: HeaderName::from_static("webhook-timestamp"),
    signature: HeaderName::from_static("webhook-signature"),
};

const SVIX: Names = Names {
    id: HeaderName::from_static("svix-id"),
    time: HeaderName::from_static("svix-timestamp"),
    signature: HeaderName::from_static("svix-signature"),
};

pub(super) fn claim(headers: Headers<'_>) -> Result<Claim, Refusal> {
    let svix = !headers.has(&STANDARD.signature) && headers.has(&SVIX.signature);
    let names = if svix { SVIX } else { STANDARD };
    let one = |text: &str| Encoding::Base64.decode(text.strip_prefix("v1,")?);
    let signatures: Vec<_> = headers.one(&names.signature)?.split(' ').filter_map(one).collect();
    if signatures.is_empty() {
        return Err(Refusal::Malformed(names.signature, "v1,BASE64".into()));
    }
    let id = headers.one(&names.id)?;
    // With a dot in it, what is signed could be read as another id, time and body ("Signature scheme").
    if id.is_empty() || id.contains('.') {
        return Err(Refusal::Malformed(names.id, "an id without dots".into()));
    }
    let text = headers.one(&names.time)?;
    let time =
        seconds(text).ok_or_else(|| Refusal::Malformed(names.time, "seconds since 1970".into()))?;
    let before = format!("{id}.{text}.");
    Ok(Claim { before, signatures, time: Some(time), id: Some(id.to_owned()) })
}
