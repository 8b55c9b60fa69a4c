//! The time, as an argument.

use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What tells the time. Tests bring their own.
pub trait Clock: Send + Sync {
    /// The time of day: since 1970-01-01T00:00:00Z. Somebody may set it back.
    fn now(&self) -> Duration;

    /// The time since some moment, which nobody sets back; long enough ago for what this process has been told of by others,
    /// and what was there before it.
    fn steady(&self) -> Duration {
        self.now()
    }
}

/// The clocks of the machine.
pub struct SystemClock;

/// Longer than anything that is shared with other instances lives.
const BEFORE: Duration = Duration::from_secs(400 * 24 * 3600);

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where the clock is read")]
    fn now(&self) -> Duration {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
    }

    fn steady(&self) -> Duration {
        BEFORE + START.elapsed()
    }
}
