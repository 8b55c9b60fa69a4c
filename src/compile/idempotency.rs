//! `idempotency` of an endpoint, `idempotency_key` of a call.

use std::time::Duration;

use super::context::Context;
use super::endpoint::verb;
use super::inherit::{CallLevels, Levels};
use super::upstreams::positive;
use crate::config::{Endpoint, Method, Plain, Route};
use crate::diagnostic::{Diagnostic, Span};
use crate::plan::{Call, Idempotency};

const WORDS: &[(&str, Option<bool>)] =
    &[("off", None), ("optional", Some(false)), ("required", Some(true))];

/// Compiles what a key of the client means, at an endpoint that has until `deadline`. The outer `None` is a mistake.
pub(super) fn idempotency(
    cx: &mut Context<'_>,
    route: &Route,
    method: Method,
    levels: &Levels<'_, Endpoint>,
    deadline: Option<Duration>,
) -> Option<Option<Idempotency>> {
    let has_keys = matches!(method, Method::Post | Method::Patch);
    if !has_keys {
        refuse(cx, route, method);
    }
    let word = levels.leaf(|endpoint| endpoint.idempotency.as_ref())?;
    let required = cx.word(word, WORDS);
    let keep = levels.leaf(|endpoint| endpoint.idempotency_keep.as_ref())?;
    let keep = kept(cx, keep);
    if let (Some(Some(_)), Some(deadline)) = (required, deadline.filter(|_| has_keys)) {
        outlives(cx, levels, keep, deadline);
    }
    Some(required?.filter(|_| has_keys).map(|required| Idempotency { required, keep }))
}

/// How long something is kept: as long as each store can count.
pub(super) fn kept(cx: &mut Context<'_>, plain: &Plain<Duration>) -> Duration {
    let keep = positive(cx, plain);
    // A value that could not be read is told already.
    if cx.value(plain).is_some() {
        not_for_ever(cx, &plain.span, keep);
    }
    keep
}

/// How long something is kept: a year at most.
pub(super) fn not_for_ever(cx: &mut Context<'_>, span: &Span, keep: Duration) -> Duration {
    if keep > LONGEST {
        cx.wrong(span, "nothing is kept for more than a year", "write \"365d\" at most");
    }
    keep
}

/// A reply that was forgotten while its request may still be served would be no answer to the client's next try.
fn outlives(
    cx: &mut Context<'_>,
    levels: &Levels<'_, Endpoint>,
    keep: Duration,
    deadline: Duration,
) {
    let written = levels.leaf(|endpoint| endpoint.idempotency_keep.as_ref());
    let until = levels.leaf(|endpoint| endpoint.deadline.as_ref());
    if let (Some(written), Some(until), true) = (written, until, keep < deadline) {
        cx.mistake(
            Diagnostic::at(written.span.clone(), "`idempotency_keep` is shorter than `deadline`")
                .label(until.span.clone(), "so long a request may take")
                .help("keep a reply at least as long as its request may take, or lower `deadline`"),
        );
    }
}

/// What stands above the methods is not meant for the others; what stands in their own table is.
fn refuse(cx: &mut Context<'_>, route: &Route, method: Method) {
    let files = std::iter::once(&route.file).chain(route.defaults.iter().map(AsRef::as_ref));
    for endpoint in files.filter_map(|file| file.methods.get(&method)) {
        let word = endpoint.idempotency.as_ref().map(|word| &word.span);
        let keep = endpoint.idempotency_keep.as_ref().map(|keep| &keep.span);
        if let Some(span) = word.or(keep) {
            let title = format!("a {} has no idempotency key", verb(method));
            let help = match method {
                Method::Get => "it changes nothing: say it in a `[post]` or `[patch]`",
                _ => "sent twice, it changes the same as once: say it in a `[post]` or `[patch]`",
            };
            cx.wrong(span, title, help);
        }
    }
}

/// 365 days.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// Whether a call sends a key of ours.
pub(super) fn sends_key(cx: &mut Context<'_>, call: &CallLevels<'_>, compiled: &Call) -> bool {
    let written = call.levels.leaf(|call| call.idempotency_key.as_ref());
    let Some(written) = written.filter(|plain| cx.value(plain) == Some(true)) else {
        return false;
    };
    let name = call.name;
    if !compiled.changes {
        let title = format!("the call `{name}` changes nothing, so it needs no key");
        cx.wrong(&written.span, title, "take `idempotency_key` away");
    }
    if compiled.headers.iter().any(|(header, _)| header == "idempotency-key") {
        let title = format!("the call `{name}` has a header `idempotency-key` of its own");
        cx.wrong(&written.span, title, "take one of the two away");
    }
    true
}
