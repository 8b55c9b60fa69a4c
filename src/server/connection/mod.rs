//! A connection on its way between the socket and actix, which gives no hand on what is mended here from outside.
//!
//! - actix-http reads requests ahead and answers each as if it were the last that it has read: a HEAD behind a GET would
//!   take the GET's body away, and something malformed behind a request would end it. So it is given one at a time.
//! - What is malformed never reaches the app: actix-http answers it with a head and no body. It gets one here.
//! - A connection that is closed while the client still sends is reset, and the reply may be lost with it. So closing
//!   waits a little.

mod bare;
mod chunks;
mod linger;
mod scan;
#[cfg(test)]
mod tests;
mod turns;

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

pub(super) use turns::{Turn, Turns};

use super::detach::Serving;
use chunks::{Chunks, Found};
use linger::Linger;
use scan::Scan;
use turns::Open;

/// A connection.
pub(super) struct Connection<T> {
    inner: T,
    turns: Rc<Turns>,
    scan: Scan,
    chunks: Chunks,
    /// What came before it was its turn.
    held: BytesMut,
    instead: Option<Instead>,
    linger: Linger,
    /// That it is being served.
    serving: Option<Serving>,
    /// Lines of headers that stand on every reply.
    standing: Rc<str>,
}

/// What is written in the place of a head of actix-http: the last that is written at all.
struct Instead {
    text: Bytes,
    /// Bytes of the original that this stands for.
    original: usize,
}

/// More than this is not taken from the socket ahead of its turn.
const MOST_HELD: usize = 16 << 10;

impl<T> Connection<T> {
    pub(super) fn new(inner: T) -> Self {
        Self {
            inner,
            turns: Rc::default(),
            scan: Scan::default(),
            chunks: Chunks::default(),
            held: BytesMut::new(),
            instead: None,
            linger: Linger::default(),
            serving: None,
            standing: Rc::from(""),
        }
    }

    /// Has these lines of headers in what it says itself.
    pub(super) fn standing(self, standing: Rc<str>) -> Self {
        Self { standing, ..self }
    }

    /// Counts as served for as long as any of its requests goes on.
    pub(super) fn served(self, serving: Serving) -> Self {
        Self { serving: Some(serving), ..self }
    }

    /// That it is being served, for its requests.
    pub(super) fn serving(&self) -> Option<Serving> {
        self.serving.clone()
    }

    /// What the requests on this connection share with it.
    pub(super) fn turns(&self) -> Rc<Turns> {
        Rc::clone(&self.turns)
    }

    /// How many of these bytes may pass now; none where they break the body that they belong to.
    fn admit(&mut self, bytes: &[u8]) -> usize {
        match self.turns.open() {
            Open::Head => match self.scan.end_of_head(bytes) {
                Some(end) => {
                    self.turns.set_open(Open::Nothing);
                    end
                }
                None => bytes.len(),
            },
            Open::Body(left) => {
                let passing = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                let left = left - passing as u64;
                self.turns.set_open(if left == 0 { Open::Nothing } else { Open::Body(left) });
                passing
            }
            Open::Chunks => match self.chunks.scan(bytes) {
                Found::More => bytes.len(),
                Found::End(end) => {
                    self.turns.set_open(Open::Nothing);
                    end
                }
                Found::Broken => {
                    self.turns.break_body();
                    0
                }
            },
            Open::Nothing | Open::Closed => 0,
        }
    }
}

impl<T: AsyncRead + Unpin> Connection<T> {
    /// Reads on, so that a client that leaves is noticed; what comes waits for its turn.
    fn hold(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.held.len() < MOST_HELD {
            let mut space = [MaybeUninit::uninit(); 4096];
            let mut buffer = ReadBuf::uninit(&mut space);
            let Poll::Ready(read) = Pin::new(&mut self.inner).poll_read(context, &mut buffer)
            else {
                break;
            };
            read?;
            if buffer.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            self.held.extend_from_slice(buffer.filled());
        }
        if !self.held.is_empty() {
            self.turns.wake_later(context);
        }
        Poll::Pending
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Connection<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        match this.turns.open() {
            Open::Nothing => return this.hold(context),
            // Nothing filled in is the end.
            Open::Closed => return Poll::Ready(Ok(())),
            // A reply may end it.
            Open::Chunks => this.turns.wake_later(context),
            Open::Head | Open::Body(_) => {}
        }
        let before = buffer.filled().len();
        if this.held.is_empty() {
            ready!(Pin::new(&mut this.inner).poll_read(context, buffer))?;
        } else {
            let length = this.held.len().min(buffer.remaining());
            buffer.put_slice(&this.held.split_to(length));
        }
        let came = &buffer.filled()[before..];
        if came.is_empty() {
            return Poll::Ready(Ok(()));
        }
        let passing = this.admit(came);
        if passing == 0 {
            buffer.set_filled(before);
            return this.hold(context);
        }
        if passing < came.len() {
            let rest = std::mem::replace(&mut this.held, BytesMut::from(&came[passing..]));
            this.held.unsplit(rest);
            buffer.set_filled(before + passing);
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Connection<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if this.instead.is_none() {
            this.turns.writes();
            match bare::find(bytes) {
                None => return Pin::new(&mut this.inner).poll_write(context, bytes),
                Some(0) => {}
                Some(start) => {
                    return Pin::new(&mut this.inner).poll_write(context, &bytes[..start]);
                }
            }
            // Whoever was told that the connection ends, or has asked for nothing, gets no further reply.
            let unasked = this.turns.open() == Open::Closed || !this.scan.has_begun();
            let text = if unasked { Bytes::new() } else { bare::shaped(bytes, &this.standing) };
            this.instead = Some(Instead { text, original: bytes.len() });
        }
        let Some(instead) = &mut this.instead else { return Poll::Ready(Ok(0)) };
        while instead.text.has_remaining() {
            let written = ready!(Pin::new(&mut this.inner).poll_write(context, &instead.text))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            instead.text.advance(written);
        }
        // After an error of its own actix-http drops the connection without shutting it down.
        ready!(this.linger.poll(&mut this.inner, context));
        Poll::Ready(Ok(instead.original))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.turns.open() == Open::Closed {
            ready!(this.linger.poll(&mut this.inner, context));
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut this.inner).poll_shutdown(context)
    }
}
