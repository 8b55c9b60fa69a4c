//! Requests that go on without their client.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use tracing::Instrument;

/// A future that is dropped like any other until `committed` is set. From then on dropping it lets it go on by itself,
/// since what it has begun to change must come to its end.
pub(super) struct Detachable<F: Future + 'static> {
    inner: Option<Pin<Box<F>>>,
    committed: Rc<Cell<bool>>,
    detached: Arc<AtomicUsize>,
}

impl<F: Future + 'static> Detachable<F> {
    /// `detached` counts those that go on.
    pub(super) fn new(inner: F, committed: Rc<Cell<bool>>, detached: Arc<AtomicUsize>) -> Self {
        Self { inner: Some(Box::pin(inner)), committed, detached }
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
        let Some(inner) = self.inner.take().filter(|_| self.committed.get()) else { return };
        let going_on = GoingOn::new(&self.detached);
        let to_its_end = async move {
            inner.await;
            drop(going_on);
        };
        tokio::task::spawn_local(to_its_end.in_current_span());
    }
}

struct GoingOn(Arc<AtomicUsize>);

impl GoingOn {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for GoingOn {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
