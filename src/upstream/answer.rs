//! What an upstream has answered.

use std::mem::size_of;
use std::sync::OnceLock;

use bytes::{Bytes, BytesMut};
use http::header::{
    CONNECTION, HeaderName, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, SET_COOKIE, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderValue};

use crate::value::Value;

/// An answer whose body has come to its end.
pub struct Answer {
    /// Any status from 200 on.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// The decoded body; of one that is kept in memory, empty where `json` has all that it says.
    pub body: Bytes,
    /// The body as JSON, once somebody has read it so.
    pub json: OnceLock<Value>,
    /// Bytes of the body when it came.
    pub size: usize,
}

impl Answer {
    /// An answer that nobody has read yet.
    pub fn new(status: u16, headers: HeaderMap, body: Bytes) -> Self {
        let size = body.len();
        Self { status, headers, body, json: OnceLock::new(), size }
    }

    /// A copy to be kept: it holds nothing but itself, where the answer as it came holds all that was read from its
    /// connection along with it. Without what was meant for that connection (RFC 9110 §7.6.1), and without cookies.
    /// With `only_json` the body is left out where `json` says the same.
    #[must_use]
    pub fn compact(&self, only_json: bool) -> Self {
        let json = self.json.clone();
        let body = match json.get() {
            Some(_) if only_json => Bytes::new(),
            _ => Bytes::copy_from_slice(&self.body),
        };
        Self {
            status: self.status,
            headers: end_to_end(&self.headers),
            body,
            json,
            size: self.size,
        }
    }

    /// Bytes that it holds in memory, all in all, itself included. Of one that is not [`Self::compact`] it may be more.
    pub fn weight(&self) -> usize {
        let texts = self.headers.iter().map(|(name, value)| name.as_str().len() + value.len());
        size_of::<Self>()
            + self.headers.capacity() * HEADER
            + texts.sum::<usize>()
            + self.body.len()
            + self.json.get().map_or(0, Value::weight)
    }
}

/// What a header takes in its map besides its text: its slot and its place in the index. (A name that is a standard one has
/// no text of its own, and one that is not has a little more than its text.)
const HEADER: usize = 112;

/// Copies the headers that are meant for whoever asked. Their values share one buffer.
fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    let named = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let named: Vec<&str> = named.flat_map(|names| names.split(',')).map(str::trim).collect();
    let is_kept = |name: &HeaderName| {
        !OF_THE_CONNECTION.contains(name)
            && !matches!(name.as_str(), "keep-alive" | "proxy-connection")
            && !named.iter().any(|other| other.eq_ignore_ascii_case(name.as_str()))
    };
    let kept = || headers.iter().filter(|(name, _)| is_kept(name));
    let mut values = BytesMut::with_capacity(kept().map(|(_, value)| value.len()).sum());
    for (_, value) in kept() {
        values.extend_from_slice(value.as_bytes());
    }
    let mut values = values.freeze();
    let mut copy = HeaderMap::with_capacity(kept().count());
    for (name, value) in kept() {
        let bytes = values.split_to(value.len());
        if let Ok(mut own) = HeaderValue::from_maybe_shared(bytes) {
            own.set_sensitive(value.is_sensitive());
            copy.append(name, own);
        }
    }
    copy
}

/// Besides those that `Connection` names, and two that have no constant.
const OF_THE_CONNECTION: [HeaderName; 8] = [
    CONNECTION,
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    SET_COOKIE,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{DuplicateKeys, Limits, parse};

    fn answer(headers: &[(&'static str, &'static str)], body: &'static str) -> Answer {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        Answer::new(200, headers.collect(), Bytes::from_static(body.as_bytes()))
    }

    fn read(answer: &Answer) {
        let limits = Limits { max_depth: 10, duplicate_keys: DuplicateKeys::LastWins };
        let value = parse(&answer.body, &limits).expect("JSON");
        answer.json.set(value).expect("read once");
    }

    #[test]
    fn what_is_kept_shares_no_memory_with_what_came() {
        let read = Bytes::from(b"HTTP/1.1 200 OK\r\netag: abcd\r\n\r\nbody".to_vec());
        let mut headers = HeaderMap::new();
        let value = HeaderValue::from_maybe_shared(read.slice(23..27)).expect("a value");
        headers.insert("etag", value);
        let kept = Answer::new(200, headers, read.slice(31..)).compact(false);
        let within = read.as_ptr_range();
        assert_eq!(
            (&kept.headers["etag"], &kept.body[..]),
            (&"abcd".parse().expect("a value"), &b"body"[..])
        );
        assert!(!within.contains(&kept.body.as_ptr()));
        assert!(!within.contains(&kept.headers["etag"].as_bytes().as_ptr()));
    }

    #[test]
    fn cookies_and_headers_of_the_connection_are_not_kept() {
        let came = answer(
            &[
                ("content-type", "text/plain"),
                ("connection", "close, X-Hop"),
                ("connection", "x-other"),
                ("keep-alive", "timeout=5"),
                ("transfer-encoding", "chunked"),
                ("set-cookie", "a=1"),
                ("x-hop", "1"),
                ("x-other", "1"),
                ("vary", "a"),
                ("vary", "b"),
            ],
            "text",
        );
        let kept = came.compact(true);
        let text = |(name, value): (&HeaderName, &HeaderValue)| {
            format!("{name}: {}", value.to_str().expect("text"))
        };
        let left: Vec<_> = kept.headers.iter().map(text).collect();
        assert_eq!(left, ["content-type: text/plain", "vary: a", "vary: b"]);
        assert_eq!(kept.body, "text", "nobody has read it as JSON");
    }

    #[test]
    fn the_body_is_left_out_where_only_its_json_is_read_and_its_size_stays() {
        let came = answer(&[], "[1, 2, {\"a\": \"b\"}]");
        read(&came);
        let kept = came.compact(true);
        assert_eq!((kept.body.len(), kept.size), (0, 18));
        assert_eq!(kept.json.get(), came.json.get());
        assert_eq!(came.compact(false).body, came.body);
        assert_eq!(kept.compact(true).size, 18, "again and again");
    }

    #[test]
    fn a_secret_header_stays_one() {
        let mut came = answer(&[("x-key", "k")], "");
        came.headers.values_mut().for_each(|value| value.set_sensitive(true));
        assert!(came.compact(true).headers["x-key"].is_sensitive());
    }

    #[test]
    fn all_that_is_held_weighs() {
        let nothing = answer(&[], "").compact(false).weight();
        let body = answer(&[], "[1,2,3,4]").compact(false).weight();
        let header = answer(&[("x-a", "12345")], "").compact(false).weight();
        assert_eq!(body, nothing + 9);
        assert!(header >= nothing + 8 + HEADER, "{header}");
        let came = answer(&[], "[1,2,3,4]");
        read(&came);
        let both = came.compact(false).weight();
        assert_eq!(came.compact(true).weight(), both - 9);
        assert!(both > body);
    }
}
