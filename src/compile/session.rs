//! `[session]`: how long sessions live, what seals them, and their cookie.

use std::time::Duration;

use http::HeaderName;

use super::context::Context;
use super::input::is_token;
use super::upstreams::positive;
use crate::config::{self, Plain, is_built_in};
use crate::cookie::SameSite;
use crate::diagnostic::Diagnostic;
use crate::plan::Lifetimes;
use crate::seal::{Keys, MIN_KEY};

/// How the cookies of logins are sent.
pub(super) struct Cookies {
    /// Their name, where the frontend says none.
    pub(super) name: Option<String>,
    /// `same_site`
    pub(super) same_site: SameSite,
    /// `insecure_dev`
    pub(super) insecure: bool,
}

/// Compiles how long sessions live.
pub(super) fn lifetimes(cx: &mut Context<'_>, written: &config::Session) -> Option<Lifetimes> {
    let idle = positive(cx, &written.idle);
    let absolute = positive(cx, &written.absolute);
    let refresh_ahead = cx.value(&written.refresh_ahead);
    let csrf_header = csrf_header(cx, &written.csrf_header);
    shorter(cx, ("idle", &written.idle, idle), &written.absolute, absolute);
    if let Some(ahead) = refresh_ahead {
        shorter(cx, ("refresh_ahead", &written.refresh_ahead, ahead), &written.absolute, absolute);
    }
    Some(Lifetimes { idle, absolute, refresh_ahead: refresh_ahead?, csrf_header: csrf_header? })
}

/// Compiles the keys; a login needs one.
pub(super) fn keys(
    cx: &mut Context<'_>,
    written: &config::Session,
    login: Option<&config::Login>,
) -> Keys {
    let said = !written.keys.is_empty() || written.wrong.contains(&"keys");
    if let Some(login) = login.filter(|_| !said) {
        let help = "`keys = [\"${COOKIE_KEY}\"]`, of 32 random bytes or more: \
                    `openssl rand -base64 32` makes one";
        let title = "a login needs `keys` in `[session]`: what seals sessions";
        let built_in = is_built_in(cx.sources, &written.span);
        cx.wrong(if built_in { &login.span } else { &written.span }, title, help);
    }
    let read = |written: &Plain<String>| {
        let key = cx.value(written)?;
        if key.len() < MIN_KEY {
            let title = format!("this key has less than {MIN_KEY} bytes");
            cx.wrong(&written.span, title, "`openssl rand -base64 32` makes a good one");
        }
        Some(key.into_bytes())
    };
    Keys::new(written.keys.iter().filter_map(read).collect::<Vec<_>>())
}

/// Compiles how the cookies of logins are sent.
pub(super) fn cookies(cx: &mut Context<'_>, written: &config::Session) -> Cookies {
    let words = [("strict", SameSite::Strict), ("lax", SameSite::Lax)];
    Cookies {
        name: cookie(cx, &written.cookie),
        same_site: cx.word(&written.same_site, &words).unwrap_or(SameSite::Strict),
        insecure: cx.value(&written.insecure_dev).unwrap_or(false),
    }
}

/// The name of a cookie of ours, without its prefix.
pub(super) fn cookie(cx: &mut Context<'_>, written: &Plain<String>) -> Option<String> {
    let name = cx.value(written)?;
    let lower = name.to_ascii_lowercase();
    let (title, help) = if !is_token(&name) {
        ("this is not the name of a cookie", "letters, digits and any of !#$%&'*+-.^_`|~")
    } else if lower.starts_with("__") {
        ("the prefix of a cookie is not written", "it is sent as `__Host-Http-` and this name")
    } else if lower.starts_with(ATTEMPT) {
        ("attempts to log in are in cookies of such names", "choose a name without `tx-`")
    } else {
        return Some(name);
    };
    cx.wrong(&written.span, title, help);
    None
}

/// What the name of a cookie of an attempt to log in begins with, behind its prefix.
pub(super) const ATTEMPT: &str = "tx-";

fn shorter(
    cx: &mut Context<'_>,
    (name, written, time): (&str, &Plain<Duration>, Duration),
    absolute: &Plain<Duration>,
    most: Duration,
) {
    if time > most {
        let title = format!("`{name}` is longer than `absolute`, after which a session has ended");
        let (here, there) = match is_built_in(cx.sources, &written.span) {
            true => (absolute, written),
            false => (written, absolute),
        };
        let mut mistake = Diagnostic::at(here.span.clone(), title);
        if !is_built_in(cx.sources, &there.span) {
            mistake = mistake.label(there.span.clone(), "");
        }
        cx.mistake(mistake.help(format!("make `{name}` shorter, or `absolute` longer")));
    }
}

fn csrf_header(cx: &mut Context<'_>, written: &Plain<String>) -> Option<HeaderName> {
    let text = cx.value(written)?;
    let Ok(name) = HeaderName::from_bytes(text.as_bytes()) else {
        cx.wrong(&written.span, "this is not the name of a header", "such as \"x-csrf\"");
        return None;
    };
    let prefixed = ["sec-", "proxy-", "access-control-"];
    let free = BROWSERS.contains(&name.as_str());
    if free || prefixed.iter().any(|prefix| name.as_str().starts_with(prefix)) {
        let title = "browsers or proxies send this header on their own: it would protect nothing";
        let help = "one that only scripts of our own pages can set, such as \"x-csrf\"";
        cx.wrong(&written.span, title, help);
        return None;
    }
    Some(name)
}

/// Headers that browsers send on their own, or that any page may set without asking (Fetch, "CORS-safelisted
/// request-header" and "forbidden request-header").
const BROWSERS: &[&str] = &[
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "authorization",
    "cache-control",
    "connection",
    "content-encoding",
    "content-language",
    "content-length",
    "content-type",
    "cookie",
    "cookie2",
    "date",
    "device-memory",
    "dnt",
    "downlink",
    "dpr",
    "ect",
    "expect",
    "forwarded",
    "from",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "keep-alive",
    "last-event-id",
    "origin",
    "pragma",
    "priority",
    "purpose",
    "range",
    "referer",
    "rtt",
    "save-data",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "upgrade-insecure-requests",
    "user-agent",
    "via",
    "viewport-width",
    "width",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
];
