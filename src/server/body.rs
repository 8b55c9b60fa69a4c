//! The body of an actix request, read up to a limit.

use std::future::Future;
use std::pin::Pin;

use actix_web::web;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;

use crate::pipeline::{BodyError, Payload};

/// The body of an actix request.
pub(super) struct ActixBody {
    pub(super) payload: web::Payload,
    /// `Content-Length`, where it is sent.
    pub(super) announced: Option<u64>,
}

impl Payload for ActixBody {
    fn read(&mut self, max: usize) -> Pin<Box<dyn Future<Output = Result<Bytes, BodyError>> + '_>> {
        Box::pin(self.read_up_to(max))
    }
}

impl ActixBody {
    async fn read_up_to(&mut self, max: usize) -> Result<Bytes, BodyError> {
        if self.announced.is_some_and(|length| length > max as u64) {
            return Err(BodyError::TooLarge);
        }
        let mut whole = BytesMut::new();
        while let Some(chunk) = self.payload.next().await {
            let chunk = chunk.map_err(|error| BodyError::Broken(error.to_string()))?;
            if whole.len() + chunk.len() > max {
                return Err(BodyError::TooLarge);
            }
            if whole.is_empty() && self.announced == Some(chunk.len() as u64) {
                return Ok(chunk);
            }
            whole.extend_from_slice(&chunk);
        }
        Ok(whole.freeze())
    }
}
