//! When an access token is to be refreshed.

use std::time::Duration;

use crate::session::Record;

/// How an access token stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// Good, or nobody has said when it ends: an upstream will.
    Not,
    /// Good, but not for long.
    Soon,
    /// It has ended.
    Over,
}

/// How the access token of a session stands at a time since 1970. `ahead` counts half of its life at most, and up to a
/// quarter less, by `spread`.
pub(super) fn of(record: &Record, now: Duration, ahead: Duration, spread: u8) -> Due {
    let Some(ends_at) = record.access_expires_at else { return Due::Not };
    let life = Duration::from_secs(ends_at.saturating_sub(record.access_granted_at));
    let ahead = ahead.min(life / 2);
    let ahead = ahead - ahead / 1024 * u32::from(spread);
    match Duration::from_secs(ends_at) {
        end if now >= end => Due::Over,
        end if now + ahead >= end => Due::Soon,
        _ => Due::Not,
    }
}
