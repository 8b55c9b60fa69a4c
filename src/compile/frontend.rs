//! `[frontends.NAME]`, or the one frontend of a config that has none.

use std::net::SocketAddr;
use std::sync::Arc;

use url::Url;

use super::context::Context;
use super::session::{Cookies, cookie};
use super::world::World;
use super::{gateway, login, route};
use crate::config::{self, Gateway, Name, Raw, Route, Tree, is_built_in};
use crate::cookie::{Cookie, SameSite};
use crate::csrf::Origin;
use crate::diagnostic::{Diagnostic, Span};
use crate::plan::{Door, Frontend, Login};

/// A frontend, before its routes are compiled.
pub(super) struct Draft<'a> {
    name: &'a str,
    routes: &'a [Route],
    origins: Vec<Origin>,
    /// The host of its origin, where only that leads here.
    host: Option<String>,
    door: Option<Door>,
    /// Where its origin stands.
    span: Span,
    /// Where the name of its cookie stands.
    cookie: Span,
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
            refuse_origin(cx, gateway);
            let written = gateway.frontends.iter();
            written.map(|(name, written)| draft(cx, tree, cookies, name, written)).collect()
        }
    };
    distinct(cx, &drafts);
    if cookies.insecure {
        only_loopback(cx, gateway, &drafts);
    }
    drafts
}

/// The origins of all frontends.
pub(super) fn origins<'d>(drafts: &'d [Draft<'_>]) -> impl Iterator<Item = &'d Origin> {
    drafts.iter().flat_map(|draft| &draft.origins)
}

/// The cookies of all logins.
pub(super) fn doors<'d>(drafts: &'d [Draft<'_>]) -> impl Iterator<Item = &'d Door> {
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
    fn hosts(&self) -> Vec<String> {
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
        encrypted(cx, &origins, cookies, span);
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
        login::needed(cx, (&table, &written.span, wrong), "origin", written.origin.as_ref());
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
        encrypted(cx, std::slice::from_ref(origin), cookies, &span);
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

fn refuse_origin(cx: &mut Context<'_>, gateway: &Gateway) {
    let written = &gateway.server.origin;
    if !is_built_in(cx.sources, &written.span)
        && cx.value(written).is_some_and(|text| !text.is_empty())
    {
        let title = "`[server] origin` cannot stand beside `[frontends]`";
        cx.wrong(
            &written.span,
            title,
            "each frontend has an `origin` of its own: take this one away",
        );
    }
}

/// Cookies of logins are for https.
fn encrypted(cx: &mut Context<'_>, origins: &[Origin], cookies: &Cookies, span: &Span) {
    let Some(origin) = origins.first() else {
        let help = "say where the pages are: `origin = \"https://app.example.com\"` in `[server]`";
        cx.wrong(span, "a login needs an origin, where it comes back to", help);
        return;
    };
    if !origin.as_str().starts_with("https://") && !cookies.insecure {
        let help = "`origin = \"https://app.example.com\"`; for plain http on this machine say \
                    `insecure_dev = true` in `[session]`";
        cx.wrong(span, "a login needs an origin with https", help);
    }
}

/// No two have one host, and on one name with several ports no two have one cookie: ports do not keep cookies apart (RFC
/// 6265 §8.5).
fn distinct(cx: &mut Context<'_>, drafts: &[Draft<'_>]) {
    for (index, draft) in drafts.iter().enumerate() {
        for other in &drafts[..index] {
            let hosts = draft.hosts();
            if other.hosts().iter().any(|host| hosts.contains(host)) {
                cx.mistake(
                    Diagnostic::at(draft.span.clone(), "two frontends have one origin")
                        .label(other.span.clone(), "the other one")
                        .help("`Host` tells them apart: give each a name or a port of its own"),
                );
                continue;
            }
            let cookie =
                |draft: &Draft<'_>| draft.door.as_ref().map(|door| door.cookie.name.clone());
            if draft.host == other.host && draft.door.is_some() && cookie(draft) == cookie(other) {
                cx.mistake(
                    Diagnostic::at(
                        draft.cookie.clone(),
                        "two frontends on one host have one cookie",
                    )
                    .label(other.cookie.clone(), "the other one")
                    .help("browsers send it to all ports: give one of them another `cookie`"),
                );
            }
        }
    }
}

/// Without TLS whoever is on the way reads the cookies.
fn only_loopback(cx: &mut Context<'_>, gateway: &Gateway, drafts: &[Draft<'_>]) {
    let written = &gateway.session.insecure_dev.span;
    let help = "it is for this machine only: take it away, and use https";
    for listen in &gateway.server.listen {
        let Some(address) = cx.value(listen) else { continue };
        if address.parse::<SocketAddr>().is_ok_and(|address| !address.ip().is_loopback()) {
            let title = "`insecure_dev` cannot be with a listener that others reach";
            let mistake = Diagnostic::at(listen.span.clone(), title);
            cx.mistake(mistake.label(written.clone(), "it stands here").help(help));
        }
    }
    for draft in drafts {
        let url = draft.origins.first().and_then(|origin| Url::parse(origin.as_str()).ok());
        if url.is_some_and(|url| !login::is_loopback(&url)) && !is_built_in(cx.sources, &draft.span)
        {
            let title = "`insecure_dev` cannot be with an origin that others reach";
            let mistake = Diagnostic::at(draft.span.clone(), title);
            cx.mistake(mistake.label(written.clone(), "it stands here").help(help));
        }
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
