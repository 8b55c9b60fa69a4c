//! Closing a connection whose client still sends.

use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// Says that no more will be written, then reads and drops what still comes, for a while: a connection that is closed
/// with something unread is reset, which may take the reply from the client before it is read (RFC 9112 §9.6).
pub(super) struct Linger {
    until: Option<Pin<Box<Sleep>>>,
    said: bool,
    left: usize,
}

impl Default for Linger {
    fn default() -> Self {
        Self { until: None, said: false, left: MOST }
    }
}

/// Enough for what is under way to come and be acknowledged. It frees the connection of a client that does not leave, and
/// has no other effect, so there is nothing to choose.
pub(super) const LONGEST: Duration = Duration::from_secs(2);

/// What a client may send in vain before it has read the reply; nothing of it is kept.
const MOST: usize = 4 << 20;

impl Linger {
    pub(super) fn poll<T: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        connection: &mut T,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        if !self.said {
            // Where this fails there is nobody left.
            let _ = ready!(Pin::new(&mut *connection).poll_shutdown(context));
            self.said = true;
        }
        let until = self.until.get_or_insert_with(|| Box::pin(sleep(LONGEST)));
        if until.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        while self.left > 0 {
            let mut space = [MaybeUninit::uninit(); 4096];
            let mut buffer = ReadBuf::uninit(&mut space);
            let read = ready!(Pin::new(&mut *connection).poll_read(context, &mut buffer));
            if read.is_err() || buffer.filled().is_empty() {
                break;
            }
            self.left = self.left.saturating_sub(buffer.filled().len());
        }
        Poll::Ready(())
    }
}
