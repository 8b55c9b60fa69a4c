//! Requests that go on without their client.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use tokio::task::{JoinError, JoinHandle, spawn_local};
use tracing::Instrument;

/// A future as a task of its own, which ends when this is dropped. Once `committed` is set it goes on instead, since what
/// it has begun to change must come to its end.
///
/// As a task it is woken alone when a call has answered, and not the whole connection with it.
pub(super) struct Detachable<T> {
    task: JoinHandle<T>,
    committed: Rc<Cell<bool>>,
    detached: Arc<AtomicUsize>,
    going_on: Rc<RefCell<Option<GoingOn>>>,
}

impl<T: 'static> Detachable<T> {
    /// `detached` counts those that go on.
    pub(super) fn new(
        inner: impl Future<Output = T> + 'static,
        committed: Rc<Cell<bool>>,
        detached: Arc<AtomicUsize>,
    ) -> Self {
        let going_on = Rc::<RefCell<Option<GoingOn>>>::default();
        let until_then = Rc::clone(&going_on);
        let whole = async move {
            let output = inner.await;
            drop(until_then);
            output
        };
        Self { task: spawn_local(whole.in_current_span()), committed, detached, going_on }
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
        if !self.committed.get() {
            self.task.abort();
        } else if !self.task.is_finished() {
            *self.going_on.borrow_mut() = Some(GoingOn::new(&self.detached));
        }
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
