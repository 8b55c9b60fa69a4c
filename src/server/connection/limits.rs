//! What a connection may bring, and how long it may take.

use std::time::Duration;

use crate::plan::{Limits as RequestLimits, Server};

/// From `[server]`.
#[derive(Clone, Copy, Debug)]
pub(in crate::server) struct Limits {
    /// Bytes of a request's target.
    pub(super) max_uri: usize,
    /// Bytes of all names and values of its headers.
    pub(super) max_header_bytes: usize,
    pub(super) max_headers: usize,
    /// For a whole head: of the first request from the connection on, of others from their first byte on.
    pub(super) header_timeout: Duration,
    /// For the first byte of the next request; zero: there is none.
    pub(super) keep_alive: Duration,
    /// Requests of one connection; 0: no limit.
    pub(super) max_requests: u64,
    /// How long a client may take nothing of its reply.
    pub(super) stall: Duration,
}

/// A pause, not a total: whoever reads slowly reads on, and whoever has gone without a word frees what the reply holds.
/// No network that still works is silent for so long, so there is nothing to choose.
const STALL: Duration = Duration::from_secs(60);

/// A method is never longer: the longest one that is registered has 17 letters.
pub(super) const MAX_METHOD: usize = 32;

/// actix-http takes no head that is larger, however it comes.
const MAX_HEAD: usize = (128 << 10) - 1;

impl Limits {
    pub(in crate::server) fn new(server: &Server, limits: &RequestLimits) -> Self {
        Self {
            max_uri: limits.max_uri,
            max_header_bytes: limits.max_header_bytes,
            max_headers: limits.max_headers,
            header_timeout: server.header_timeout,
            keep_alive: server.keep_alive,
            max_requests: server.max_requests_per_connection,
            stall: STALL,
        }
    }

    /// Bytes that a request line within the limits has at most.
    pub(super) fn request_line(&self) -> usize {
        MAX_METHOD + self.max_uri + "  HTTP/1.1\r\n".len()
    }

    /// The same of a whole head, with a blank behind each colon.
    pub(super) fn head(&self) -> usize {
        let lines = self.max_headers.saturating_mul(": \r\n".len());
        let headers = self.max_header_bytes.saturating_add(lines);
        self.request_line().saturating_add(headers).saturating_add(2).min(MAX_HEAD)
    }
}
