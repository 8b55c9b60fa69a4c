//! A request as the pipeline sees it, whatever server took it.

use std::any::Any;
use std::cell::{Cell, OnceCell};
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::rc::Rc;

use bytes::Bytes;
use http::Method;
use tokio::time::Instant;

use super::hold::Hold;
use crate::fault::Fault;
use crate::telemetry::Trace;
use crate::value::SmolStr;

/// A request.
pub struct Request {
    /// Its method.
    pub method: Method,
    /// The head, as it came.
    pub head: Rc<dyn Head>,
    /// The body.
    pub body: Body,
    /// Made by the gateway: in the reply, in the log, and sent to upstreams.
    pub id: SmolStr,
    /// The trace it belongs to.
    pub trace: Trace,
    /// The address of the client: at first the connection's.
    pub client: Option<IpAddr>,
    /// When its head was there.
    pub started: Instant,
    /// That it is being served.
    pub ongoing: Rc<Ongoing>,
}

/// That a request is being served: by the request itself, and by every change that it has sent.
pub struct Ongoing {
    committed: Cell<bool>,
    /// Changes that were sent, or that may yet be.
    changes: Cell<usize>,
    hold: OnceCell<Hold>,
    keeps: Rc<dyn Any>,
}

impl Ongoing {
    /// `keeps` is dropped when nothing of the request goes on any more.
    pub fn new(keeps: impl Any) -> Rc<Self> {
        Rc::new(Self {
            committed: Cell::new(false),
            changes: Cell::new(0),
            hold: OnceCell::new(),
            keeps: Rc::new(keeps),
        })
    }

    /// What keeps a shutdown waiting, for what goes on after the request has ended.
    pub(super) fn keeps(&self) -> Rc<dyn Any> {
        Rc::clone(&self.keeps)
    }

    /// It holds a key.
    pub(super) fn holds(&self, hold: Hold) {
        let _ = self.hold.set(hold);
    }

    /// To be awaited right before a call that changes something is sent.
    ///
    /// # Errors
    /// 503 or 409 where it holds a key and that cannot be noted: nothing may be sent.
    pub(super) async fn commit(&self) -> Result<(), Fault> {
        if let Some(hold) = self.hold.get() {
            hold.before_change().await?;
        }
        self.committed.set(true);
        self.changes.set(self.changes.get() + 1);
        Ok(())
    }

    /// Of a call that was about to be sent, nothing was: it has changed nothing for certain.
    pub(super) fn not_sent(&self) {
        self.changes.set(self.changes.get().saturating_sub(1));
    }

    /// What the reply makes of a key that it holds. `record` is the reply, where it is to be kept.
    pub(super) async fn end(&self, status: u16, record: impl FnOnce() -> Bytes) {
        if let Some(hold) = self.hold.get() {
            hold.end(self.changes.get() > 0, status, record).await;
        }
    }

    /// Whether a call that changes something was about to be sent: from then on the request runs to its end, with or without its
    /// client.
    pub fn is_committed(&self) -> bool {
        self.committed.get()
    }
}

/// The body of a request: not yet read, or kept once it was.
pub struct Body {
    pub(super) payload: Box<dyn Payload>,
    pub(super) read: Option<Bytes>,
}

impl Body {
    /// Not yet read.
    pub fn new(payload: impl Payload + 'static) -> Self {
        Self { payload: Box::new(payload), read: None }
    }
}

/// The head of a request.
pub trait Head {
    /// The path as it was sent, from its first slash on, without the query.
    fn path(&self) -> &str;
    /// What stands behind `?`, as it was sent.
    fn query(&self) -> &str;
    /// The authority the client asked for.
    fn host(&self) -> &str;
    /// All values of a header, in order. `name` is in lower case.
    fn header(&self, name: &str) -> Vec<&[u8]>;
}

/// The body of a request, as a server hands it over.
pub trait Payload {
    /// The whole body, refused as soon as it is known to be larger than `max` bytes.
    fn read(&mut self, max: usize) -> Pin<Box<dyn Future<Output = Result<Bytes, BodyError>> + '_>>;
}

/// Why a body could not be read.
#[derive(Debug)]
pub enum BodyError {
    /// It is larger than was let in.
    TooLarge,
    /// It has taken longer than a body may.
    TooSlow,
    /// The connection, or its framing, broke.
    Broken(String),
}
