//! The rate limits of an endpoint, for `explain`.

use super::times::rate;
use crate::plan::{Endpoint, KeyFrom, Plan};

/// A line per policy, in the order in which they count.
pub(super) fn lines(plan: &Plan, endpoint: &Endpoint) -> Vec<String> {
    let limits = &endpoint.rate_limits;
    let all = [&limits.by_address, &limits.by_session, &limits.by_input].into_iter().flatten();
    all.map(|limit| {
        let policy = &plan.rate_limits[limit.policy];
        let by = match &limit.key {
            KeyFrom::Address => "by address",
            KeyFrom::Session => "by session",
            KeyFrom::Credential => "by credential",
            KeyFrom::Program(program) => &format!("by {}", program.source().trim()),
        };
        let (name, burst) = (&policy.name, policy.burst);
        let quota = rate(policy.count.get(), policy.per);
        let cost = match policy.cost.get() {
            1 => String::new(),
            cost => format!(", of which this takes {cost}"),
        };
        format!("{name}: {quota}, {burst} at once{cost}, {by}")
    })
    .collect()
}
