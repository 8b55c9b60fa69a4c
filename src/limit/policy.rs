//! What a policy says, and how a key stands with it.

use std::num::NonZeroU32;
use std::time::Duration;

/// `[rate_limits.NAME]`
#[derive(Clone, Debug)]
pub struct Policy {
    /// Its NAME.
    pub name: String,
    /// So many in the long run,
    pub count: NonZeroU32,
    /// in this time.
    pub per: Duration,
    /// So many at once.
    pub burst: NonZeroU32,
    /// How many a request counts for; at most `burst`.
    pub cost: NonZeroU32,
    /// What happens where the shared store is away.
    pub on_failure: OnFailure,
}

/// `on_store_failure`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// Everybody is let in, uncounted.
    Allow,
    /// Each instance counts for itself.
    Local,
    /// Nobody is let in.
    Deny,
}

/// How a key stands with a policy, once a request was counted or refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The policy's index.
    pub policy: usize,
    /// What is left of the burst.
    pub remaining: u32,
    /// Refused: when the same request would be let in.
    pub wait: Option<Duration>,
}

impl Policy {
    /// The time that refills one.
    pub fn interval(&self) -> Duration {
        self.per / self.count.get()
    }

    /// When all of the burst is there again.
    pub fn full_after(&self, remaining: u32) -> Duration {
        self.interval() * self.burst.get().saturating_sub(remaining)
    }

    /// What is left where a request has to wait: too little for its cost.
    pub(super) fn left_while_waiting(&self, wait: Duration) -> u32 {
        let interval = self.interval().as_nanos().max(1);
        let missing = u32::try_from(wait.as_nanos().div_ceil(interval)).unwrap_or(u32::MAX);
        self.cost.get().saturating_sub(missing)
    }
}

impl Standing {
    /// Whether the request is not let in.
    pub fn refuses(&self) -> bool {
        self.wait.is_some()
    }
}
