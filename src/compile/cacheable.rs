//! What cannot be kept, or would never be found again.

use super::call::Draft;
use super::context::Context;
use super::reply::Parts;
use super::rule::behind;
use super::scope::{Found, Seen};
use crate::diagnostic::{Diagnostic, Span};
use crate::plan::{Body, Caching, Call, Ttl, slot};

/// Checks each call that has a `cache`.
pub(super) fn check_calls(cx: &mut Context<'_>, drafts: &[Draft]) {
    for draft in drafts {
        let (name, table) = (&draft.name, &draft.kept.table);
        let Some(call @ Call { cache: Some(_), .. }) = &draft.call else { continue };
        if draft.changes {
            let title =
                format!("the call `{name}` changes something, so that its answers cannot be kept");
            let help = "where it only asks, as a search does, say `reads = true`";
            cx.wrong(table, title, help);
        }
        if matches!(call.body, Body::Raw) {
            let title = format!("the call `{name}` sends a body that nobody has read");
            let help =
                "an answer is found by what was asked: send it by `json`, or take `cache` away";
            cx.wrong(table, title, help);
        }
        let title = format!("no answer of `{name}` would be found again");
        check_found_again(cx, table, &title, draft.sends.seen.iter().chain(&draft.keeps));
    }
}

/// Checks a reply that has a `cache`; `read` is what it reads.
pub(super) fn check_reply(cx: &mut Context<'_>, drafts: &[Draft], reply: &Parts, read: &Found) {
    let kept = reply.kept();
    let Some(Some(Caching { ttl, .. })) = &kept.caching else { return };
    if let Some(draft) = drafts.iter().find(|draft| draft.changes) {
        let title = format!("this reply is kept, so that `{}` would seldom be sent", draft.name);
        cx.mistake(
            Diagnostic::at(kept.table.clone(), title)
                .label(draft.span.clone(), "it changes something")
                .help("take `cache` away, or give calls that only read one of their own"),
        );
    }
    let behind = behind(drafts, reply.shapeless(), &read.edges);
    if *ttl == Ttl::Upstream && behind.is_empty() {
        let help = "such as `ttl = \"30s\"`";
        cx.wrong(&kept.table, "there is no call that could say how long this reply is good", help);
    }
    let of_calls = behind.iter().flat_map(|index| drafts[*index].decides());
    let title = "no reply of this endpoint would be found again";
    check_found_again(cx, &kept.table, title, read.seen.iter().chain(of_calls));
}

fn check_found_again<'s>(
    cx: &mut Context<'_>,
    table: &Span,
    title: &str,
    seen: impl Iterator<Item = &'s Seen>,
) {
    let mut mistake = Diagnostic::at(table.clone(), title);
    for seen in seen.filter(|seen| seen.slot == slot::REQUEST) {
        let text = match seen.path.first().map(|member| member.as_str()) {
            None => "each request has another `id`: read the member that is meant",
            Some("id") => "each request has another one",
            Some("idempotency_key") => "each request that has one has another",
            Some(_) => continue,
        };
        mistake = mistake.label(seen.span.clone(), text);
    }
    if mistake.labels.len() > 1 {
        cx.mistake(mistake.help("leave it out, or take `cache` away"));
    }
}
