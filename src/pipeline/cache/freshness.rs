//! How long an upstream's answer may be kept, and by whom (RFC 9111).

use std::time::{Duration, UNIX_EPOCH};

use http::header::{AGE, AUTHORIZATION, CACHE_CONTROL, ETAG, LAST_MODIFIED, SET_COOKIE, VARY};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_cache_semantics::{CacheOptions, CachePolicy};

use super::headers::{LONGEST, age, directives};
use crate::cache::Lives;
use crate::plan::{Caching, Call, OnStatus, Scope, Ttl};
use crate::upstream::Answer;

/// What decides how long answers to a call are kept.
pub(in crate::pipeline) struct Terms<'a> {
    /// How they are kept.
    pub(in crate::pipeline) rule: &'a Caching,
    /// The call.
    pub(in crate::pipeline) call: &'a Call,
    /// Whether it is sent with a token of the user.
    pub(in crate::pipeline) shows_user: bool,
    /// The time of day.
    pub(in crate::pipeline) now: Duration,
}

impl Terms<'_> {
    /// How long an answer may be kept; none: not at all.
    pub(in crate::pipeline) fn lives(&self, answer: &Answer) -> Option<Lives> {
        if self.is_for_one(answer) {
            return None;
        }
        let lives = match answer.status {
            404 | 410 => Lives { fresh: self.rule.negative_ttl, ..Lives::default() },
            PARTIAL => return None,
            200..300 if !self.is_failure(answer.status) => self.of_success(answer),
            _ => return None,
        };
        (!lives.all().is_zero()).then_some(lives)
    }

    /// Whether an answer is only for whoever has asked for it, and not for others who wait for the same: what sets a
    /// cookie, what is about credentials, and what the upstream lets nobody share.
    pub(in crate::pipeline) fn is_for_one(&self, answer: &Answer) -> bool {
        let is_refusal = matches!(answer.status, 401 | 403);
        is_refusal || self.is_bound(answer) || self.is_withheld(answer)
    }

    /// Whether a reply that an answer is a part of is only for whoever has asked for it.
    pub(in crate::pipeline) fn makes_for_one(&self, answer: &Answer) -> bool {
        // A time that is written at the call wins over what the upstream says.
        let is_written = self.call.cache.as_ref().is_some_and(|own| own.ttl != Ttl::Upstream);
        let is_withheld = || !is_error(answer.status) && self.is_withheld(answer);
        self.is_bound(answer) || (!is_written && is_withheld())
    }

    /// Whether an answer depends on more than what was asked, or is more than an answer.
    fn is_bound(&self, answer: &Answer) -> bool {
        answer.headers.contains_key(SET_COOKIE) || self.varies(&answer.headers)
    }

    /// Whether the upstream, where it is asked, lets nobody share an answer.
    fn is_withheld(&self, answer: &Answer) -> bool {
        self.rule.ttl == Ttl::Upstream && !self.policy(answer).is_storable()
    }

    /// How long an answer is good, as its upstream says; zero where it says nothing.
    pub(in crate::pipeline) fn said(&self, answer: &Answer) -> Duration {
        let lifetime = self.policy(answer).time_to_live(UNIX_EPOCH + self.now);
        lifetime.min(LONGEST).saturating_sub(self.age(answer, Duration::ZERO))
    }

    /// How old an answer was already when it came, so long ago; nothing where the upstream is not asked.
    pub(in crate::pipeline) fn age(&self, answer: &Answer, ago: Duration) -> Duration {
        match self.rule.ttl {
            Ttl::Fixed(_) => Duration::ZERO,
            Ttl::Upstream => age(&answer.headers, self.now.saturating_sub(ago)),
        }
    }

    fn of_success(&self, answer: &Answer) -> Lives {
        let Caching { stale, stale_if_error: if_error, .. } = *self.rule;
        let (fresh, stale, if_error) = match self.rule.ttl {
            Ttl::Fixed(ttl) => (ttl, stale, if_error),
            Ttl::Upstream => match self.said(answer) {
                fresh if self.must_revalidate(&answer.headers) => {
                    (fresh, Duration::ZERO, Duration::ZERO)
                }
                // What was never good cannot be over.
                fresh if fresh.is_zero() => (fresh, Duration::ZERO, if_error),
                fresh => (fresh, stale, if_error),
            },
        };
        let can_ask = [ETAG, LAST_MODIFIED].iter().any(|name| answer.headers.contains_key(name));
        let reuse = if can_ask { fresh.clamp(REUSE_MIN, REUSE_MAX) } else { Duration::ZERO };
        Lives { fresh, stale, if_error, reuse }
    }

    /// Whether the config says that a status which would be a success is none.
    fn is_failure(&self, status: u16) -> bool {
        let rule = self.call.on_status.iter().find(|(own, _)| *own == status);
        rule.is_some_and(|(_, rule)| !matches!(rule, OnStatus::Value(_)))
    }

    /// Whether users share entries.
    fn is_shared(&self) -> bool {
        !matches!(self.rule.scope, Scope::Session)
    }

    /// Whether an answer depends on something that the key does not have: on anything at all, on what is another in each
    /// request, or on the user's token where users share the entry.
    fn varies(&self, headers: &HeaderMap) -> bool {
        let of_users = self.shows_user && self.is_shared();
        let values = headers.get_all(VARY).into_iter();
        let mut names = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
        names.any(|name| {
            let is = |other: &str| name.trim_ascii().eq_ignore_ascii_case(other.as_bytes());
            is("*") || NOT_IN_KEY.iter().any(|other| is(other)) || (of_users && is("authorization"))
        })
    }

    /// Whether the upstream wants to be asked before an answer is served again after its time.
    fn must_revalidate(&self, headers: &HeaderMap) -> bool {
        let all = directives(headers);
        let mut names = all.split(',').map(|one| one.split('=').next().unwrap_or_default().trim());
        names.any(|name| match name {
            "must-revalidate" | "no-cache" => true,
            "proxy-revalidate" => self.is_shared(),
            _ => false,
        })
    }

    fn policy(&self, answer: &Answer) -> CachePolicy {
        let mut request = Request::new(());
        *request.method_mut() = self.call.method.clone();
        // Our own credentials are no client's (RFC 9111 §3.5). A user's are, where users share the entry.
        if self.shows_user && self.is_shared() {
            request.headers_mut().insert(AUTHORIZATION, HeaderValue::from_static("Bearer"));
        }
        let mut response = Response::new(());
        *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or_default();
        *response.headers_mut() = answer.headers.clone();
        // They are compared as they are written, and mean the same in any case (RFC 9111 §5.2).
        if answer.headers.contains_key(CACHE_CONTROL)
            && let Ok(value) = HeaderValue::from_str(&directives(&answer.headers))
        {
            response.headers_mut().insert(CACHE_CONTROL, value);
        }
        // It is counted apart, with what `Date` shows.
        response.headers_mut().remove(AGE);
        let options = CacheOptions {
            shared: self.is_shared(),
            cache_heuristic: 0.0,
            immutable_min_time_to_live: Duration::ZERO,
            ignore_cargo_cult: false,
        };
        CachePolicy::new_options(&request, &response, UNIX_EPOCH + self.now, options)
    }
}

/// Whether an answer says that there is no better one: an entry from before is.
pub(in crate::pipeline) fn is_error(status: u16) -> bool {
    status == 429 || status >= 500
}

/// Of requests that are otherwise the same.
const NOT_IN_KEY: &[&str] = &["x-request-id", "traceparent"];

const PARTIAL: u16 = 206;

/// How much longer than it is good an answer is kept to be asked for again: as long as it was good, within these.
const REUSE_MIN: Duration = Duration::from_secs(60);
const REUSE_MAX: Duration = Duration::from_secs(60 * 60);
