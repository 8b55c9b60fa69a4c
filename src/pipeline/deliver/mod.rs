//! How a reply goes out: who may keep it, whether the client has it already, and in which coding it is sent.

mod coding;
mod keeping;

pub(super) use keeping::vary_by_cookie;

use http::Method;
use http::header::{
    ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_TYPE, ETAG, HeaderName, HeaderValue,
    IF_NONE_MATCH,
};

use bytes::Bytes;

use super::etag;
use super::gateway::Gateway;
use super::notes::Notes;
use super::request::Request;
use super::respond::Reply;

/// Says on a reply all that it is to say to browsers and caches, makes it a 304 where the client has it already, and
/// compresses it where the client can read that. HEAD gets what GET gets.
pub(super) async fn finish(gateway: &Gateway, request: &Request, reply: &mut Reply, notes: &Notes) {
    keeping::note(request, reply, notes);
    let encoding = coding::choose(&gateway.plan.compression, request, reply);
    validate(request, reply);
    if encoding.is_some() {
        weaken(reply);
    }
    if is_known(request, reply) {
        not_modified(reply);
    } else if let Some(encoding) = encoding {
        coding::encode(gateway, reply, encoding).await;
    }
}

/// Whether a request reads, and changes nothing.
fn reads(request: &Request) -> bool {
    matches!(request.method, Method::GET | Method::HEAD)
}

/// Gives a reply the tag of its body, and says that it is not sent in ranges (RFC 9110 §14.3).
fn validate(request: &Request, reply: &mut Reply) {
    if !reads(request) || reply.status != 200 || reply.endpoint.is_none() {
        return;
    }
    reply.headers.push((ACCEPT_RANGES, HeaderValue::from_static("none")));
    if header(reply, &ETAG).is_none() && !keeping::is_kept_by_nobody(reply) {
        reply.headers.extend(etag::of(&reply.body).map(|tag| (ETAG, tag)));
    }
}

/// What is sent in several codings is not the same byte by byte (RFC 9110 §8.8.3.3).
fn weaken(reply: &mut Reply) {
    if let Some((_, tag)) = reply.headers.iter_mut().find(|(name, _)| name == ETAG)
        && let Some(weak) = etag::weak(tag)
    {
        *tag = weak;
    }
}

/// Whether the client has named the tag of what it would get (RFC 9110 §13.1.2).
fn is_known(request: &Request, reply: &Reply) -> bool {
    if !reads(request) || reply.status != 200 {
        return false;
    }
    let Some(tag) = header(reply, &ETAG) else { return false };
    etag::is_named(request.head.header(IF_NONE_MATCH.as_str()).into_iter(), tag)
}

/// Leaves of a reply what a 304 has (RFC 9110 §15.4.5).
fn not_modified(reply: &mut Reply) {
    reply.status = 304;
    reply.body = Bytes::new();
    let of_body = [CONTENT_TYPE, CONTENT_ENCODING, CONTENT_LANGUAGE, ACCEPT_RANGES];
    reply.headers.retain(|(name, _)| !of_body.contains(name));
}

fn header<'a>(reply: &'a Reply, wanted: &HeaderName) -> Option<&'a HeaderValue> {
    reply.headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value)
}
