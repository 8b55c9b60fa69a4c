//! In which coding a body is sent.

use bytes::Bytes;
use http::HeaderValue;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE};

use super::header;
use crate::encoding::{self, Effort, Encoding};
use crate::pipeline::gateway::Gateway;
use crate::pipeline::request::Request;
use crate::pipeline::respond::{self, Reply};
use crate::plan::Compression;

/// The coding that a reply is to be sent in; none: as it is. Where it could be another one, `Vary` says so.
pub(super) fn choose(rule: &Compression, request: &Request, reply: &mut Reply) -> Option<Encoding> {
    if rule.encodings.is_empty()
        || reply.body.len() < rule.from.max(1)
        || matches!(reply.status, 204 | 304)
        || header(reply, &CONTENT_ENCODING).is_some()
        || !header(reply, &CONTENT_TYPE).is_some_and(is_text)
    {
        return None;
    }
    let accepted = request.head.header(ACCEPT_ENCODING.as_str());
    respond::vary(&mut reply.headers, HeaderValue::from_static("accept-encoding"));
    encoding::choose(accepted.into_iter(), &rule.encodings)
}

/// Encodes the body, unless that makes it larger. What is kept is encoded once, with more effort.
pub(super) async fn encode(gateway: &Gateway, reply: &mut Reply, encoding: Encoding) {
    let plain = reply.body.clone();
    let kept = reply.found.as_ref().and_then(|found| Some((found, found.entry.as_ref()?)));
    let made = match kept {
        None => made(encoding, Effort::Once, plain).await,
        Some((found, entry)) => {
            let make = || made(encoding, Effort::Often, plain);
            let (made, is_new) = found.whole.variants.get(encoding, make).await;
            if is_new {
                gateway.cache.entries.weigh(&found.key, entry);
            }
            made
        }
    };
    if let Some(body) = made {
        reply.body = body;
        reply.headers.push((CONTENT_ENCODING, HeaderValue::from_static(encoding.name())));
    }
}

/// Large bodies are encoded on a thread of their own, so that the worker's other requests go on.
async fn made(encoding: Encoding, effort: Effort, plain: Bytes) -> Option<Bytes> {
    let large = match effort {
        Effort::Once => LARGE,
        Effort::Often => LARGE / 8,
    };
    if plain.len() <= large {
        return encoding::compress(encoding, effort, &plain).map(Bytes::from);
    }
    let make = move || encoding::compress(encoding, effort, &plain).map(Bytes::from);
    tokio::task::spawn_blocking(make).await.ok()?
}

/// What is worth it: JSON in all its kinds, and text.
fn is_text(kind: &HeaderValue) -> bool {
    let kind = kind.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    let ends = |end: &[u8]| {
        let at = kind.len().checked_sub(end.len());
        at.is_some_and(|at| kind[at..].eq_ignore_ascii_case(end))
    };
    let is_text = kind.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"text/"));
    is_text || kind.eq_ignore_ascii_case(b"application/json") || ends(b"+json")
}

const LARGE: usize = 64 * 1024;
