//! What was done under the client's key is not done again.

use std::rc::Rc;
use std::time::Duration;

use super::gateway::Gateway;
use super::hold::Hold;
use super::input::Values;
use super::key;
use super::request::Request;
use super::session::Known;
use crate::fault::{Code, Fault};
use crate::idempotency::{Begun, Claim, Hash, Reply, hash};
use crate::plan::Endpoint;

/// Looks up the client's key, where the endpoint knows keys. A new one is held by the request from now on; the reply
/// that is kept for another one is given back.
///
/// # Errors
/// 400 for a key that is missing or none, 422 for one of another request, 409 for one whose request is being served or
/// was interrupted, 503 where the store is away.
pub(super) async fn begin(
    gateway: &Rc<Gateway>,
    endpoint: &Endpoint,
    request: &Request,
    session: Option<&Known>,
    input: &Values,
) -> Result<Option<Reply>, Fault> {
    let Some(rule) = &endpoint.idempotency else { return Ok(None) };
    let key = match key::of_client(&*request.head) {
        Ok(Some(key)) => key,
        Ok(None) if rule.required => return Err(wrong("is required", "required")),
        Ok(None) => return Ok(None),
        Err(what) => return Err(wrong(what, "format")),
    };
    let claim = Claim {
        key: key::bound(endpoint, session.map(|known| &*known.identity), &key),
        fingerprint: fingerprint(request, input),
        owner: request.id.to_string(),
    };
    let (begun, hold) = Hold::begin(gateway, endpoint, claim, rule.keep).await?;
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

/// What the endpoint sees of a request. What it does not see makes no other request.
fn fingerprint(request: &Request, input: &Values) -> Hash {
    let Values { params, query, headers, cookies, body, raw } = input;
    let seen = [params, query, headers, cookies, body].map(|value| value.to_json());
    let [params, query, headers, cookies, body] = seen.each_ref().map(|text| text.as_bytes());
    let path = request.head.path().as_bytes();
    let (kind, bytes) = match raw {
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
