//! The body of a request, read once.

use bytes::Bytes;

use super::request::{BodyError, Request};
use crate::fault::{Code, Fault};
use crate::plan::Endpoint;

/// Larger bodies are parsed on a thread of their own, so that the worker's other requests go on.
pub(super) const LARGE: usize = 256 * 1024;

/// The whole body as it came, up to the endpoint's `max_body`. Whoever asks again gets the same bytes.
///
/// # Errors
/// 413 for a larger one, as soon as that is known; 400 where it did not arrive whole.
pub(super) async fn read(endpoint: &Endpoint, request: &mut Request) -> Result<Bytes, Fault> {
    if let Some(body) = &request.body.read {
        return Ok(body.clone());
    }
    let body = request.body.payload.read(endpoint.max_body).await.map_err(|error| match error {
        BodyError::TooLarge => {
            let limit = format!("The body is larger than {} bytes.", endpoint.max_body);
            Fault::new(Code::PayloadTooLarge).message(limit)
        }
        BodyError::Broken(cause) => {
            Fault::new(Code::BadRequest).message("The body did not arrive whole.").cause(cause)
        }
    })?;
    request.body.read = Some(body.clone());
    Ok(body)
}
