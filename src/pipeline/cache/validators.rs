//! Asking whether an answer is still good (RFC 9111 §4.3).

use http::header::{
    AGE, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, DATE, ETAG,
    IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, TRANSFER_ENCODING,
};
use http::{HeaderMap, HeaderName, Method};

use crate::upstream::{Answer, Request};

/// Makes a request ask for another answer only if the old one is not good any more: whether it does now. A request that
/// asks for something like it already stays as it is.
pub(in crate::pipeline) fn ask(request: &mut Request, old: &Answer) -> bool {
    let reads = matches!(request.method, Method::GET | Method::HEAD);
    if !reads || CONDITIONS.iter().any(|name| request.headers.contains_key(*name)) {
        return false;
    }
    let mut asks = false;
    for (validator, condition) in [(ETAG, IF_NONE_MATCH), (LAST_MODIFIED, IF_MODIFIED_SINCE)] {
        if let Some(value) = old.headers.get(validator) {
            request.headers.insert(condition, value.clone());
            asks = true;
        }
    }
    asks
}

/// The old answer with the headers of a 304; nothing where that is about another one.
pub(in crate::pipeline) fn renewed(old: &Answer, not_modified: &Answer) -> Option<Answer> {
    let news = &not_modified.headers;
    if let Some(tag) = news.get(ETAG)
        && old.headers.get(ETAG).map(|old| opaque(old.as_bytes())) != Some(opaque(tag.as_bytes()))
    {
        return None;
    }
    let mut headers = old.headers.clone();
    // They say how old it was then.
    headers.remove(AGE);
    headers.remove(DATE);
    for name in news.keys().filter(|name| !OF_THE_BODY.contains(*name)) {
        headers.remove(name);
        headers.extend(values(news, name));
    }
    let (body, json) = (old.body.clone(), old.json.clone());
    Some(Answer { status: old.status, headers, body, json, size: old.size })
}

fn values(
    headers: &HeaderMap,
    name: &HeaderName,
) -> impl Iterator<Item = (HeaderName, http::HeaderValue)> {
    headers.get_all(name).into_iter().map(|value| (name.clone(), value.clone()))
}

/// An entity tag without what says that it is a weak one.
fn opaque(tag: &[u8]) -> &[u8] {
    tag.strip_prefix(b"W/").unwrap_or(tag)
}

const CONDITIONS: &[&str] =
    &["if-none-match", "if-modified-since", "if-match", "if-unmodified-since", "if-range", "range"];

/// What describes the body that a 304 does not have, and the connection.
const OF_THE_BODY: &[HeaderName] =
    &[CONTENT_LENGTH, CONTENT_ENCODING, CONTENT_RANGE, TRANSFER_ENCODING, CONNECTION];
