//! What was done under the client's key is not done again.

use std::time::Duration;

use super::frame::Frame;
use super::hold::{Hold, Keep};
use super::key;
use super::request::Request;
use crate::fault::{Code, Fault};
use crate::idempotency::{Begun, Claim, Hash, Reply, hash};
use crate::jq::Scope as _;
use crate::plan::slot;

/// Looks up the client's key, where the endpoint knows keys. A new one is held by the request from now on; the reply
/// that is kept for another one is given back.
///
/// # Errors
/// 400 for a key that is missing or none, 422 for one of another request, 409 for one whose request is being served or
/// was interrupted, 503 where the store is away.
pub(super) async fn begin(frame: &Frame, request: &Request) -> Result<Option<Reply>, Fault> {
    let endpoint = &*frame.endpoint;
    let Some(rule) = &endpoint.idempotency else { return Ok(None) };
    let key = match key::of_client(&*request.head) {
        Ok(Some(key)) => key,
        Ok(None) if rule.required => return Err(wrong("is required", "required")),
        Ok(None) => return Ok(None),
        Err(what) => return Err(wrong(what, "format")),
    };
    let claim = Claim {
        key: key::bound(endpoint, frame.identity.as_deref(), &key),
        fingerprint: fingerprint(frame, request),
        owner: request.id.to_string(),
    };
    let (begun, hold) =
        Hold::begin(&frame.gateway, endpoint, claim, Keep::Reply(rule.keep)).await?;
    match begun {
        Begun::New => {
            request.ongoing.holds(hold);
            Ok(None)
        }
        Begun::Done(record) => match Reply::from_record(record) {
            Some(reply) => Ok(Some(reply)),
            None => Err(Fault::internal("a kept reply cannot be read")),
        },
        Begun::InFlight => Err(in_flight()),
        Begun::Lost => Err(conflict(
            "The request with this Idempotency-Key was interrupted, and how far it came is not known. \
             See what it has changed before you send it again with another key.",
        )),
        Begun::Other => Err(Fault::new(Code::Unprocessable)
            .message("This Idempotency-Key was used for another request.")
            .field("headers.idempotency-key", "was used for another request", "reused")),
    }
}

/// What the endpoint sees of a request. What it does not see makes no other request, nor does JSON that is written
/// otherwise.
fn fingerprint(frame: &Frame, request: &Request) -> Hash {
    let slots = [slot::PARAMS, slot::QUERY, slot::HEADERS, slot::COOKIES, slot::BODY];
    let seen = slots.map(|slot| frame.get(slot).to_canonical());
    let [params, query, headers, cookies, body] = seen.each_ref().map(Vec::as_slice);
    let path = request.head.path().as_bytes();
    let (kind, bytes) = match &frame.raw {
        Some(raw) => (raw.content_type.as_deref().unwrap_or_default(), &raw.bytes[..]),
        None => Default::default(),
    };
    hash(&[path, params, query, headers, cookies, body, kind, bytes])
}

fn wrong(what: &'static str, rule: &'static str) -> Fault {
    Fault::new(Code::BadRequest).message(format!("The header Idempotency-Key {what}.")).field(
        "headers.idempotency-key",
        what,
        rule,
    )
}

fn in_flight() -> Fault {
    conflict("A request with this Idempotency-Key is being served.").retry_after(SOON)
}

fn conflict(message: &'static str) -> Fault {
    Fault::new(Code::Conflict).message(message)
}

const SOON: Duration = Duration::from_secs(1);
