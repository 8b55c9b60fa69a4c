//! A connection on its way between the socket and actix, which gives no hand on what is mended here from outside.
//!
//! - What is malformed, too large or too slow never reaches actix-http, which would answer it in its own way. It is given
//!   a request that stands in for it, and that is answered with why it was refused.
//! - actix-http reads requests ahead and answers each as if it were the last that it has read: a HEAD behind a GET would
//!   take the GET's body away. So it is given one at a time.
//! - A connection that is closed while the client still sends is reset, and the reply may be lost with it. So closing
//!   waits a little.

mod admit;
#[cfg(test)]
mod agree;
mod aside;
mod chunks;
mod head;
mod limits;
mod linger;
mod patience;
mod scan;
mod stand_in;
mod stream;
#[cfg(test)]
mod tests;
mod turns;

use std::rc::Rc;

use bytes::BytesMut;

pub(super) use limits::Limits;
pub(super) use turns::{Turn, Turns};

use super::detach::Serving;
use chunks::Chunks;
use linger::Linger;
use patience::Patience;
use scan::Scan;

/// A connection.
pub(super) struct Connection<T> {
    inner: T,
    limits: Limits,
    turns: Rc<Turns>,
    scan: Scan,
    chunks: Chunks,
    patience: Patience,
    /// The same for what is written.
    stalled: Patience,
    /// Heads that have passed.
    requests: u64,
    /// What came before it was its turn, and what has come of a head.
    held: BytesMut,
    /// What is left to write of an invitation.
    inviting: &'static [u8],
    /// The last write took less than it was given.
    owing: bool,
    linger: Linger,
    /// That it is being served.
    serving: Option<Serving>,
}

impl<T> Connection<T> {
    pub(super) fn new(inner: T, limits: Limits) -> Self {
        Self {
            inner,
            limits,
            turns: Rc::default(),
            scan: Scan::default(),
            chunks: Chunks::default(),
            patience: Patience::default(),
            stalled: Patience::default(),
            requests: 0,
            held: BytesMut::new(),
            inviting: b"",
            owing: false,
            linger: Linger::default(),
            serving: None,
        }
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
}
