//! How many requests are let in: GCRA (ITU-T I.371, the leaky bucket as a meter), in this process or shared by Redis.
//!
//! A policy gives each key a budget: `burst` at once, refilled evenly at `count` per `per`. Whoever is refused has spent
//! nothing.

mod budgets;
mod key;
mod local;
mod policy;
mod shared;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use key::Key;
pub use policy::{OnFailure, Policy, Standing};

use crate::clock::Clock;
use crate::store::{Away, Redis};
use local::Local;
use shared::Shared;

/// The budgets of all policies. One serves all workers.
pub struct Limiter {
    policies: Vec<Policy>,
    local: Vec<Local>,
    shared: Vec<Shared>,
}

/// One policy that is asked, and for whom.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// The policy's index.
    pub policy: usize,
    /// Whose budget.
    pub key: Key,
}

impl Limiter {
    /// Full budgets for everybody.
    pub fn new(policies: Vec<Policy>, clock: &Arc<dyn Clock>) -> Self {
        let local = policies.iter().map(|policy| Local::new(policy, Arc::clone(clock))).collect();
        let shared = policies.iter().map(Shared::new).collect();
        Self { policies, local, shared }
    }

    /// A policy, by its index.
    pub fn policy(&self, index: usize) -> &Policy {
        &self.policies[index]
    }

    /// Counts a request, in Redis where there is one. Where one policy refuses, none of the others has counted it; in a
    /// Redis cluster that holds for those that count by the same key. A policy that lets in while the store is away
    /// has no standing.
    ///
    /// # Errors
    /// The store is away, and a policy says that nobody is let in then.
    pub async fn count(
        &self,
        redis: Option<&Redis>,
        asked: &[Asked],
    ) -> Result<Vec<Standing>, Away> {
        let Some(redis) = redis else { return Ok(self.count_here(asked)) };
        match shared::count(&self.shared, redis, asked).await {
            Ok(standings) => Ok(standings),
            Err(away) => self.without_store(asked, away),
        }
    }

    fn without_store(&self, asked: &[Asked], away: Away) -> Result<Vec<Standing>, Away> {
        let says = |asked: &Asked, what| self.policies[asked.policy].on_failure == what;
        if asked.iter().any(|asked| says(asked, OnFailure::Deny)) {
            return Err(away);
        }
        let here = asked.iter().filter(|asked| says(asked, OnFailure::Local)).copied();
        Ok(self.count_here(&here.collect::<Vec<_>>()))
    }

    fn count_here(&self, asked: &[Asked]) -> Vec<Standing> {
        let standing = |asked: &Asked, spend| self.standing(asked, spend);
        if asked.len() > 1 {
            let before: Vec<_> = asked.iter().map(|asked| standing(asked, false)).collect();
            if before.iter().any(Standing::refuses) {
                return before;
            }
        }
        asked.iter().map(|asked| standing(asked, true)).collect()
    }

    /// Without `spend` it is only looked at.
    fn standing(&self, asked: &Asked, spend: bool) -> Standing {
        let policy = &self.policies[asked.policy];
        let (remaining, wait) = match self.local[asked.policy].check(asked.key, spend) {
            Ok(left) if spend => (left, None),
            Ok(left) => (left.saturating_add(policy.cost.get()), None),
            Err(wait) => (policy.left_while_waiting(wait), Some(wait)),
        };
        Standing { policy: asked.policy, remaining, wait }
    }
}
