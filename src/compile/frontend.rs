//! `[frontends.NAME]`, or the one frontend of a config that has none.

use std::sync::Arc;

use url::Url;

use super::context::Context;
use super::session::{Cookies, cookie};
use super::world::World;
use super::{gateway, login, origins, provider, route};
use crate::config::{self, Name, Raw, Route, Tree, is_built_in};
use crate::cookie::{Cookie, SameSite};
use crate::csrf::Origin;
use crate::diagnostic::{Diagnostic, Span};
use crate::plan::{Door, Frontend, Login};

/// A frontend, before its routes are compiled.
pub(super) struct Draft<'a> {
    name: &'a str,
    routes: &'a [Route],
    /// What counts as its own; the first one is where logins come back to.
    pub(super) origins: Vec<Origin>,
    /// The host of its origin, where only that leads here.
    pub(super) host: Option<String>,
    /// How its users log in.
    pub(super) door: Option<Door>,
    /// Where its origin stands.
    pub(super) span: Span,
    /// Where the name of its cookie stands.
    pub(super) cookie: Span,
}

/// Compiles the frontends, but for their routes.
pub(super) fn drafts<'a>(
    cx: &mut Context<'_>,
    tree: &'a Tree,
    cookies: &Cookies,
) -> Vec<Draft<'a>> {
    let gateway = &tree.gateway;
    let drafts = match gateway.frontends.is_empty() {
        true => vec![only(cx, tree, cookies)],
        false => {
            origins::alone(cx, gateway);
            let written = gateway.frontends.iter();
            written.map(|(name, written)| draft(cx, tree, cookies, name, written)).collect()
        }
    };
    origins::distinct(cx, &drafts);
    if cookies.insecure {
        origins::only_loopback(cx, gateway, &drafts);
    }
    drafts
}

/// The origins of all frontends.
pub(super) fn origins<'d>(drafts: &'d [Draft<'_>]) -> impl Iterator<Item = &'d Origin> {
    drafts.iter().flat_map(|draft| &draft.origins)
}

/// The cookies of all logins.
pub(super) fn doors<'d>(drafts: &'d [Draft<'_>]) -> impl Iterator<Item = &'d Door> + Clone {
    drafts.iter().filter_map(|draft| draft.door.as_ref())
}

/// Compiles the routes of each.
pub(super) fn frontends(
    cx: &mut Context<'_>,
    world: &mut World<'_>,
    logins: &[Login],
    drafts: Vec<Draft<'_>>,
) -> Vec<Arc<Frontend>> {
    let compile = |draft: Draft<'_>| {
        world.frontend = draft.name.into();
        world.has_login = draft.door.is_some();
        let router = route::router(cx, world, draft.routes);
        if let Some(login) = draft.door.as_ref().and_then(|door| logins.get(door.login)) {
            below_login(cx, login, draft.routes);
        }
        let hosts = draft.hosts();
        let Draft { name, origins, door, .. } = draft;
        Arc::new(Frontend { name: name.into(), hosts, origins, router, login: door })
    };
    drafts.into_iter().map(compile).collect()
}

impl Draft<'_> {
    /// As `Host` has it: without the port that is the scheme's own, or with it (RFC 9110 §4.2.3).
    pub(super) fn hosts(&self) -> Vec<String> {
        let Some(host) = &self.host else { return Vec::new() };
        let origin = self.origins.first().and_then(|origin| Url::parse(origin.as_str()).ok());
        let Some(origin) = origin else { return Vec::new() };
        match (origin.port(), origin.port_or_known_default()) {
            (Some(port), _) => vec![format!("{host}:{port}")],
            (None, Some(port)) => vec![host.clone(), format!("{host}:{port}")],
            (None, None) => vec![host.clone()],
        }
    }
}

