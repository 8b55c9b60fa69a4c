//! Names of headers, and those that config may not write.

use std::collections::HashMap;
use std::str::FromStr;

use http::HeaderName;

use super::context::Context;
use crate::config::Name;
use crate::diagnostic::Diagnostic;

/// Headers of the connection, which the gateway writes itself.
const OF_THE_CONNECTION: &[&str] = &[
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Headers of replies that say what the gateway did, or when; and `x-ratelimit-*`.
const OF_THE_GATEWAY: &[&str] = &[
    "accept-ranges",
    "age",
    "content-encoding",
    "content-range",
    "date",
    "frontdesk-cache",
    "frontdesk-partial",
    "idempotency-replayed",
    "ratelimit",
    "ratelimit-policy",
    "x-request-id",
];

/// Where a header is written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// A request of ours to an upstream.
    Upstream,
    /// A reply to the client.
    Reply,
}

/// A header that config may write.
pub(super) fn writable(cx: &mut Context<'_>, name: &Name, side: Side) -> Option<HeaderName> {
    let header = valid(cx, name)?;
    let text = header.as_str();
    let help = match side {
        _ if OF_THE_CONNECTION.contains(&text) => "the gateway writes it itself",
        Side::Reply if OF_THE_GATEWAY.contains(&text) || text.starts_with("x-ratelimit-") => {
            "the gateway writes it itself"
        }
        Side::Reply if text == "set-cookie" => "cookies are the gateway's own",
        Side::Reply if text.starts_with("access-control-") => {
            "these headers are the gateway's own: they decide who may read the reply"
        }
        _ => return Some(header),
    };
    cx.wrong(&name.span, format!("the header `{text}` cannot be written here"), help);
    None
}

/// Says where a table has one header twice, in two spellings: one of them would be lost.
pub(super) fn refuse_twice<'n>(cx: &mut Context<'_>, names: impl IntoIterator<Item = &'n Name>) {
    let mut known: HashMap<String, &Name> = HashMap::new();
    for name in names {
        if let Some(other) = known.insert(name.to_ascii_lowercase(), name) {
            cx.mistake(
                Diagnostic::at(name.span.clone(), format!("the header `{name}` stands here twice"))
                    .label(other.span.clone(), "the other one")
                    .help("upper and lower case are the same here: keep one"),
            );
        }
    }
}

/// A header that an endpoint may take from the client.
pub(super) fn readable(cx: &mut Context<'_>, name: &Name) -> Option<HeaderName> {
    let header = valid(cx, name)?;
    let help = match header.as_str() {
        "authorization" | "cookie" | "proxy-authorization" => {
            "what it says is in `$session`; `auth = \"user\"` sends the user's token on"
        }
        "forwarded" | "via" | "x-real-ip" | "x-client-ip" | "true-client-ip" => FORWARDING,
        text if text.starts_with("x-forwarded-") => FORWARDING,
        _ => return Some(header),
    };
    cx.wrong(&name.span, format!("the header `{header}` cannot be an input"), help);
    None
}

const FORWARDING: &str = "anyone can write it; the gateway's own knowledge is in `$request`";

fn valid(cx: &mut Context<'_>, name: &Name) -> Option<HeaderName> {
    let header = HeaderName::from_str(name).ok();
    if header.is_none() {
        let help = "letters, digits and `-`";
        cx.wrong(&name.span, format!("`{name}` is not the name of a header"), help);
    }
    header
}
