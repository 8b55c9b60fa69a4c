//! Whose turn it is on a connection.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Context, Waker};

use actix_web::{HttpMessage, HttpRequest};

/// What a connection and the request on it tell each other.
#[derive(Default)]
pub(in crate::server) struct Turns {
    open: Cell<Open>,
    /// The reply is made, but nothing of it written yet.
    answered: Cell<bool>,
    /// No request comes after this one.
    last: Cell<bool>,
    broken: Cell<bool>,
    reader: RefCell<Option<Waker>>,
    body_reader: RefCell<Option<Waker>>,
}

/// What may pass to actix.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Open {
    /// The head of a request.
    #[default]
    Head,
    /// So many bytes of a body.
    Body(u64),
    /// A body in chunks.
    Chunks,
    /// Nothing, until the request at hand is answered.
    Nothing,
    /// Nothing ever again.
    Closed,
}

impl Turns {
    /// Says that the reply at hand is the last one of this connection.
    pub(in crate::server) fn end(&self) {
        self.last.set(true);
    }

    /// Whether it is.
    pub(in crate::server) fn is_last(&self) -> bool {
        self.last.get()
    }

    /// Whether the framing of the body at hand is broken, so that no more of it will come. Whoever asks is woken when
    /// that changes.
    pub(in crate::server) fn is_broken(&self, context: &Context<'_>) -> bool {
        if !self.broken.get() {
            *self.body_reader.borrow_mut() = Some(context.waker().clone());
        }
        self.broken.get()
    }

    pub(super) fn break_body(&self) {
        self.open.set(Open::Nothing);
        self.broken.set(true);
        if let Some(reader) = self.body_reader.borrow_mut().take() {
            reader.wake();
        }
    }

    pub(super) fn open(&self) -> Open {
        self.open.get()
    }

    pub(super) fn set_open(&self, open: Open) {
        self.open.set(open);
    }

    /// Something is written. What was asked before it is decided from now on, so that the next request may come.
    pub(super) fn writes(&self) {
        if self.answered.take() {
            self.open.set(if self.last.get() { Open::Closed } else { Open::Head });
            self.wake();
        }
    }

    /// Whoever reads here is to be woken when more may pass, and not only when more comes.
    pub(super) fn wake_later(&self, context: &Context<'_>) {
        *self.reader.borrow_mut() = Some(context.waker().clone());
    }

    fn wake(&self) {
        if let Some(reader) = self.reader.borrow_mut().take() {
            reader.wake();
        }
    }
}

/// A request on a connection, from its head to its reply: dropped when that is made.
pub(in crate::server) struct Turn(pub(super) Rc<Turns>);

impl Turn {
    /// Lets its body pass.
    pub(in crate::server) fn begin(request: &HttpRequest) -> Self {
        let turns = request.conn_data::<Rc<Turns>>().cloned().unwrap_or_default();
        if turns.open() == Open::Nothing {
            turns.set_open(body(request));
            turns.wake();
        }
        Self(turns)
    }

    pub(in crate::server) fn turns(&self) -> &Rc<Turns> {
        &self.0
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.answered.set(true);
    }
}

/// actix has checked that there are not both of them.
fn body(request: &HttpRequest) -> Open {
    if request.chunked().unwrap_or(false) {
        return Open::Chunks;
    }
    let length = request.headers().get("content-length");
    let length = length.and_then(|length| length.to_str().ok()?.trim().parse().ok());
    length.filter(|length| *length > 0).map_or(Open::Nothing, Open::Body)
}
