//! What the origins of frontends must be like.

use std::net::SocketAddr;

use url::Url;

use super::context::Context;
use super::frontend::Draft;
use super::provider::is_loopback;
use super::session::Cookies;
use crate::config::{Gateway, is_built_in};
use crate::csrf::Origin;
use crate::diagnostic::{Diagnostic, Span};

/// With `[frontends]` each has an origin of its own.
pub(super) fn alone(cx: &mut Context<'_>, gateway: &Gateway) {
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
pub(super) fn encrypted(cx: &mut Context<'_>, origins: &[Origin], cookies: &Cookies, span: &Span) {
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
pub(super) fn distinct(cx: &mut Context<'_>, drafts: &[Draft<'_>]) {
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
pub(super) fn only_loopback(cx: &mut Context<'_>, gateway: &Gateway, drafts: &[Draft<'_>]) {
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
        if url.is_some_and(|url| !is_loopback(&url)) && !is_built_in(cx.sources, &draft.span) {
            let title = "`insecure_dev` cannot be with an origin that others reach";
            let mistake = Diagnostic::at(draft.span.clone(), title);
            cx.mistake(mistake.label(written.clone(), "it stands here").help(help));
        }
    }
}
