//! Webhooks: whether the sender is who it says, and each delivery served once.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::body;
use super::gateway::Gateway;
use super::hold::Hold;
use super::input::Values;
use super::request::Request;
use crate::fault::{Code, Fault};
use crate::idempotency::{Begun, Claim, Hash, hash};
use crate::jq::{Scope, Slot};
use crate::plan::{Endpoint, Webhook, slot};
use crate::signature::{self, Headers, Refusal};
use crate::value::Value;

/// A delivery whose signature is good.
pub(super) struct Signed {
    webhook: Arc<Webhook>,
    name: Name,
}

/// What a delivery is known by.
enum Name {
    /// An id that is signed.
    Id(String),
    /// The hash of the body.
    Body(Hash),
}

/// A delivery that may be served.
pub(super) enum Delivery {
    /// It is ours until the hold ends.
    New(Hold),
    /// It was answered with 2xx before.
    Seen,
}

/// Checks the signature of an endpoint that asks for one, over the bytes of the body as they came.
///
/// # Errors
/// 401 for a signature that is missing or wrong, before the body is read where that can be told; what
/// [`body::read`] says.
pub(super) async fn check(
    gateway: &Gateway,
    endpoint: &Endpoint,
    request: &mut Request,
) -> Result<Option<Signed>, Fault> {
    let Some(webhook) = &endpoint.webhook else { return Ok(None) };
    let claim = webhook.signature.claim(Headers(&|name| request.head.header(name)))?;
    let body = body::read(endpoint, request).await?;
    let now = gateway.clock.now();
    let name = if body.len() > LARGE {
        let webhook = Arc::clone(webhook);
        let verify = move || verify(&webhook, claim, &body, now);
        tokio::task::spawn_blocking(verify).await.map_err(Fault::internal)?
    } else {
        verify(webhook, claim, &body, now)
    };
    Ok(Some(Signed { webhook: Arc::clone(webhook), name: name? }))
}

/// Asks whether a delivery was served before.
///
/// There is no mark that a change was sent, as other keys have one: a sender tries again until it gets a 2xx, and a
/// delivery that a dying process has left half-way must be served then.
///
/// # Errors
/// 409 while another request serves it; 503 where the store is away.
pub(super) async fn begin(
    gateway: &Rc<Gateway>,
    endpoint: &Endpoint,
    request: &Request,
    signed: &Signed,
    input: &Values,
) -> Result<Delivery, Fault> {
    let id = match &signed.webhook.id_from {
        Some(program) => {
            let id = program.run(&Known(input), &gateway.plan.limits.program).await?;
            text(&id)
        }
        None => None,
    };
    let (kind, name): (&[u8], &[u8]) = match (&id, &signed.name) {
        (Some(id), _) => (b"id_from", id.as_bytes()),
        (None, Name::Id(id)) => (b"id", id.as_bytes()),
        (None, Name::Body(hash)) => (b"body", hash),
    };
    let scheme = signed.webhook.signature.scheme.name();
    let key = hash(&[b"webhook", endpoint.name.as_bytes(), scheme.as_bytes(), kind, name]);
    // Whatever else is in it, it is the delivery of this name.
    let claim = Claim { key, fingerprint: key, owner: request.id.to_string() };
    match Hold::begin(gateway, endpoint, claim, signed.webhook.keep).await? {
        (Begun::New, hold) => Ok(Delivery::New(hold)),
        (Begun::Done(_), _) => {
            tracing::info!(scheme, "a delivery that was served before");
            Ok(Delivery::Seen)
        }
        _ => Err(Fault::new(Code::Conflict)
            .message("This delivery is being served right now.")
            .retry_after(RETRY)
            .cause("a delivery came again while the first one was being served")),
    }
}

/// What the reply makes of a delivery: after a 2xx it was seen, after anything else the sender's next try is served.
pub(super) async fn end(hold: &Hold, status: u16) {
    if (200..300).contains(&status) {
        hold.finish(Bytes::new()).await;
    } else {
        hold.release().await;
    }
}

fn verify(
    webhook: &Webhook,
    claim: signature::Claim,
    body: &Bytes,
    now: Duration,
) -> Result<Name, Refusal> {
    let id = webhook.signature.verify(claim, body, now)?;
    Ok(id.map_or_else(|| Name::Body(hash(&[body])), Name::Id))
}

/// What `id_from` gave; none where that names nothing.
fn text(id: &Value) -> Option<String> {
    match id {
        Value::Null => None,
        id => Some(id.to_json()).filter(|text| text != "\"\""),
    }
}

/// What `id_from` reads.
struct Known<'a>(&'a Values);

impl Scope for Known<'_> {
    fn get(&self, slot: Slot) -> Value {
        match slot {
            slot::BODY => self.0.body.clone(),
            slot::HEADERS => self.0.headers.clone(),
            _ => Value::Null,
        }
    }
}

/// Bodies of more bytes are hashed on a thread of their own: a worker has other requests.
const LARGE: usize = 256 * 1024;

/// When the sender may ask again; it has its own idea of that.
const RETRY: Duration = Duration::from_secs(5);
