//! Webhooks: whether the sender is who it says, and each delivery served once.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::body;
use super::frame::Frame;
use super::gateway::Gateway;
use super::hold::{Hold, Keep};
use super::request::Request;
use super::shape::Shaped;
use crate::fault::{Code, Fault};
use crate::idempotency::{Begun, Claim, Hash, hash};
use crate::plan::{Endpoint, Webhook};
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

/// Asks whether a delivery was served before: then there is nothing to do. A new one is held by the request from now on.
///
/// # Errors
/// 409 while another request serves it; 503 where the store is away.
pub(super) async fn begin(
    frame: &Frame,
    request: &Request,
    signed: Option<Signed>,
) -> Result<Option<Shaped>, Fault> {
    let Some(signed) = signed else { return Ok(None) };
    let endpoint = &frame.endpoint;
    let id = match &signed.webhook.id_from {
        Some(program) => text(&program.run(frame, &frame.limits()).await?),
        None => None,
    };
    let (kind, name): (&[u8], &[u8]) = match (&id, &signed.name) {
        (Some(id), _) => (b"id_from", id),
        (None, Name::Id(id)) => (b"id", id.as_bytes()),
        (None, Name::Body(hash)) => (b"body", hash),
    };
    let scheme = signed.webhook.signature.scheme.name();
    let route = (endpoint.frontend.as_bytes(), endpoint.name.as_bytes());
    let key = hash(&[b"webhook", route.0, route.1, scheme.as_bytes(), kind, name]);
    // Whatever else is in it, it is the delivery of this name.
    let claim = Claim { key, fingerprint: key, owner: request.id.to_string() };
    let keep = Keep::Delivery(signed.webhook.keep);
    match Hold::begin(&frame.gateway, endpoint, claim, keep).await? {
        (Begun::New, hold) => {
            request.ongoing.holds(hold);
            // A sender's next try changes nothing that this one has changed, where upstreams know keys.
            frame.derive_keys_from(key);
            Ok(None)
        }
        (Begun::Done(_), _) => {
            tracing::info!(scheme, "a delivery that was served before");
            Ok(Some(Shaped::nothing(endpoint)))
        }
        _ => Err(Fault::new(Code::Conflict)
            .message("This delivery is being served right now.")
            .retry_after(RETRY)
            .cause("a delivery came again while the first one was being served")),
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
fn text(id: &Value) -> Option<Vec<u8>> {
    match id {
        Value::Null => None,
        id => Some(id.to_canonical()).filter(|text| text != b"\"\""),
    }
}

/// Bodies of more bytes are hashed on a thread of their own: a worker has other requests.
const LARGE: usize = 256 * 1024;

/// When the sender may ask again; it has its own idea of that.
const RETRY: Duration = Duration::from_secs(5);
