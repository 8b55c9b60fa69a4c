//! Requests that go on without their client.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinHandle, spawn_local};
use tracing::Instrument;

use crate::pipeline::Ongoing;

/// A future as a task of its own, which ends when this is dropped. Once its request has sent a change it goes on
/// instead, since what it has begun to change must come to its end.
///
/// As a task it is woken alone when a call has answered, and not the whole connection with it; and its panic is its own.
pub(super) struct Detachable<T> {
    task: JoinHandle<T>,
    ongoing: Rc<Ongoing>,
    left: Rc<Cell<bool>>,
}

impl<T: 'static> Detachable<T> {
    /// `left` becomes true when the client has left.
    pub(super) fn new(
        inner: impl Future<Output = T> + 'static,
        ongoing: Rc<Ongoing>,
        left: Rc<Cell<bool>>,
    ) -> Self {
        // Put where it stays at once: what is moved from here on is a pointer.
        let inner = Box::pin(inner);
        let until_then = Rc::clone(&ongoing);
        let whole = async move {
            let output = inner.await;
            drop(until_then);
            output
        };
        Self { task: spawn_local(whole.in_current_span()), ongoing, left }
    }
}

impl<T> Future for Detachable<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.task).poll(context)
    }
}

impl<T> Drop for Detachable<T> {
    fn drop(&mut self) {
        self.left.set(true);
        if !self.ongoing.is_committed() {
            self.task.abort();
        }
    }
}

/// Held by a connection and by each of its requests. A connection counts as open until the last one is dropped, so that
/// a worker does not end before what goes on without its client.
#[derive(Clone)]
pub(super) struct Serving(
    #[expect(dead_code, reason = "only its end is seen")] mpsc::Sender<Infallible>,
);

/// Resolves when the last [`Serving`] is dropped.
pub(super) struct Ended(mpsc::Receiver<Infallible>);

impl Serving {
    pub(super) fn new() -> (Self, Ended) {
        let (sender, receiver) = mpsc::channel(1);
        (Self(sender), Ended(receiver))
    }
}

impl Ended {
    pub(super) async fn wait(mut self) {
        self.0.recv().await;
    }
}
