//! What may pass from a connection to actix, and what stands in for what may not.

use bytes::{Buf, BytesMut};

use super::Connection;
use super::chunks;
use super::head::{self, Good};
use super::scan::{self, Scan};
use super::stand_in::StandIn;
use super::turns::{Open, Refused};
use crate::fault::Fault;

impl<T> Connection<T> {
    /// How many of these bytes of a body may pass now; none where they break it.
    pub(super) fn admit(&mut self, bytes: &[u8]) -> usize {
        match self.turns.open() {
            Open::Bytes(left) => {
                let passing = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                let left = left - passing as u64;
                self.turns.set_open(if left == 0 { Open::Nothing } else { Open::Bytes(left) });
                passing
            }
            Open::Chunks => match self.chunks.scan(bytes) {
                chunks::Found::More => bytes.len(),
                chunks::Found::End(end) => {
                    self.turns.set_open(Open::Nothing);
                    end
                }
                chunks::Found::Broken => {
                    self.turns.break_body();
                    0
                }
            },
            Open::Head | Open::Nothing | Open::Closed => 0,
        }
    }

    /// A head passes.
    pub(super) fn begin(&mut self, good: Good) {
        self.patience.over();
        self.turns.next(good);
        self.requests += 1;
        if self.requests == self.limits.max_requests || self.limits.keep_alive.is_zero() {
            self.turns.end();
        }
    }

    /// Has actix answer with this, as the last that it answers here.
    pub(super) fn refuse(&mut self, fault: Fault) {
        self.patience.over();
        let stand_in = StandIn::new(&self.held, &self.limits);
        self.held = BytesMut::from(stand_in.head.as_slice());
        self.turns.set_open(Open::Bytes(stand_in.head.len() as u64));
        self.turns.refuse(Refused { fault, is_known: stand_in.is_known });
    }

    /// Looks at what has come of a head; true when it may pass, or what stands in for it.
    pub(super) fn has_head(&mut self) -> bool {
        while self.held.starts_with(b"\r\n") {
            // Empty lines before a request mean nothing (RFC 9112 §2.2).
            self.held.advance(2);
        }
        if self.held.first().is_some_and(|byte| *byte != b'\r' && !byte.is_ascii_graphic()) {
            // Somebody speaks another protocol, and may wait for a word.
            self.refuse(head::nonsense());
            return true;
        }
        match self.scan.look(&self.held) {
            scan::Found::More => match head::check_start(&self.held, &self.limits) {
                Ok(()) => return false,
                Err(fault) => self.refuse(fault),
            },
            scan::Found::Broken => self.refuse(head::refuse("A line does not end as it should.")),
            scan::Found::End(end) => match head::check(&self.held[..end], &self.limits) {
                Ok(good) => {
                    let mut length = end;
                    if let Some(aside) = &good.aside {
                        let rest = self.held.split_off(end);
                        self.held = BytesMut::from(aside.head.as_slice());
                        self.held.unsplit(rest);
                        length = aside.head.len();
                    }
                    self.turns.set_open(Open::Bytes(length as u64));
                    self.begin(good);
                }
                Err(fault) => self.refuse(fault),
            },
        }
        true
    }

    /// How many of these bytes are a good head that needs nothing done to it. It is the first that comes, and whole.
    pub(super) fn passes_at_once(&mut self, came: &[u8]) -> Option<usize> {
        if came.starts_with(b"\r") {
            return None;
        }
        let scan::Found::End(end) = Scan::default().look(came) else { return None };
        let good =
            head::check(&came[..end], &self.limits).ok().filter(|good| good.aside.is_none())?;
        self.turns.set_open(Open::Nothing);
        self.begin(good);
        Some(end)
    }
}
