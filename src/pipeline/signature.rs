//! Whether a webhook's sender is who it says.

use std::sync::Arc;

use super::body;
use super::gateway::Gateway;
use super::request::Request;
use crate::fault::Fault;
use crate::plan::Endpoint;
use crate::signature::Headers;

/// A delivery that was signed.
pub(super) struct Signed {
    /// Its id, where that is signed too.
    pub(super) id: Option<String>,
}

/// Bodies of more bytes are hashed on a thread of their own: a worker has other requests.
const LARGE: usize = 256 * 1024;

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
    let id = if body.len() > LARGE {
        let webhook = Arc::clone(webhook);
        let check = move || webhook.signature.verify(claim, &body, now);
        tokio::task::spawn_blocking(check).await.map_err(Fault::internal)?
    } else {
        webhook.signature.verify(claim, &body, now)
    };
    Ok(Some(Signed { id: id? }))
}
