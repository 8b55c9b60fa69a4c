//! A connection on which what actix itself answers to malformed requests has our error shape too.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::detach::Open;
use crate::fault::Code;

/// A connection. What is malformed never reaches the app: actix-http answers it with a head and no body, and offers no
/// way to say more. Such a head, always the last thing written, gets a body here. Our own replies have a request id and
/// go through untouched.
pub(super) struct ErrorShaped<T> {
    inner: T,
    /// For the requests that come over it.
    pub(super) open: Open,
    instead: Option<Instead>,
}

/// What is written in the place of a head of actix-http.
struct Instead {
    text: Bytes,
    /// Bytes of the original that this stands for.
    original: usize,
}

impl<T> ErrorShaped<T> {
    pub(super) fn new(inner: T, open: Open) -> Self {
        Self { inner, open, instead: None }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for ErrorShaped<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for ErrorShaped<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if this.instead.is_none() {
            let Some(start) = bare_error(bytes) else {
                return Pin::new(&mut this.inner).poll_write(context, bytes);
            };
            if start > 0 {
                return Pin::new(&mut this.inner).poll_write(context, &bytes[..start]);
            }
            this.instead = Some(Instead { text: shaped(bytes), original: bytes.len() });
        }
        let Some(instead) = &mut this.instead else { return Poll::Ready(Ok(0)) };
        while instead.text.has_remaining() {
            let written = ready!(Pin::new(&mut this.inner).poll_write(context, &instead.text))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            instead.text.advance(written);
        }
        let original = instead.original;
        this.instead = None;
        Poll::Ready(Ok(original))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

/// Where in `bytes` a head of actix-http's own starts: an error, at the end, without a body and without a request id.
fn bare_error(bytes: &[u8]) -> Option<usize> {
    if !bytes.ends_with(b"\r\n\r\n") {
        return None;
    }
    let before = &bytes[..bytes.len() - 4];
    let start = memchr::memmem::rfind(before, b"HTTP/1.1 4")?;
    let head = &bytes[start..];
    let starts_line =
        start == 0 || bytes[..start].ends_with(b"\r\n\r\n") || bytes[start - 1] == b'}';
    let ours = memchr::memmem::find(head, b"x-request-id").is_some();
    (starts_line && !ours).then_some(start)
}

fn shaped(head: &[u8]) -> Bytes {
    let status = head.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
    let code = match status {
        Some(408) => Code::RequestTimeout,
        Some(413) => Code::PayloadTooLarge,
        Some(431) => Code::HeadersTooLarge,
        _ => Code::BadRequest,
    };
    let id = uuid::Uuid::new_v4().simple();
    let (status, name, sentence) = (code.status(), code.name(), code.sentence());
    let body =
        format!(r#"{{"error":{{"code":"{name}","message":"{sentence}","request_id":"{id}"}}}}"#);
    let phrase = http::StatusCode::from_u16(status).ok().and_then(|s| s.canonical_reason());
    let (phrase, length) = (phrase.unwrap_or_default(), body.len());
    let text = format!(
        "HTTP/1.1 {status} {phrase}\r\ncontent-type: application/json\r\nx-request-id: {id}\r\n\
         content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    );
    text.into()
}
