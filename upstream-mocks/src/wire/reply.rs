use std::time::Duration;

use bytes::{Bytes, BytesMut};
use serde_json::Value;

use super::Gate;

/// What to answer, and how badly. Plain unless told otherwise: a right length, keep-alive.
///
/// The methods that make it worse add up: `Reply::json(x).delay(d).truncated().drip(i)`.
#[derive(Clone, Debug)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Bytes,
    raw: Option<Bytes>,
    chunk: Option<usize>,
    length: Option<usize>,
    sent: Option<usize>,
    pub(super) delay: Duration,
    pub(super) gate: Option<Gate>,
    pub(super) drip: Option<Duration>,
    pub(super) then: Then,
}

/// What becomes of the connection after a reply.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Then {
    /// It ends in an orderly way (FIN). Nothing in the reply announces it.
    Close,
    /// It stays open, and nothing more is ever sent or answered.
    Hang,
    /// It serves the next request.
    #[default]
    KeepAlive,
    /// It is torn down (RST).
    Reset,
}

impl Reply {
    /// An empty reply with this status.
    pub fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Bytes::new(),
            raw: None,
            chunk: None,
            length: None,
            sent: None,
            delay: Duration::ZERO,
            gate: None,
            drip: None,
            then: Then::KeepAlive,
        }
    }

    /// 200 with this JSON.
    pub fn json(value: impl Into<Value>) -> Self {
        Self::status(200).with_json(value)
    }

    /// 303: the client goes on there with GET.
    pub fn redirect(location: &str) -> Self {
        Self::status(303).header("location", location)
    }

    /// 200 with this text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::status(200).header("content-type", "text/plain; charset=utf-8").body(text.into())
    }

    /// These bytes instead of an HTTP reply, whatever they are.
    pub fn raw(bytes: impl Into<Bytes>, then: Then) -> Self {
        Self { raw: Some(bytes.into()), ..Self::status(200) }.then(then)
    }

    /// No answer; the connection ends in an orderly way, as one that was idle for too long.
    pub fn close() -> Self {
        Self::raw("", Then::Close)
    }

    /// No answer, ever.
    pub fn hang() -> Self {
        Self::raw("", Then::Hang)
    }

    /// No answer; the connection is reset.
    pub fn reset() -> Self {
        Self::raw("", Then::Reset)
    }

    /// Another status.
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// This JSON as the body, with its content type.
    pub fn with_json(self, value: impl Into<Value>) -> Self {
        self.header("content-type", "application/json").body(value.into().to_string())
    }

    /// One more header, written as it is; a second `content-type` replaces the first.
    /// `content-length` comes by itself unless it is one.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if name.eq_ignore_ascii_case("content-type") {
            self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        }
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// These bytes as the body.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// The body in chunks of this many bytes (at least one), without a content length.
    pub fn chunked(mut self, size: usize) -> Self {
        self.chunk = Some(size.max(1));
        self
    }

    /// A content length that need not be true.
    pub fn content_length(mut self, length: usize) -> Self {
        self.length = Some(length);
        self
    }

    /// A content length that is this much too long.
    pub fn longer_length(self, bytes: usize) -> Self {
        let length = self.body.len() + bytes;
        self.content_length(length)
    }

    /// Waits this long before the first byte.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Waits for the gate to open before the first byte.
    pub fn when(mut self, gate: &Gate) -> Self {
        self.gate = Some(gate.clone());
        self
    }

    /// The body byte by byte, with this much time between them.
    pub fn drip(mut self, interval: Duration) -> Self {
        self.drip = Some(interval);
        self
    }

    /// Half of the body, then the connection closes.
    pub fn truncated(self) -> Self {
        let half = self.body.len() / 2;
        self.cut(half).then(Then::Close)
    }

    /// Only this many bytes of the body. Say with [`Reply::then`] what comes after them.
    pub fn cut(mut self, bytes: usize) -> Self {
        self.sent = Some(bytes);
        self
    }

    /// What becomes of the connection.
    pub fn then(mut self, then: Then) -> Self {
        self.then = then;
        self
    }

    /// Head and body as they go over the wire. `bodiless` is for the reply to a HEAD request.
    pub(super) fn bytes(&self, bodiless: bool) -> (Bytes, Bytes) {
        if let Some(raw) = &self.raw {
            return (raw.clone(), Bytes::new());
        }
        let without_body = matches!(self.status, 100..200 | 204 | 304);
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let framed = self.headers.iter().any(|(name, _)| is_framing(name));
        if self.chunk.is_some() {
            head.push_str("transfer-encoding: chunked\r\n");
        } else if !without_body && !framed {
            head.push_str(&format!("content-length: {}\r\n", self.announced()));
        }
        head.push_str("\r\n");
        let body = if without_body || bodiless { Bytes::new() } else { self.payload() };
        (head.into(), body)
    }

    #[cfg(test)]
    pub(crate) fn parts(&self) -> (u16, Bytes) {
        (self.status, self.body.clone())
    }

    #[cfg(test)]
    pub(crate) fn header_value(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn announced(&self) -> usize {
        self.length.unwrap_or(self.body.len())
    }

    fn payload(&self) -> Bytes {
        let bytes = match self.chunk {
            Some(size) => chunks(&self.body, size),
            None => self.body.clone(),
        };
        match self.sent {
            Some(sent) => bytes.slice(..sent.min(bytes.len())),
            None => bytes,
        }
    }
}

fn chunks(body: &[u8], size: usize) -> Bytes {
    let mut out = BytesMut::new();
    for chunk in body.chunks(size) {
        out.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        out.extend_from_slice(chunk);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"0\r\n\r\n");
    out.freeze()
}

fn is_framing(name: &str) -> bool {
    ["content-length", "transfer-encoding"].iter().any(|known| name.eq_ignore_ascii_case(known))
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        422 => "Unprocessable Content",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        _ => "Other",
    }
}