/// Where there are no `[frontends]`: all routes, for any `Host`.
fn only<'a>(cx: &mut Context<'_>, tree: &'a Tree, cookies: &Cookies) -> Draft<'a> {
    let gateway = &tree.gateway;
    let origins = gateway::origins(cx, gateway);
    let written = &gateway.server.origin.span;
    let mut logins = gateway.login.values();
    let mut door = None;
    if let Some(login) = logins.next() {
        if let Some(second) = logins.next() {
            let help = "each belongs to a frontend: `[frontends.NAME]` with `origin` and `login`";
            cx.mistake(
                Diagnostic::at(second.span.clone(), "without `[frontends]` there is one login")
                    .label(login.span.clone(), "this one")
                    .help(help),
            );
        }
        let span = if is_built_in(cx.sources, written) { &login.span } else { written };
        origins::encrypted(cx, &origins, cookies, span);
        door = cookies.name.as_deref().map(|name| door_of(0, name, cookies));
    }
    Draft {
        name: "",
        routes: tree.routes.first().map_or(&[], |(_, routes)| routes),
        origins,
        host: None,
        door,
        span: written.clone(),
        cookie: gateway.session.cookie.span.clone(),
    }
}

fn draft<'a>(
    cx: &mut Context<'_>,
    tree: &'a Tree,
    cookies: &Cookies,
    name: &'a Name,
    written: &'a config::Frontend,
) -> Draft<'a> {
    let gateway = &tree.gateway;
    if name.is_empty() {
        cx.wrong(&name.span, "a frontend without a name", "such as `[frontends.admin]`");
    }
    let table = format!("[frontends.{name}]");
    let wrong = &written.wrong;
    let origin =
        provider::needed(cx, (&table, &written.span, wrong), "origin", written.origin.as_ref());
    let span = origin.map_or(&written.span, |origin| &origin.span).clone();
    let origin = origin.and_then(|origin| gateway::origin(cx, origin));
    let host = origin
        .as_ref()
        .and_then(|origin| Some(Url::parse(origin.as_str()).ok()?.host_str()?.to_owned()));
    let name_of_cookie = match &written.cookie {
        Some(written) => cookie(cx, written),
        None => cookies.name.clone(),
    };
    let login = written.login.as_ref().and_then(|login| login::named(cx, gateway, login));
    let door = login.zip(name_of_cookie);
    if let (Some(_), Some(origin)) = (&door, &origin) {
        origins::encrypted(cx, std::slice::from_ref(origin), cookies, &span);
    }
    let routes = match &written.routes.raw {
        Raw::Text(folder) => tree.routes.get(folder),
        Raw::Literal(_) => None,
    };
    Draft {
        name,
        routes: routes.map_or(&[], Vec::as_slice),
        origins: origin.into_iter().collect(),
        host,
        door: door.map(|(login, name)| door_of(login, &name, cookies)),
        span,
        cookie: written.cookie.as_ref().map_or(&written.span, |cookie| &cookie.span).clone(),
    }
}

/// The callback of a login comes from the provider's site, which a `Strict` cookie does not survive.
fn door_of(login: usize, name: &str, cookies: &Cookies) -> Door {
    let secure = !cookies.insecure;
    Door {
        login,
        cookie: Cookie::new(name, secure, cookies.same_site),
        attempt: Cookie::new(super::session::ATTEMPT, secure, SameSite::Lax),
    }
}

/// What is below the path of a login is its own.
fn below_login(cx: &mut Context<'_>, login: &Login, routes: &[Route]) {
    let path: Vec<&str> = login.path.split('/').skip(1).collect();
    for route in routes {
        let segments = &route.pattern.segments;
        let literal = |segment: &config::Segment, own: &&str| matches!(segment, config::Segment::Literal(text) if text == own);
        let below = segments.len() > path.len()
            && segments.iter().zip(&path).all(|(segment, own)| literal(segment, own));
        if below {
            let title =
                format!("`{}` is below `{}`, which is the login's", route.pattern, login.path);
            let help = format!("move the file, or give `[login.{}]` another `path`", login.name);
            cx.wrong(&route.span, title, help);
        }
    }
}
