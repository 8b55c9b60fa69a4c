//! A policy's budgets in this process: governor's arithmetic over our store and clock.

use std::sync::Arc;
use std::time::Duration;

use governor::clock::Clock as Time;
use governor::middleware::StateInformationMiddleware;
use governor::nanos::Nanos;
use governor::{Quota, RateLimiter};

use super::budgets::{Ask, Budgets};
use super::{Key, Policy};
use crate::clock::Clock;

/// A policy's budgets in this process.
pub(super) struct Local {
    limiter: RateLimiter<Ask, Budgets, Steady, StateInformationMiddleware>,
    cost: std::num::NonZeroU32,
}

/// Time since the start, which is never set back.
struct Steady {
    clock: Arc<dyn Clock>,
    start: Duration,
}

impl Local {
    pub(super) fn new(policy: &Policy, clock: Arc<dyn Clock>) -> Self {
        // Shorter than a nanosecond no interval is: the config is not let through with one.
        let interval = policy.interval().max(Duration::from_nanos(1));
        let quota = Quota::with_period(interval).unwrap_or(Quota::per_second(policy.count));
        let time = Steady { start: clock.steady(), clock };
        let limiter = RateLimiter::new(quota.allow_burst(policy.burst), Budgets::new(), time);
        Self { limiter, cost: policy.cost }
    }

    /// Lets a request in, and says what is left; without `spend` it leaves all as it was.
    ///
    /// # Errors
    /// Refused; how long to wait.
    pub(super) fn check(&self, key: Key, spend: bool) -> Result<u32, Duration> {
        let time = self.limiter.clock();
        let ask = Ask { key: key.number(), spend, now: time.now().as_u64() };
        match self.limiter.check_key_n(&ask, self.cost) {
            Ok(Ok(snapshot)) => Ok(snapshot.remaining_burst_capacity()),
            Ok(Err(until)) => Err(until.wait_time_from(time.now()).max(Duration::from_nanos(1))),
            // More than a burst is never let in; the config is not let through with that cost.
            Err(_) => Err(Duration::from_secs(u32::MAX.into())),
        }
    }
}

impl Time for Steady {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        let since = self.clock.steady().saturating_sub(self.start).as_nanos();
        Nanos::new(u64::try_from(since).unwrap_or(u64::MAX / 2))
    }
}
