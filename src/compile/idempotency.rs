//! `idempotency` of an endpoint, `idempotency_key` of a call.

use super::context::Context;
use super::endpoint::verb;
use super::inherit::{CallLevels, Levels};
use super::upstreams::positive;
use crate::config::{Endpoint, Method, Route};
use crate::plan::{Call, Idempotency};

const WORDS: &[(&str, Option<bool>)] =
    &[("off", None), ("optional", Some(false)), ("required", Some(true))];

/// Compiles what a key of the client means. The outer `None` is a mistake.
pub(super) fn idempotency(
    cx: &mut Context<'_>,
    route: &Route,
    method: Method,
    levels: &Levels<'_, Endpoint>,
) -> Option<Option<Idempotency>> {
    let has_keys = matches!(method, Method::Post | Method::Patch);
    if !has_keys {
        refuse(cx, route, method);
    }
    let word = levels.leaf(|endpoint| endpoint.idempotency.as_ref())?;
    let required = cx.word(word, WORDS);
    let keep = levels.leaf(|endpoint| endpoint.idempotency_keep.as_ref())?;
    let keep = positive(cx, keep);
    Some(required?.filter(|_| has_keys).map(|required| Idempotency { required, keep }))
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
