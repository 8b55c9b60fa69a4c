//! Whose turn it is on a connection.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Context, Waker};

use actix_http::header::HeaderMap;
use actix_web::HttpRequest;
use actix_web::http::header::{HeaderName, HeaderValue};

use super::head::Good;
use crate::fault::Fault;

/// What a connection and the request on it tell each other.
#[derive(Default)]
pub(in crate::server) struct Turns {
    open: Cell<Open>,
    /// What opens when the request at hand is begun.
    body: Cell<Open>,
    /// Headers of the request at hand that went around actix-http.
    aside: RefCell<Vec<(HeaderName, HeaderValue)>>,
    /// Why there is no request at hand, but something that is none.
    refused: RefCell<Option<Refused>>,
    invitation: Cell<Invitation>,
    /// The reply is made, but nothing of it written yet.
    answered: Cell<bool>,
    /// No request comes after this one.
    last: Cell<bool>,
    broken: Cell<bool>,
    reader: RefCell<Option<Waker>>,
    body_reader: RefCell<Option<Waker>>,
}

/// What came and is no request, or no good one.
#[derive(Clone, Debug)]
pub(in crate::server) struct Refused {
    /// Why.
    pub(in crate::server) fault: Fault,
    /// The stand-in has its method and its path.
    pub(in crate::server) is_known: bool,
}

/// What may pass to actix.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Open {
    /// The head of a request.
    #[default]
    Head,
    /// So many bytes: of a body, or of a head that was looked at.
    Bytes(u64),
    /// A body in chunks.
    Chunks,
    /// Nothing, until the request at hand is answered.
    Nothing,
    /// Nothing ever again.
    Closed,
}

/// Whether a client that waits for it is told to send its body (RFC 9110 §10.1.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Invitation {
    /// It does not wait, or was told.
    #[default]
    None,
    /// It waits.
    Awaited,
    /// It waits, and somebody wants to read the body.
    Due,
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

    /// Why what came is refused, where it is: then the request at hand is a stand-in.
    pub(in crate::server) fn refused(&self) -> Option<Refused> {
        self.refused.borrow().clone()
    }

    /// Gives a request what actix-http was not to see of it.
    pub(in crate::server) fn complete(&self, headers: &mut HeaderMap) {
        for (name, value) in self.aside.borrow_mut().drain(..) {
            headers.append(name, value);
        }
    }

    /// Says that somebody wants to read the body.
    pub(in crate::server) fn invite(&self) {
        if self.invitation.get() == Invitation::Awaited {
            self.invitation.set(Invitation::Due);
            self.wake();
        }
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

    /// A good head is about to pass.
    pub(super) fn next(&self, good: Good) {
        self.body.set(good.body);
        self.invitation.set(if good.waits { Invitation::Awaited } else { Invitation::None });
        if let Some(aside) = good.aside {
            *self.aside.borrow_mut() = aside.headers;
        }
        if good.last {
            self.end();
        }
    }

    /// What came is no request, and the last that is read.
    pub(super) fn refuse(&self, refused: Refused) {
        self.body.set(Open::Nothing);
        *self.refused.borrow_mut() = Some(refused);
        self.end();
    }

    pub(super) fn is_refused(&self) -> bool {
        self.refused.borrow().is_some()
    }

    pub(super) fn invitation(&self) -> Invitation {
        self.invitation.get()
    }

    pub(super) fn set_invited(&self) {
        self.invitation.set(Invitation::None);
    }

    /// Something is written. What was asked before it is decided from now on, so that the next request may come.
    pub(super) fn writes(&self) {
        if self.answered.take() {
            self.set_invited();
            self.open.set(if self.last.get() { Open::Closed } else { Open::Head });
            self.wake();
        }
    }

    /// Whoever reads here is to be woken when more may pass, and not only when more comes.
    pub(super) fn wake_later(&self, context: &Context<'_>) {
        *self.reader.borrow_mut() = Some(context.waker().clone());
    }

    pub(super) fn wake(&self) {
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
            turns.set_open(turns.body.replace(Open::Nothing));
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
