//! Why a request got no answer that can be used.

use std::error::Error as _;
use std::fmt;
use std::io::ErrorKind;

/// Why a request got no answer that can be used. The texts are for the log: they may name addresses.
#[derive(Debug, Clone)]
pub enum Error {
    /// The request could not be made: a config that gave no URL, a header that is none.
    Request(String),
    /// No connection: refused, no such name, TLS, too slow to open. Nothing was sent, unless it was the second try of a
    /// GET or HEAD.
    Connect(String),
    /// The connection died before any answer.
    Closed(String),
    /// What came is not HTTP, ended early, or cannot be decoded.
    Broken(String),
    /// The decoded body is larger than this many bytes.
    TooLarge(usize),
}

impl Error {
    /// What happened before the head of an answer was there.
    pub(super) fn before_answer(error: reqwest::Error) -> Self {
        let text = chain(&error);
        if error.is_builder() {
            Self::Request(text)
        } else if error.is_connect() {
            Self::Connect(text)
        } else if died(&error) {
            Self::Closed(text)
        } else {
            Self::Broken(text)
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(text) => write!(f, "the request could not be made: {text}"),
            Self::Connect(text) => write!(f, "no connection: {text}"),
            Self::Closed(text) => write!(f, "the connection ended before an answer: {text}"),
            Self::Broken(text) => write!(f, "the answer is broken: {text}"),
            Self::TooLarge(bytes) => write!(f, "the answer has more than {bytes} bytes"),
        }
    }
}

/// The texts of an error and its sources. reqwest's own would name the URL, which may hold a secret.
pub(super) fn chain(error: &reqwest::Error) -> String {
    let mut text = String::new();
    let mut source = error.source();
    while let Some(cause) = source {
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    if text.is_empty() { "the HTTP client gave no reason".to_owned() } else { text }
}

/// Whether the connection was closed, as an upstream does to one that was idle for too long.
fn died(error: &reqwest::Error) -> bool {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(hyper) = cause.downcast_ref::<hyper::Error>()
            && (hyper.is_incomplete_message() || hyper.is_canceled() || hyper.is_closed())
        {
            return true;
        }
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            let closed =
                [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe, ErrorKind::ConnectionAborted];
            return closed.contains(&io.kind());
        }
        source = cause.source();
    }
    false
}
