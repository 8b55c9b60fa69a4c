//! A connection as actix reads and writes it.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Connection;
use super::linger::LONGEST;
use super::patience::Wait;
use super::turns::{Invitation, Open};
use crate::fault::{Code, Fault};

/// More than this is not taken from the socket ahead of its turn. It bounds memory per connection; what does not fit waits
/// in the kernel.
pub(super) const MOST_HELD: usize = 16 << 10;

/// What an invitation to send the body says (RFC 9110 §15.2.1).
const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncRead for Connection<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        match this.turns.open() {
            Open::Head => {
                if !ready!(this.poll_head(context, buffer))? {
                    return Poll::Ready(Ok(()));
                }
            }
            Open::Nothing => return this.hold(context),
            // Nothing filled in is the end.
            Open::Closed => return Poll::Ready(Ok(())),
            // A reply may end it.
            Open::Chunks => this.turns.wake_later(context),
            Open::Bytes(_) => {}
        }
        this.invite(context)?;
        let before = buffer.filled().len();
        if this.held.is_empty() {
            ready!(Pin::new(&mut this.inner).poll_read(context, buffer))?;
        } else {
            let length = this.held.len().min(buffer.remaining());
            buffer.put_slice(&this.held[..length]);
            this.held.advance(length);
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
        this.turns.writes();
        while !this.inviting.is_empty() {
            let length = ready!(Pin::new(&mut this.inner).poll_write(context, this.inviting))?;
            if length == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            this.inviting = &this.inviting[length..];
        }
        let written = Pin::new(&mut this.inner).poll_write(context, bytes);
        if written.is_ready() {
            this.stalled.over();
        } else if this.stalled.poll(context, Wait::Room, this.limits.stall).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        this.owing = !matches!(written, Poll::Ready(Ok(length)) if length == bytes.len());
        if !this.owing && this.turns.invitation() == Invitation::Due {
            this.turns.wake();
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.turns.open() == Open::Head && this.requests > 0 && this.held.is_empty() {
            // Nobody reads again before something comes, but the time for that has begun.
            if this.patience.poll(context, Wait::Next, this.limits.keep_alive).is_ready() {
                context.waker().wake_by_ref();
            }
        }
        Pin::new(&mut this.inner).poll_flush(context)
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

impl<T: AsyncWrite + Unpin> Connection<T> {
    /// Tells a client to send its body, once somebody wants it and nothing else is half written.
    fn invite(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        match self.turns.invitation() {
            Invitation::None => {}
            Invitation::Due if !self.owing => {
                self.turns.set_invited();
                // A client that has begun to send does not wait.
                if self.held.is_empty() {
                    self.inviting = CONTINUE;
                }
            }
            _ => self.turns.wake_later(context),
        }
        while !self.inviting.is_empty() {
            match Pin::new(&mut self.inner).poll_write(context, self.inviting)? {
                Poll::Ready(0) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(length) => self.inviting = &self.inviting[length..],
                Poll::Pending => break,
            }
        }
        Ok(())
    }
}

impl<T: AsyncRead + Unpin> Connection<T> {
    /// Reads until a head is held that may pass: true. False when what may pass is in the buffer already, nothing where the
    /// connection ends.
    fn poll_head(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<bool>> {
        let before = buffer.filled().len();
        while !self.has_head() {
            let Poll::Ready(read) = Pin::new(&mut self.inner).poll_read(context, buffer) else {
                ready!(self.wait(context));
                return Poll::Ready(Ok(self.turns.is_refused()));
            };
            read?;
            let came = &buffer.filled()[before..];
            if came.is_empty() {
                return Poll::Ready(Ok(false));
            }
            if self.held.is_empty()
                && let Some(end) = self.passes_at_once(came)
            {
                self.held.extend_from_slice(&came[end..]);
                buffer.set_filled(before + end);
                return Poll::Ready(Ok(false));
            }
            self.held.extend_from_slice(came);
            buffer.set_filled(before);
        }
        Poll::Ready(Ok(true))
    }

    /// Ready when a head has been waited for too long: who has begun one is told so.
    fn wait(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let begun = !matches!(&*self.held, b"" | b"\r");
        let (wait, longest) = match begun || self.requests == 0 {
            true => (Wait::Head, self.limits.header_timeout),
            false => (Wait::Next, self.limits.keep_alive),
        };
        ready!(self.patience.poll(context, wait, longest));
        if begun {
            self.refuse(Fault::new(Code::RequestTimeout));
        }
        Poll::Ready(())
    }

    /// Reads on, so that a client that leaves is noticed; what comes waits for its turn.
    fn hold(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.turns.is_refused() {
            // What comes now is nobody's business. Where there is no answer, as when the gateway stops, this is the end.
            return self.patience.poll(context, Wait::Refusal, LONGEST).map(Ok);
        }
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
