//! `[session]`

use std::time::Duration;

use http::HeaderName;

use crate::plan::Lifetimes;

/// Compiles how long sessions live.
pub(super) fn lifetimes() -> Lifetimes {
    Lifetimes {
        idle: Duration::from_secs(30 * 60),
        absolute: Duration::from_secs(8 * 3600),
        refresh_ahead: Duration::from_secs(60),
        csrf_header: HeaderName::from_static("x-csrf"),
    }
}
