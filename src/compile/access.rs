//! Who may ask: `session`, `roles`, `scopes`, `allow`, `csrf`.

use super::context::Context;
use super::fault;
use super::inherit::Levels;
use super::reader::Reader;
use super::scope::Edge;
use crate::config::{Endpoint, Method, Plain, Route};
use crate::diagnostic::Diagnostic;
use crate::plan::{Allow, Csrf, SessionRule, Unauthenticated};

/// Who may ask, but for `allow`, which may read calls.
pub(super) struct Access {
    /// `session`
    pub(super) session: SessionRule,
    /// `roles` of every level.
    pub(super) roles: Vec<Vec<String>>,
    /// `scopes` of all levels.
    pub(super) scopes: Vec<String>,
    /// `csrf`
    pub(super) csrf: Csrf,
    /// `unauthenticated`
    pub(super) unauthenticated: Unauthenticated,
    /// `deny_status`
    pub(super) deny_status: u16,
}

/// An `allow`, and the calls that it reads.
pub(super) struct Condition {
    /// The program; none with a mistake.
    pub(super) program: Option<crate::jq::Program>,
    /// What it reads.
    pub(super) edges: Vec<Edge>,
}

/// Compiles who may ask. `has_login`: the frontend has one.
pub(super) fn access(
    cx: &mut Context<'_>,
    route: &Route,
    method: Method,
    levels: &Levels<'_, Endpoint>,
    has_login: bool,
) -> Option<Access> {
    let session = session(cx, route, method, levels);
    let roles = roles(cx, levels);
    let scopes = levels.every(|endpoint| endpoint.scopes.as_ref()).flatten();
    let scopes: Vec<Option<String>> = scopes.map(|scope| cx.value(scope)).collect();
    if session == Some(SessionRule::None) {
        refuse_without_session(cx, levels);
    }
    let unauthenticated = unauthenticated(cx, method, levels, session, has_login);
    let csrf = levels.leaf(|endpoint| endpoint.csrf.as_ref());
    let words = [("header", Csrf::Header), ("origin", Csrf::Origin), ("off", Csrf::Off)];
    let csrf = csrf.map(|word| cx.word(word, &words));
    let deny = levels.leaf(|endpoint| endpoint.deny_status.as_ref());
    let deny = deny.map(|status| deny_status(cx, status));
    Some(Access {
        session: session?,
        roles: roles?,
        scopes: scopes.into_iter().collect::<Option<_>>()?,
        csrf: csrf.unwrap_or(Some(Csrf::Header))?,
        unauthenticated: unauthenticated?,
        deny_status: deny.unwrap_or(Some(403))?,
    })
}

/// Compiles every level's `allow`.
pub(super) fn conditions(
    reader: &mut Reader<'_, '_, '_>,
    levels: &Levels<'_, Endpoint>,
) -> Vec<Condition> {
    let compile = |written| {
        let program = reader.program(written);
        Condition { program, edges: reader.take().edges }
    };
    levels.every(|endpoint| endpoint.allow.as_ref()).map(compile).collect()
}

impl Condition {
    /// As the plan has it.
    pub(super) fn into_allow(self) -> Option<Allow> {
        let mut waits_for: Vec<usize> = self.edges.iter().map(|edge| edge.to).collect();
        waits_for.sort_unstable();
        waits_for.dedup();
        Some(Allow { program: self.program?, waits_for })
    }
}

fn session(
    cx: &mut Context<'_>,
    route: &Route,
    method: Method,
    levels: &Levels<'_, Endpoint>,
) -> Option<SessionRule> {
    let words = [
        ("required", SessionRule::Required),
        ("optional", SessionRule::Optional),
        ("none", SessionRule::None),
    ];
    if let Some(word) = levels.leaf(|endpoint| endpoint.session.as_ref()) {
        return cx.word(word, &words);
    }
    // Where no method says it, it is one mistake of the file.
    let says = |endpoint: &Endpoint| endpoint.session.is_some();
    let span = match route.file.methods.values().any(says) {
        true => route.file.methods.get(&method).map_or(&route.span, |endpoint| &endpoint.span),
        false => &route.span,
    };
    let title = format!("`{}` does not say whether it needs a session", route.pattern);
    let help =
        "write `session = \"required\"`, \"optional\" or \"none\", here or in a `_defaults.toml`";
    cx.wrong(span, title, help);
    None
}

/// Only a page can be sent to a login: it is asked for by GET, and needs a session.
fn unauthenticated(
    cx: &mut Context<'_>,
    method: Method,
    levels: &Levels<'_, Endpoint>,
    session: Option<SessionRule>,
    has_login: bool,
) -> Option<Unauthenticated> {
    let Some(word) = levels.leaf(|endpoint| endpoint.unauthenticated.as_ref()) else {
        return Some(Unauthenticated::Refuse);
    };
    let words = [("401", Unauthenticated::Refuse), ("login", Unauthenticated::Login)];
    let meaning = cx.word(word, &words)?;
    if meaning == Unauthenticated::Refuse {
        return Some(meaning);
    }
    let (title, help) = if !has_login {
        (
            "there is no login to send anybody to",
            "a table `[login.NAME]` makes one, `login` in `[frontends.NAME]` names it",
        )
    } else if method != Method::Get {
        let own = levels.own().is_some_and(|endpoint| endpoint.unauthenticated.is_some());
        if !own {
            return Some(Unauthenticated::Refuse);
        }
        ("only a GET can be sent to the login", "say it in `[get]`: nobody navigates otherwise")
    } else if session.is_some_and(|session| session != SessionRule::Required) {
        ("nobody is sent to the login where no session is needed", "say `session = \"required\"`")
    } else {
        return Some(meaning);
    };
    cx.wrong(&word.span, title, help);
    None
}

fn roles(cx: &mut Context<'_>, levels: &Levels<'_, Endpoint>) -> Option<Vec<Vec<String>>> {
    let mut all = Vec::new();
    for roles in levels.every(|endpoint| endpoint.roles.as_ref()) {
        if roles.items.is_empty() {
            let help = "name the roles, one of which is needed, or take `roles` away";
            cx.wrong(&roles.span, "`roles` is empty, so that nobody is let in", help);
        }
        let roles: Vec<Option<String>> = roles.items.iter().map(|role| cx.value(role)).collect();
        all.push(roles.into_iter().collect());
    }
    all.into_iter().collect()
}

fn refuse_without_session(cx: &mut Context<'_>, levels: &Levels<'_, Endpoint>) {
    let Some(session) = levels.leaf(|endpoint| endpoint.session.as_ref()) else { return };
    let lists = [
        ("roles", levels.leaf(|endpoint| endpoint.roles.as_ref()).map(|roles| &roles.items)),
        ("scopes", levels.leaf(|endpoint| endpoint.scopes.as_ref())),
    ];
    for (name, list) in lists {
        let Some(first) = list.and_then(|list| list.first()) else { continue };
        cx.mistake(
            Diagnostic::at(first.span.clone(), format!("`{name}` needs a session"))
                .label(session.span.clone(), "but none is looked for")
                .help("say `session = \"required\"`"),
        );
    }
}

fn deny_status(cx: &mut Context<'_>, written: &Plain<u64>) -> Option<u16> {
    fault::status(cx, written, 403..=404)
}
