//! `[response_headers]`, and what endpoints change about them.

use std::collections::HashSet;
use std::sync::Arc;

use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, ETAG, LAST_MODIFIED, LOCATION, RETRY_AFTER,
    STRICT_TRANSPORT_SECURITY, WWW_AUTHENTICATE,
};
use http::{HeaderName, HeaderValue};

use super::context::Context;
use super::headers::{Side, refuse_twice, writable};
use super::inherit::Levels;
use crate::config::{self, Gateway, Name, Plain, Response};
use crate::plan::{Headers, SessionRule};

/// Compiles what stands on every reply. `encrypted`: browsers come by https.
pub(super) fn standing(cx: &mut Context<'_>, gateway: &Gateway, encrypted: bool) -> Headers {
    let written = gateway.response_headers.keys();
    let written: Vec<&Name> =
        written.filter(|name| !config::is_built_in(cx.sources, &name.span)).collect();
    refuse_twice(cx, written);
    let (mut names, mut headers) = (HashSet::new(), Vec::new());
    // What is written stands before the defaults.
    for (name, written) in &gateway.response_headers {
        if !names.insert(name.to_ascii_lowercase()) {
            continue;
        }
        let Some((name, value)) = header(cx, name, written) else { continue };
        let by_default = config::is_built_in(cx.sources, &written.span);
        // It has no meaning where nothing is encrypted (RFC 6797 §7.2); whoever writes it knows.
        if name == STRICT_TRANSPORT_SECURITY && by_default && !encrypted {
            continue;
        }
        if !value.is_empty() {
            headers.push((name, value));
        }
    }
    headers.into()
}

/// The same as an endpoint has it: without what its own headers take away. Who may keep a reply of one that looks for a
/// session goes by whose it is, whatever the gateway says of all replies.
pub(super) fn of_endpoint(
    standing: &Headers,
    session: SessionRule,
    levels: &Levels<'_, Response>,
) -> Headers {
    let own = levels.named(|response| &response.headers, str::to_ascii_lowercase);
    let off = |name: &HeaderName| {
        matches!(own.get(name.as_str()), Some((_, config::HeaderValue::Off(_))))
    };
    let private = session != SessionRule::None;
    if !private && !standing.iter().any(|(name, _)| off(name)) {
        return Arc::clone(standing);
    }
    let shared = standing.iter().filter(|(name, _)| !private || *name != CACHE_CONTROL).cloned();
    shared.filter(|(name, _)| !off(name)).collect()
}

/// They say something of the reply that they stand on.
const OF_SOME_REPLIES: [HeaderName; 7] =
    [ALLOW, CONTENT_TYPE, ETAG, LAST_MODIFIED, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE];

fn header(
    cx: &mut Context<'_>,
    name: &Name,
    written: &Plain<String>,
) -> Option<(HeaderName, HeaderValue)> {
    let header = writable(cx, name, Side::Reply)?;
    if OF_SOME_REPLIES.contains(&header) {
        let title = format!("the header `{header}` is not the same on every reply");
        cx.wrong(&name.span, title, "it stands on those that it belongs to");
        return None;
    }
    let resolved = cx.resolved(written)?;
    match HeaderValue::from_str(&resolved.value) {
        Ok(mut value) if resolved.value.is_ascii() => {
            value.set_sensitive(resolved.secret);
            Some((header, value))
        }
        _ => {
            let help = "a header holds visible ASCII characters, blanks and tabs";
            cx.wrong(&written.span, "this cannot stand in a header", help);
            None
        }
    }
}
