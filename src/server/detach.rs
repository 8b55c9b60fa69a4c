//! Requests that go on without their client.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::sync::mpsc;
use tracing::{Instrument, Span};

use crate::pipeline::Ongoing;

/// A future that is dropped like any other until its request has sent a change. From then on dropping it lets it go on
/// by itself, since what it has begun to change must come to its end.
pub(super) struct Detachable<F: Future + 'static> {
    inner: Option<Pin<Box<F>>>,
    ongoing: Rc<Ongoing>,
    span: Span,
}

impl<F: Future + 'static> Detachable<F> {
    pub(super) fn new(inner: F, ongoing: Rc<Ongoing>) -> Self {
        Self { inner: Some(Box::pin(inner)), ongoing, span: Span::current() }
    }
}

impl<F: Future + 'static> Future for Detachable<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let Some(inner) = &mut self.inner else { return Poll::Pending };
        let polled = inner.as_mut().poll(context);
        if polled.is_ready() {
            self.inner = None;
        }
        polled
    }
}

impl<F: Future + 'static> Drop for Detachable<F> {
    fn drop(&mut self) {
        let Some(inner) = self.inner.take().filter(|_| self.ongoing.is_committed()) else { return };
        let ongoing = Rc::clone(&self.ongoing);
        let going_on = async move {
            inner.await;
            drop(ongoing);
        };
        tokio::task::spawn_local(
            going_on.instrument(std::mem::replace(&mut self.span, Span::none())),
        );
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
