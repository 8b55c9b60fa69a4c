//! The time of day, which a test may set forward.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use frontdesk::clock::SystemClock;

/// The machine's clock and what a test has added.
#[derive(Default)]
pub struct Clock(AtomicU64);

impl Clock {
    pub fn advance(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl frontdesk::clock::Clock for Clock {
    fn now(&self) -> Duration {
        SystemClock.now() + Duration::from_secs(self.0.load(Ordering::SeqCst))
    }

    fn steady(&self) -> Duration {
        SystemClock.steady() + Duration::from_secs(self.0.load(Ordering::SeqCst))
    }
}
