//! One line per request.

use std::time::Duration;

/// What is said about a request once its reply is known. Field names are part of the interface: see the log's docs.
#[derive(Clone, Copy, Debug)]
pub struct Access<'a> {
    /// `GET`
    pub method: &'a str,
    /// The route's path, such as `/api/v1/users/{id}`; none where no route matched.
    pub route: Option<&'a str>,
    /// The path as it was asked for, without the query, which may hold what is nobody's business.
    pub path: &'a str,
    /// The HTTP status of the reply.
    pub status: u16,
    /// From the request's head to the reply's.
    pub duration: Duration,
    /// As in the reply and towards upstreams.
    pub request_id: &'a str,
    /// Size of the reply's body, where it is known.
    pub bytes: Option<u64>,
    /// The calls that a partial reply does without, with commas between.
    pub partial: Option<&'a str>,
    /// The code of a fault.
    pub code: Option<&'a str>,
    /// Its private cause.
    pub cause: Option<&'a str>,
}

/// Writes the access line: a warning when the gateway or what is behind it failed, so that it stays at that level.
pub fn access(access: &Access<'_>) {
    let Access { method, route, path, status, request_id, bytes, partial, code, cause, .. } =
        *access;
    let duration_ms =
        f64::from(u32::try_from(access.duration.as_micros()).unwrap_or(u32::MAX)) / 1e3;
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(
                target: "frontdesk::access",
                method, route, path, status, duration_ms, request_id, bytes, partial, code, cause
            )
        };
    }
    match status {
        500.. => line!(warn),
        _ => line!(info),
    }
}
