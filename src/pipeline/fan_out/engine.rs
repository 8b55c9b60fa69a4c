//! When which call starts, and when the reply is decided.

use std::rc::Rc;

use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, timeout_at};

use super::call;
use super::settled::{Partial, Settled};
use crate::fault::{Code, Fault};
use crate::pipeline::frame::Frame;
use crate::pipeline::session::denied;
use crate::plan::Endpoint;
use crate::value::Value;

/// Runs the calls of the frame's endpoint and asks its `allow` programs.
///
/// Gives the optional calls that failed. A reply without them is partial. When it returns, or is dropped, nothing new
/// is sent and reads are cancelled; a change that was sent goes on by itself.
///
/// # Errors
/// The fault of the first required call to fail, in time; 403 or 404 where `allow` says no; 504 when the deadline comes
/// before a required call has ended.
pub(in crate::pipeline) async fn run(
    frame: &Rc<Frame>,
    deadline: Instant,
) -> Result<Vec<Partial>, Fault> {
    let mut engine = Engine::new(frame);
    match timeout_at(deadline, engine.settle_all()).await {
        Ok(result) => result?,
        Err(_) => engine.give_up()?,
    }
    Ok(Partial::list(frame))
}

/// Asks the `allow` programs of the frame's endpoint ahead of everything else: of its calls those are run that they read,
/// and no others. [`run`] goes on from there.
///
/// # Errors
/// As [`run`].
pub(in crate::pipeline) async fn allow(frame: &Rc<Frame>, deadline: Instant) -> Result<(), Fault> {
    if frame.endpoint.allow.is_empty() {
        return Ok(());
    }
    let mut engine = Engine::new(frame);
    let read = read_by_allow(&frame.endpoint);
    engine.waiting.retain(|index| read.contains(index));
    timeout_at(deadline, engine.settle_all()).await.unwrap_or_else(|_| Err(out_of_time()))
}

/// What has come to its end.
enum Event {
    /// A call.
    Settled(usize, Settled),
    /// An `allow` program, with a yes.
    Allowed,
}

struct Engine<'a> {
    frame: &'a Rc<Frame>,
    /// Calls that have not started.
    waiting: Vec<usize>,
    /// `allow` programs that were not asked yet.
    unasked: Vec<usize>,
    /// How many `allow` programs have not said yes.
    not_allowed: usize,
    running: FuturesUnordered<LocalBoxFuture<'a, Result<Event, Fault>>>,
}

impl<'a> Engine<'a> {
    fn new(frame: &'a Rc<Frame>) -> Self {
        let is_open = |index: &usize| frame.settled(*index).is_none();
        let unasked = if frame.is_allowed.get() { 0 } else { frame.endpoint.allow.len() };
        Self {
            frame,
            waiting: (0..frame.endpoint.calls.len()).filter(is_open).collect(),
            unasked: (0..unasked).collect(),
            not_allowed: unasked,
            running: FuturesUnordered::new(),
        }
    }

    async fn settle_all(&mut self) -> Result<(), Fault> {
        // What can be refused without any call is refused before one is sent.
        self.ask_ready();
        while let Some(event) = self.running.next().await {
            self.note(event?)?;
        }
        loop {
            self.ask_ready();
            self.start_ready();
            let Some(event) = self.running.next().await else { break };
            self.note(event?)?;
        }
        if self.waiting.is_empty() && self.not_allowed == 0 {
            self.frame.is_allowed.set(true);
            return Ok(());
        }
        Err(Fault::internal("calls wait for each other"))
    }

    fn note(&mut self, event: Event) -> Result<(), Fault> {
        match event {
            Event::Allowed => self.not_allowed -= 1,
            Event::Settled(index, settled) => {
                let fault = settled.decides(self.frame.call(index));
                self.frame.settle(index, settled);
                fault.map_or(Ok(()), Err)?;
            }
        }
        Ok(())
    }

    /// Asks the `allow` programs whose calls have all ended.
    fn ask_ready(&mut self) {
        let frame = self.frame;
        let ready = |index: &mut usize| is_settled(frame, &frame.endpoint.allow[*index].waits_for);
        for index in self.unasked.extract_if(.., ready) {
            self.running.push(Box::pin(ask(frame, index)));
        }
    }

    fn start_ready(&mut self) {
        let (frame, not_allowed) = (self.frame, self.not_allowed > 0);
        let ready = |index: &mut usize| {
            let call = frame.call(*index);
            is_settled(frame, &call.waits_for) && !(call.changes && not_allowed)
        };
        for index in self.waiting.extract_if(.., ready) {
            let settle = async move { Ok(Event::Settled(index, call::settle(frame, index).await)) };
            self.running.push(Box::pin(settle));
        }
    }

    /// The deadline has come: what is open counts as failed.
    fn give_up(&self) -> Result<(), Fault> {
        let mut required = false;
        for (index, call) in self.frame.endpoint.calls.iter().enumerate() {
            if self.frame.settled(index).is_none() {
                required |= !call.optional;
                let late = self.frame.items(index).late(call, &out_of_time());
                self.frame.settle(index, late);
            }
        }
        if required || self.not_allowed > 0 { Err(out_of_time()) } else { Ok(()) }
    }
}

/// Only true itself is a yes; an error is a no, too.
async fn ask(frame: &Frame, index: usize) -> Result<Event, Fault> {
    let program = &frame.endpoint.allow[index].program;
    match program.run(frame, &frame.limits()).await {
        Ok(Value::Bool(true)) => Ok(Event::Allowed),
        Ok(_) => Err(denied(&frame.endpoint, "`allow` is not true")),
        Err(error) => {
            tracing::warn!(%error, "`allow` failed, which is a no");
            Err(denied(&frame.endpoint, "`allow` failed"))
        }
    }
}

/// The calls that `allow` programs read, and those that these wait for.
fn read_by_allow(endpoint: &Endpoint) -> Vec<usize> {
    let mut read = Vec::new();
    let mut open: Vec<usize> =
        endpoint.allow.iter().flat_map(|allow| &allow.waits_for).copied().collect();
    while let Some(index) = open.pop() {
        if !read.contains(&index) {
            read.push(index);
            open.extend(&endpoint.calls[index].waits_for);
        }
    }
    read
}

fn is_settled(frame: &Frame, calls: &[usize]) -> bool {
    calls.iter().all(|index| frame.settled(*index).is_some())
}

fn out_of_time() -> Fault {
    Fault::new(Code::UpstreamTimeout).cause("the deadline of the request has come")
}
