//! The body of an actix request, read up to a limit.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::error::PayloadError;
use actix_web::web;
use bytes::{Bytes, BytesMut};
use futures_util::{FutureExt, StreamExt};
use tokio::time::timeout;

use super::connection::Turns;
use crate::pipeline::{BodyError, Payload};

/// The body of an actix request.
pub(super) struct ActixBody {
    pub(super) payload: web::Payload,
    /// `Content-Length`, where it is sent.
    pub(super) announced: Option<u64>,
    pub(super) turns: Rc<Turns>,
    /// For the whole body, once somebody wants it.
    pub(super) longest: Duration,
}

impl Payload for ActixBody {
    fn read(&mut self, max: usize) -> Pin<Box<dyn Future<Output = Result<Bytes, BodyError>> + '_>> {
        Box::pin(async move {
            let longest = self.longest;
            timeout(longest, self.read_up_to(max)).await.unwrap_or(Err(BodyError::TooSlow))
        })
    }
}

impl ActixBody {
    async fn read_up_to(&mut self, max: usize) -> Result<Bytes, BodyError> {
        if self.announced.is_some_and(|length| length > max as u64) {
            return Err(BodyError::TooLarge);
        }
        self.turns.invite();
        let mut whole = BytesMut::new();
        while let Some(chunk) = poll_fn(|context| self.poll_next(context)).await {
            let chunk = chunk?;
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

    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        if self.turns.is_broken(context) {
            let cause = "its chunks are malformed".to_owned();
            return Poll::Ready(Some(Err(BodyError::Broken(cause))));
        }
        let next = ready!(self.payload.poll_next_unpin(context));
        if let Some(Err(PayloadError::Incomplete(_))) = next {
            // The connection has ended, and this request ends with it: nobody is left who could be told.
            return Poll::Pending;
        }
        Poll::Ready(next.map(|chunk| chunk.map_err(|error| BodyError::Broken(error.to_string()))))
    }
}

/// Where the rest of a body is nobody's business, the next request cannot be told from it: the reply is the last one.
impl Drop for ActixBody {
    fn drop(&mut self) {
        let end = loop {
            match self.payload.next().now_or_never() {
                Some(Some(Ok(_))) => {}
                end => break end,
            }
        };
        if !matches!(end, Some(None)) {
            self.turns.end();
        }
    }
}
