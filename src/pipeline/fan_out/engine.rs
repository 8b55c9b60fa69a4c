//! When which call starts, and when the reply is decided.

use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, timeout_at};

use super::call;
use super::settled::{Partial, Settled};
use crate::fault::{Code, Fault};
use crate::pipeline::frame::Frame;
use crate::pipeline::session::denied;
use crate::value::Value;

/// Runs the calls of the frame's endpoint and asks its `allow` programs.
///
/// Gives the optional calls that failed. A reply without them is partial.
///
/// # Errors
/// The fault of the first required call to fail, in time; 403 or 404 where `allow` says no; 504 when the deadline comes
/// before a required call has ended. By then nothing runs that can be stopped: reads are cancelled, and a change that
/// was sent has ended, or goes on by itself when the deadline cannot wait for it.
pub(in crate::pipeline) async fn run(
    frame: &Rc<Frame>,
    deadline: Instant,
) -> Result<Vec<Partial>, Fault> {
    let mut engine = Engine::new(frame);
    let result = match timeout_at(deadline, engine.settle_all()).await {
        Ok(result) => result,
        Err(_) => engine.give_up(),
    };
    frame.decided.set(true);
    if result.is_err() {
        engine.finish_changes(deadline).await;
    }
    engine.leave_changes();
    result.map(|()| Partial::list(frame))
}

type InFlight = FuturesUnordered<LocalBoxFuture<'static, (usize, Settled)>>;

struct Engine<'a> {
    frame: &'a Rc<Frame>,
    /// Calls that have not started.
    waiting: Vec<usize>,
    /// `allow` programs that were not asked yet.
    unasked: Vec<usize>,
    reads: InFlight,
    changes: InFlight,
}

impl<'a> Engine<'a> {
    fn new(frame: &'a Rc<Frame>) -> Self {
        Self {
            frame,
            waiting: (0..frame.endpoint.calls.len()).collect(),
            unasked: (0..frame.endpoint.allow.len()).collect(),
            reads: FuturesUnordered::new(),
            changes: FuturesUnordered::new(),
        }
    }

    async fn settle_all(&mut self) -> Result<(), Fault> {
        loop {
            self.ask_allow().await?;
            self.start_ready();
            if self.reads.is_empty() && self.changes.is_empty() {
                let done = self.waiting.is_empty() && self.unasked.is_empty();
                return if done {
                    Ok(())
                } else {
                    Err(Fault::internal("calls wait for each other"))
                };
            }
            let (index, settled) = self.next().await;
            let fault = settled.decides(self.frame.call(index));
            self.frame.settle(index, settled);
            if let Some(fault) = fault {
                return Err(fault);
            }
        }
    }

    /// Asks the programs whose calls have all ended. Those that read none are asked before anything is sent.
    async fn ask_allow(&mut self) -> Result<(), Fault> {
        let frame = self.frame;
        let ready = |index: &mut usize| is_settled(frame, &frame.endpoint.allow[*index].waits_for);
        for index in self.unasked.extract_if(.., ready) {
            let program = &frame.endpoint.allow[index].program;
            match program.run(&**frame, &frame.limits()).await {
                // Not jq's truth, by which any text would let in whom it names.
                Ok(Value::Bool(true)) => {}
                Ok(_) => return Err(denied(&frame.endpoint, "`allow` is not true")),
                Err(error) => {
                    tracing::warn!(%error, "`allow` failed, which is a no");
                    return Err(denied(&frame.endpoint, "`allow` failed"));
                }
            }
        }
        Ok(())
    }

    fn start_ready(&mut self) {
        let frame = self.frame;
        let undecided = !self.unasked.is_empty();
        let ready = |index: &mut usize| {
            let call = frame.call(*index);
            is_settled(frame, &call.waits_for) && !(call.changes && undecided)
        };
        for index in self.waiting.extract_if(.., ready) {
            let future = call::settle(Rc::clone(frame), index);
            let queue = if frame.call(index).changes { &self.changes } else { &self.reads };
            queue.push(Box::pin(future));
        }
    }

    async fn next(&mut self) -> (usize, Settled) {
        poll_fn(|context| {
            for queue in [&mut self.changes, &mut self.reads] {
                if let Poll::Ready(Some(ended)) = queue.poll_next_unpin(context) {
                    return Poll::Ready(ended);
                }
            }
            Poll::Pending
        })
        .await
    }

    /// The deadline has come: what is open counts as failed.
    fn give_up(&self) -> Result<(), Fault> {
        let mut required = false;
        for (index, call) in self.frame.endpoint.calls.iter().enumerate() {
            if self.frame.settled(index).is_none() {
                required |= !call.optional;
                self.frame.settle(index, Settled::failed(call, out_of_time()));
            }
        }
        if required || !self.unasked.is_empty() { Err(out_of_time()) } else { Ok(()) }
    }

    /// What changes something and was sent runs to its end; the rest ends here.
    async fn finish_changes(&mut self, deadline: Instant) {
        self.reads.clear();
        let drain = async {
            while let Some((index, settled)) = self.changes.next().await {
                self.frame.settle(index, settled);
            }
        };
        // Past the deadline they go on without the request.
        let _ = timeout_at(deadline, drain).await;
    }

    fn leave_changes(&mut self) {
        let mut left = std::mem::take(&mut self.changes);
        if !left.is_empty() {
            tokio::task::spawn_local(async move { while left.next().await.is_some() {} });
        }
    }
}

fn is_settled(frame: &Frame, calls: &[usize]) -> bool {
    calls.iter().all(|index| frame.settled(*index).is_some())
}

fn out_of_time() -> Fault {
    Fault::new(Code::UpstreamTimeout).cause("the deadline of the request has come")
}
