//! What is kept.

use std::mem::size_of;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue};

use super::record::LARGE;
use super::variants::Variants;
use crate::cache::Payload;
use crate::fault::{self, Detail, Details, Fault};
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
    /// A fault over what is one client's: it is not kept, and is nobody else's.
    FaultForOne(Fault),
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
    /// How old the oldest part of it was already when it was made.
    pub(in crate::pipeline) age: Duration,
    /// A part of it is one client's, so that it is not kept, and is nobody else's.
    pub(in crate::pipeline) is_for_one: bool,
    /// Its body in codings that clients have asked for.
    pub(in crate::pipeline) variants: Variants,
}

impl Payload for Held {
    fn weight(&self) -> usize {
        match self {
            Self::Answer(answer) => SHARED + answer.weight() + json_to_come(answer),
            Self::Reply(whole) => SHARED + whole.weight(),
            Self::Fault(fault) | Self::FaultForOne(fault) => weight_of(fault.parts()),
        }
    }

    fn encode(&self) -> Option<Vec<u8>> {
        self.to_record()
    }

    fn decode(bytes: Bytes) -> Option<Self> {
        Self::from_record(bytes)
    }
}

impl Whole {
    fn weight(&self) -> usize {
        let texts = self.headers.iter().map(|(name, value)| name.as_str().len() + value.len());
        size_of::<Self>()
            + self.headers.capacity() * size_of::<(HeaderName, HeaderValue)>()
            + texts.sum::<usize>()
            + self.body.len()
            + self.variants.weight()
            + self.partial.as_ref().map_or(0, String::capacity)
    }
}

/// What a body will take besides itself once somebody has read it as JSON, roughly; little, where it is a small one.
fn json_to_come(answer: &Answer) -> usize {
    let is_open = answer.json.get().is_none() && answer.body.len() > LARGE;
    if is_open { 3 * answer.body.len() } else { 0 }
}

fn weight_of(fault: &fault::Parts) -> usize {
    let details = match &fault.details {
        Details::None => 0,
        Details::Fields(fields) => {
            let texts = fields.iter().map(|field| field.field.len() + field.message.len());
            fields.capacity() * size_of::<Detail>() + texts.sum::<usize>()
        }
        Details::Policies(policies) => {
            policies.iter().map(|policy| size_of::<String>() + policy.len()).sum()
        }
        Details::Json(text) => text.capacity(),
    };
    let texts = [fault.cause.as_deref(), Some(&*fault.message), fault.allow.as_deref()];
    size_of::<fault::Parts>() + details + texts.into_iter().flatten().map(str::len).sum::<usize>()
}

/// The two counters of an `Arc`.
const SHARED: usize = 2 * size_of::<usize>();

#[cfg(test)]
mod tests;
