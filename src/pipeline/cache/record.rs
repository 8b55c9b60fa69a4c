//! What is kept, as other instances read it.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes};

use super::Held;
use super::held::Whole;
use super::variants::Variants;
use crate::idempotency::Reply;
use crate::upstream::Answer;
use crate::value::{DuplicateKeys, Limits, MAX_DEPTH, parse};

/// The first byte of each record, so that a later form can be told from this one.
const FORM: u8 = 2;

/// The second byte: what it is.
const ANSWER: u8 = 1;
const WHOLE: u8 = 2;

impl Held {
    /// The record: form, kind, what the kind has of its own, and status, headers and body as [`Reply`] writes them. Nothing for
    /// a fault: it is for this process only.
    pub(super) fn to_record(&self) -> Option<Vec<u8>> {
        match self {
            Self::Answer(answer) => Some(of_answer(answer)),
            Self::Reply(whole) => Some(of_whole(whole)),
            Self::Fault(_) | Self::FaultForOne(_) => None,
        }
    }

    /// What [`Self::to_record`] has written; nothing where it has not.
    pub(super) fn from_record(mut record: Bytes) -> Option<Self> {
        if record.try_get_u8().ok()? != FORM {
            return None;
        }
        match record.try_get_u8().ok()? {
            ANSWER => answer(record).map(|answer| Self::Answer(Arc::new(answer))),
            WHOLE => whole(record).map(|whole| Self::Reply(Arc::new(whole))),
            _ => None,
        }
    }
}

fn of_answer(answer: &Answer) -> Vec<u8> {
    // Where the body was left out, its JSON says all of it.
    let json = answer.json.get().filter(|_| answer.body.is_empty());
    let body = json.map_or_else(|| answer.body.clone(), |json| json.to_json().into());
    let headers = answer.headers.iter().map(|(name, value)| (name.clone(), value.clone()));
    let reply = Reply { status: answer.status, headers: headers.collect(), body };
    let mut out = vec![FORM, ANSWER, u8::from(json.is_some())];
    out.put_u64(answer.size as u64);
    out.extend_from_slice(&reply.to_record());
    out
}

fn answer(mut record: Bytes) -> Option<Answer> {
    let only_json = record.try_get_u8().ok()? == 1;
    let size = usize::try_from(record.try_get_u64().ok()?).ok()?;
    let Reply { status, headers, body } = Reply::from_record(record)?;
    let headers = headers.into_iter().collect();
    let answer = Answer { status, headers, body, json: OnceLock::new(), size };
    if !only_json || answer.body.len() > LARGE {
        return Some(answer);
    }
    // At once, so that it is weighed as what it will be.
    let limits = Limits { max_depth: MAX_DEPTH, duplicate_keys: DuplicateKeys::LastWins };
    answer.json.set(parse(&answer.body, &limits).ok()?).ok()?;
    Some(answer.compact(true))
}

/// JSON of more bytes than this is parsed by whoever reads it first, on a thread where nobody waits for it.
pub(super) const LARGE: usize = 64 << 10;

fn of_whole(whole: &Whole) -> Vec<u8> {
    let (headers, body) = (whole.headers.clone(), whole.body.clone());
    let mut out = vec![FORM, WHOLE];
    let partial = whole.partial.as_deref().unwrap_or_default();
    out.put_u64(whole.age.as_secs());
    out.put_u64(partial.len() as u64);
    out.extend_from_slice(partial.as_bytes());
    out.extend_from_slice(&Reply { status: whole.status, headers, body }.to_record());
    out
}

fn whole(mut record: Bytes) -> Option<Whole> {
    let age = Duration::from_secs(record.try_get_u64().ok()?);
    let length = usize::try_from(record.try_get_u64().ok()?).ok()?;
    if length > record.len() {
        return None;
    }
    let partial = String::from_utf8(record.split_to(length).into()).ok()?;
    let partial = (!partial.is_empty()).then_some(partial);
    let Reply { status, headers, body } = Reply::from_record(record)?;
    let (is_for_one, variants) = (false, Variants::default());
    Some(Whole { status, headers, body, partial, age, is_for_one, variants })
}
