//! What is bound to the user, and must not be in what all share.

use super::call::Draft;
use super::context::Context;
use super::reply::Parts;
use super::rule::behind;
use super::scope::{Edge, Found, Seen};
use crate::diagnostic::{Diagnostic, Span};
use crate::plan::{Caching, Scope, SessionRule, slot};

const HELP: &str = "`scope = \"session\"` keeps one for each user, `scope_from` one for all for \
                    whom it gives the same value";

/// Something that is bound to the user.
struct Bound {
    span: Span,
    what: &'static str,
    /// The call that reads it, where that is another one.
    through: Option<String>,
}

/// Checks the calls whose answers are shared.
pub(super) fn check_calls(cx: &mut Context<'_>, drafts: &[Draft], session: SessionRule) {
    for draft in drafts {
        let caching = draft.call.as_ref().and_then(|call| call.cache.as_ref());
        if !matches!(caching, Some(Caching { scope: Scope::Shared, .. })) {
            continue;
        }
        let own = draft.sends.seen.iter().chain(&draft.keeps);
        let mut all = bound(own, session, None);
        all.extend(draft.users_token.clone().map(token));
        all.extend(through(drafts, &draft.sends.edges, session));
        let title = format!(
            "the answers of `{}` are shared, but what it sends is bound to the user",
            draft.name
        );
        report(cx, draft.kept.scope.as_ref(), &title, HELP, all);
    }
}

/// Checks a reply that is shared; `read` is what it reads.
pub(super) fn check_reply(
    cx: &mut Context<'_>,
    drafts: &[Draft],
    reply: &Parts,
    read: &Found,
    session: SessionRule,
) {
    let kept = reply.kept();
    let Some(Some(Caching { scope, .. })) = &kept.caching else { return };
    let calls = behind(drafts, reply.shapeless(), &read.edges);
    let calls: Vec<&Draft> = calls.into_iter().map(|index| &drafts[index]).collect();
    match scope {
        Scope::Session => {}
        Scope::Shared => {
            let mut all = bound(read.seen.iter(), session, None);
            all.extend(calls.iter().flat_map(|draft| of_call(draft, draft.decides(), session)));
            let title = "this reply is shared, but what it is made of is bound to the user";
            report(cx, kept.scope.as_ref(), title, HELP, all);
        }
        Scope::From(_) => {
            let of_calls = calls.iter().flat_map(|draft| draft.decides());
            let more = read.seen.iter().chain(of_calls).filter(|seen| {
                let covers = |by: &Seen| by.slot == seen.slot && seen.path.starts_with(&by.path);
                seen.slot == slot::SESSION && !kept.scope_reads.iter().any(covers)
            });
            let all = bound(more, session, None);
            let title = "this reply reads more of the session than its `scope_from`";
            let help =
                "read it in `scope_from` too: who gets the same reply is decided by that alone";
            report(cx, Some(&kept.table), title, help, all);
        }
    }
}

/// What is bound to the user in calls that are read, and in all that these wait for.
fn through(drafts: &[Draft], read: &[Edge], session: SessionRule) -> Vec<Bound> {
    let calls = behind(drafts, false, read);
    let calls = calls.into_iter().map(|index| &drafts[index]);
    calls.flat_map(|draft| of_call(draft, draft.reads(), session)).collect()
}

fn of_call<'s>(
    draft: &Draft,
    reads: impl Iterator<Item = &'s Seen>,
    session: SessionRule,
) -> Vec<Bound> {
    let name = Some(draft.name.clone());
    let mut all = bound(reads, session, name.clone());
    let token = draft.users_token.clone().map(token);
    all.extend(token.map(|token| Bound { through: name, ..token }));
    all
}

fn token(span: Span) -> Bound {
    Bound { span, what: "the user's token is sent", through: None }
}

/// Where no session is looked for, it is the same for everybody: null.
fn bound<'s>(
    seen: impl Iterator<Item = &'s Seen>,
    session: SessionRule,
    through: Option<String>,
) -> Vec<Bound> {
    let bound = seen.filter_map(|seen| {
        let what = match seen.slot {
            slot::SESSION if session != SessionRule::None => "it is the user's",
            slot::COOKIES | slot::HEADERS => "each client sends its own",
            slot::REQUEST if seen.path.first().is_some_and(|member| member == "ip") => {
                "it is the client's"
            }
            _ => return None,
        };
        Some(Bound { span: seen.span.clone(), what, through: through.clone() })
    });
    bound.collect()
}

fn report(cx: &mut Context<'_>, at: Option<&Span>, title: &str, help: &str, all: Vec<Bound>) {
    let Some(at) = at.filter(|_| !all.is_empty()) else { return };
    let mut mistake = Diagnostic::at(at.clone(), title).help(help);
    let mut told: Vec<Span> = Vec::new();
    for Bound { span, what, through } in all {
        if !told.contains(&span) {
            let through = through.map(|name| format!(", in the call `{name}`")).unwrap_or_default();
            mistake = mistake.label(span.clone(), format!("{what}{through}"));
            told.push(span);
        }
    }
    cx.mistake(mistake);
}
