//! What an answer is revalidated by.

use std::sync::Arc;

use super::settled::Settled;
use crate::cache::Tag;
use crate::fault::Fault;
use crate::jq::{Limits, Scope, Slot};
use crate::pipeline::cache::of_text;
use crate::pipeline::frame::Frame;
use crate::plan::{self, Caching, slot};
use crate::upstream::Answer;
use crate::value::{Members, Value};

/// The tags that do not read the answer.
///
/// # Errors
/// 500 for a template that fails.
pub(super) async fn ahead(
    rule: &Caching,
    frame: &Frame,
    scope: &dyn Scope,
) -> Result<Vec<Tag>, Fault> {
    let ahead = rule.tags.iter().filter(|tag| !tag.reads_answer);
    rendered(ahead, scope, &frame.limits()).await
}

/// The tags that read the answer. `value` is what reading the call gives.
///
/// # Errors
/// 500 for a template that fails.
pub(super) async fn behind(
    rule: &Caching,
    frame: &Frame,
    index: usize,
    scope: &dyn Scope,
    answer: &Arc<Answer>,
    value: Value,
) -> Result<Vec<Tag>, Fault> {
    let behind = rule.tags.iter().filter(|tag| tag.reads_answer);
    let limits = frame.limits();
    let limits = Limits { steps: limits.steps + answer.size as u64, ..limits };
    let settled = Settled::answered(value, Arc::clone(answer));
    rendered(behind, &Answered { scope, frame, index, settled }, &limits).await
}

/// What tags that read the answer read besides: it decides the entry, as what is sent does.
pub(super) fn besides(rule: &Caching, index: usize) -> Vec<Slot> {
    let own = slot::FIRST_CALL + index as Slot;
    let tags = rule.tags.iter().filter(|tag| tag.reads_answer);
    let programs = tags.flat_map(|tag| tag.text.template().programs());
    let mut slots: Vec<_> = programs.flat_map(|program| program.slots().iter().copied()).collect();
    slots.retain(|slot| *slot != own && *slot != slot::CALLS);
    slots.sort_unstable();
    slots.dedup();
    slots
}

async fn rendered(
    tags: impl Iterator<Item = &plan::Tag>,
    scope: &dyn Scope,
    limits: &Limits,
) -> Result<Vec<Tag>, Fault> {
    let mut all = Vec::new();
    for tag in tags {
        all.extend(of_text(tag.text.render(scope, limits).await?));
    }
    Ok(all)
}

/// A scope in which one call more has ended.
struct Answered<'a> {
    scope: &'a dyn Scope,
    frame: &'a Frame,
    index: usize,
    settled: Settled,
}

impl Scope for Answered<'_> {
    fn get(&self, slot: Slot) -> Value {
        match slot {
            slot::CALLS => {
                let calls = self.scope.get(slot);
                let others = calls.as_object().into_iter().flat_map(|calls| calls.iter());
                let mut members: Members =
                    others.map(|(name, value)| (name.clone(), value.clone())).collect();
                members.insert(self.frame.call(self.index).name.clone(), self.settled.describe());
                Value::object(members)
            }
            _ if slot == slot::FIRST_CALL + self.index as Slot => self.settled.value.clone(),
            _ => self.scope.get(slot),
        }
    }
}
