//! What is kept.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderName, HeaderValue};

use super::variants::Variants;
use crate::cache::Payload;
use crate::fault::Fault;
use crate::upstream::Answer;

/// What is kept. Cheap to clone.
#[derive(Clone)]
pub(in crate::pipeline) enum Held {
    /// What an upstream has answered to a call.
    Answer(Arc<Answer>),
    /// A whole reply.
    Reply(Arc<Whole>),
    /// A whole reply that says that there is nothing. For this process only.
    Fault(Fault),
}

/// A whole reply, but for what belongs to one request.
#[derive(Debug)]
pub(in crate::pipeline) struct Whole {
    /// Its status.
    pub(in crate::pipeline) status: u16,
    /// Its headers.
    pub(in crate::pipeline) headers: Vec<(HeaderName, HeaderValue)>,
    /// Its body.
    pub(in crate::pipeline) body: Bytes,
    /// Optional calls that failed, as the header names them.
    pub(in crate::pipeline) partial: Option<String>,
    /// Its body in codings that clients have asked for.
    pub(in crate::pipeline) variants: Variants,
}

impl Payload for Held {
    fn weight(&self) -> usize {
        match self {
            Self::Answer(answer) => answer.weight(),
            Self::Reply(whole) => whole.body.len() + whole.variants.weight(),
            Self::Fault(_) => 0,
        }
    }

    fn encode(&self) -> Option<Vec<u8>> {
        None
    }

    fn decode(_: Bytes) -> Option<Self> {
        None
    }
}
