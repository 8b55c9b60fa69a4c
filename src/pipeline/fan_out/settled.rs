//! How a call has ended.

use std::sync::Arc;

use crate::fault::Fault;
use crate::pipeline::frame::Frame;
use crate::plan::Call;
use crate::upstream::Answer;
use crate::value::{Members, SmolStr, Value};

/// How a call has ended.
pub(in crate::pipeline) struct Settled {
    /// What reading it gives: its answer, its fallback, or null.
    pub(in crate::pipeline) value: Value,
    pub(super) end: End,
}

/// How a call, or one item of it, has ended.
pub(super) enum End {
    /// It has answered.
    Answered(Arc<Answer>),
    /// It has failed.
    Failed(Failure),
    /// It was not sent.
    Skipped,
    /// Its items have ended, each for itself.
    Each(Vec<End>),
}

/// Why a call counts as failed.
pub(super) struct Failure {
    /// What the client sees if the call is required.
    pub(super) fault: Fault,
    /// The answer that was not good, if there was one.
    pub(super) answer: Option<Arc<Answer>>,
    /// What the upstream's body said.
    pub(super) body: Value,
}

impl Settled {
    /// An answer.
    pub(super) fn answered(value: Value, answer: Arc<Answer>) -> Self {
        Self { value, end: End::Answered(answer) }
    }

    /// A failure of one request.
    pub(super) fn failure(call: &Call, failure: Failure) -> Self {
        Self { value: call.fallback.clone(), end: End::Failed(failure) }
    }

    /// A call that has failed as a whole, before it was sent.
    pub(super) fn failed(call: &Call, fault: Fault) -> Self {
        Self { value: unsent(call), end: End::Failed(Failure::without_answer(fault)) }
    }

    /// Not sent.
    pub(super) fn skipped(call: &Call) -> Self {
        Self { value: unsent(call), end: End::Skipped }
    }

    /// Whether a call that needs this one may start.
    pub(super) fn succeeded(&self) -> bool {
        match &self.end {
            End::Answered(_) => true,
            End::Each(items) => items.iter().all(|item| matches!(item, End::Answered(_))),
            End::Failed(_) | End::Skipped => false,
        }
    }

    /// The fault that decides the reply: of a required call that has failed.
    pub(in crate::pipeline) fn decides(&self, call: &Call) -> Option<Fault> {
        if call.optional {
            return None;
        }
        self.failures().next().map(|(_, failure)| failure.fault.clone())
    }

    /// The status of the answer for which a required call has failed; none where there was no answer.
    pub(in crate::pipeline) fn fails_with(&self, call: &Call) -> Option<u16> {
        let (_, failure) = self.failures().next().filter(|_| !call.optional)?;
        failure.answer.as_ref().map(|answer| answer.status)
    }

    fn failures(&self) -> impl Iterator<Item = (Option<usize>, &Failure)> {
        let items = match &self.end {
            End::Each(items) => items.as_slice(),
            end => std::slice::from_ref(end),
        };
        let each = matches!(self.end, End::Each(_));
        items.iter().enumerate().filter_map(move |(index, end)| match end {
            End::Failed(failure) => Some((each.then_some(index), failure)),
            _ => None,
        })
    }

    /// `$calls.NAME`
    pub(in crate::pipeline) fn describe(&self) -> Value {
        match &self.end {
            End::Each(items) => Value::array(items.iter().map(End::describe).collect()),
            end => end.describe(),
        }
    }
}

impl End {
    fn describe(&self) -> Value {
        let (answer, error) = match self {
            Self::Answered(answer) => (Some(answer), Value::Null),
            Self::Failed(failure) => (failure.answer.as_ref(), failure.describe()),
            Self::Skipped | Self::Each(_) => (None, Value::Null),
        };
        object([
            ("status", answer.map_or(Value::Null, |answer| Value::from(i64::from(answer.status)))),
            ("headers", answer.map_or(Value::Null, |answer| headers(answer))),
            ("error", error),
            ("skipped", Value::Bool(matches!(self, Self::Skipped))),
        ])
    }
}

impl Failure {
    /// A failure without an answer.
    pub(super) fn without_answer(fault: Fault) -> Self {
        Self { fault, answer: None, body: Value::Null }
    }

    /// `$error`: `{status, code, body}`, the upstream's status and body and our code.
    pub(super) fn describe(&self) -> Value {
        let status = self
            .answer
            .as_ref()
            .map_or(Value::Null, |answer| Value::from(i64::from(answer.status)));
        object([
            ("status", status),
            ("code", Value::from(self.fault.parts().code.name())),
            ("body", self.body.clone()),
        ])
    }
}

/// An optional call that has failed, as `meta.partial` shows it.
#[derive(Debug, Clone)]
pub(in crate::pipeline) struct Partial {
    /// The call.
    pub(in crate::pipeline) call: SmolStr,
    /// The code of its, or its first item's, fault.
    pub(in crate::pipeline) code: String,
    /// The indexes of the items that failed, for an `each` call.
    pub(in crate::pipeline) items: Option<Vec<usize>>,
}

impl Partial {
    /// The calls that have failed though the reply is not a fault.
    pub(super) fn list(frame: &Frame) -> Vec<Self> {
        let ended = frame.endpoint.calls.iter().enumerate();
        ended.filter_map(|(index, call)| Self::of(call, frame.settled(index)?)).collect()
    }

    fn of(call: &Call, settled: &Settled) -> Option<Self> {
        let failures: Vec<_> = settled.failures().collect();
        let (_, first) = failures.first()?;
        let code = first.fault.parts().code.name().to_owned();
        tracing::warn!(call = %call.name, fault = ?first.fault, "an optional call failed");
        let items: Vec<usize> = failures.iter().filter_map(|(item, _)| *item).collect();
        let items = (!items.is_empty()).then_some(items);
        Some(Self { call: call.name.clone(), code, items })
    }
}

/// A fallback stands for one answer: an `each` call without items has none.
fn unsent(call: &Call) -> Value {
    if call.each.is_some() { Value::Null } else { call.fallback.clone() }
}

/// Header values of one name are joined by a comma (RFC 9110 §5.3); bytes that are not text are left out.
fn headers(answer: &Answer) -> Value {
    let mut members = Members::default();
    for name in answer.headers.keys() {
        let values = answer.headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        let joined = values.collect::<Vec<_>>().join(", ");
        members.insert(SmolStr::new(name.as_str()), Value::from(joined));
    }
    Value::object(members)
}

fn object<const N: usize>(members: [(&'static str, Value); N]) -> Value {
    let named = members.map(|(name, value)| (SmolStr::new_static(name), value));
    Value::object(named.into_iter().collect())
}
