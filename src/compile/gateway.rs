//! `gateway.toml`: listeners, limits, the log.

use std::net::SocketAddr;
use std::time::Duration;

use super::call::bytes;
use super::context::Context;
use crate::config::{Admin, Gateway, Plain, Size};
use crate::csrf::Origin;
use crate::diagnostic::Diagnostic;
use crate::jq;
use crate::plan::{AdminToken, Limits, MAX_WORKERS, Server, ValidateResponses};
use crate::telemetry;

/// Compiles what the listeners need.
pub(super) fn server(cx: &mut Context<'_>, gateway: &Gateway) -> Option<Server> {
    let server = &gateway.server;
    let listen: Vec<_> = server.listen.iter().map(|one| listener(cx, one)).collect();
    let admin = admin(cx, &gateway.admin);
    let token = cx.optional(gateway.admin.token.as_ref()).flatten();
    distinct(cx, gateway);
    let workers = workers(cx, &server.workers);
    let header_timeout = some_time(cx, &server.header_timeout);
    let keep_alive = cx.value(&server.keep_alive);
    let max_requests = cx.value(&server.max_requests_per_connection);
    let max_connections = positive(cx, &server.max_connections);
    let drain_timeout = cx.value(&server.drain_timeout);
    let words = [("auto", "auto"), ("pretty", "pretty"), ("json", "json")];
    let log = cx.word(&gateway.telemetry.log, &words);
    let level = level(cx, &gateway.telemetry.level);
    Some(Server {
        listen: listen.into_iter().collect::<Option<_>>()?,
        admin: admin?,
        admin_token: token.filter(|token| !token.is_empty()).map(AdminToken::new),
        workers: workers?,
        header_timeout: header_timeout?,
        keep_alive: keep_alive?,
        max_requests_per_connection: max_requests?,
        max_connections: max_connections?,
        drain_timeout: drain_timeout?,
        log: log?.to_owned(),
        level: level?,
    })
}

/// Compiles the limits of one request.
pub(super) fn limits(cx: &mut Context<'_>, gateway: &Gateway) -> Option<Limits> {
    let server = &gateway.server;
    let max_uri = size_up_to(cx, &server.max_uri, 60);
    let max_header_bytes = size_up_to(cx, &server.max_header_bytes, 64);
    let max_headers = positive(cx, &server.max_headers);
    let body_timeout = some_time(cx, &server.body_timeout);
    let max_json_depth = depth(cx, &server.max_json_depth);
    let max_parameters = number(cx, &server.max_parameters);
    let steps = cx.value(&server.max_program_steps);
    let output = size(cx, &server.max_reply);
    Some(Limits {
        max_uri: max_uri?,
        max_header_bytes: max_header_bytes?,
        max_headers: max_headers?,
        body_timeout: body_timeout?,
        max_json_depth: max_json_depth?,
        max_parameters: max_parameters?,
        program: jq::Limits { steps: steps?, output: output? },
    })
}

/// Compiles what becomes of a reply that its schema refuses.
pub(super) fn validate_responses(
    cx: &mut Context<'_>,
    gateway: &Gateway,
) -> Option<ValidateResponses> {
    let words = [
        ("off", ValidateResponses::Off),
        ("log", ValidateResponses::Log),
        ("fail", ValidateResponses::Fail),
    ];
    cx.word(&gateway.server.validate_responses, &words)
}

/// The origins that count as our own.
pub(super) fn origins(cx: &mut Context<'_>, gateway: &Gateway) -> Vec<Origin> {
    let written = &gateway.server.origin;
    let Some(origin) = cx.value(written) else { return Vec::new() };
    if origin.is_empty() {
        return development_origins(cx, gateway);
    }
    self::origin(cx, written).into_iter().collect()
}

/// A public origin.
pub(super) fn origin(cx: &mut Context<'_>, written: &Plain<String>) -> Option<Origin> {
    match Origin::parse(&cx.value(written)?) {
        Ok(origin) => Some(origin),
        Err(why) => {
            let help = format!("{why}; such as \"https://app.example.com\"");
            cx.wrong(&written.span, "this cannot be the origin", help);
            None
        }
    }
}

/// A size as a number of bytes.
pub(super) fn size(cx: &mut Context<'_>, plain: &Plain<Size>) -> Option<usize> {
    cx.value(plain).map(bytes)
}

/// Where no origin is said: the listeners' own, and `localhost` for those on loopback.
fn development_origins(cx: &mut Context<'_>, gateway: &Gateway) -> Vec<Origin> {
    let mut origins = Vec::new();
    for written in &gateway.server.listen {
        let address = cx.value(written).and_then(|text| text.parse::<SocketAddr>().ok());
        let Some(address) = address else { continue };
        let mut texts = vec![format!("http://{address}")];
        if address.ip().is_loopback() || address.ip().is_unspecified() {
            texts.push(format!("http://localhost:{}", address.port()));
            texts.push(format!("http://127.0.0.1:{}", address.port()));
        }
        origins.extend(texts.iter().filter_map(|text| Origin::parse(text).ok()));
    }
    origins
}

fn listener(cx: &mut Context<'_>, written: &Plain<String>) -> Option<String> {
    let address = cx.value(written)?;
    let socket = address.strip_prefix("unix:").is_some_and(|path| path.starts_with('/'));
    if socket || address.parse::<SocketAddr>().is_ok() {
        return Some(address);
    }
    let help = "such as \"127.0.0.1:8080\", \"[::]:8080\" or \"unix:/run/frontdesk.sock\"";
    cx.wrong(&written.span, "this is not an address to listen on", help);
    None
}

/// There is one at least, and none twice.
fn distinct(cx: &mut Context<'_>, gateway: &Gateway) {
    if gateway.server.listen.is_empty() {
        let help = "leave `listen` out of `[server]` for 127.0.0.1:8080";
        cx.mistake(Diagnostic::without_place("`listen` is empty: nobody could ask").help(help));
    }
    let mut seen = Vec::new();
    for written in gateway.server.listen.iter().chain([&gateway.admin.listen]) {
        let Some(address) = cx.value(written) else { continue };
        // The system finds another port each time.
        let is_any = address.parse::<SocketAddr>().is_ok_and(|address| address.port() == 0);
        if !is_any && seen.contains(&address) {
            let help = "each listener needs an address of its own";
            cx.wrong(&written.span, "this address is listened on already", help);
        }
        seen.push(address);
    }
}

fn admin(cx: &mut Context<'_>, admin: &Admin) -> Option<String> {
    let address = listener(cx, &admin.listen);
    let token = cx.optional(admin.token.as_ref());
    let address = address?;
    let local = address.parse::<SocketAddr>().map_or(true, |address| address.ip().is_loopback());
    let empty = token?.is_none_or(|token| token.is_empty());
    if !local && empty {
        let help = "add `token = \"${ADMIN_TOKEN}\"`, or listen on 127.0.0.1";
        cx.wrong(&admin.listen.span, "the admin listener needs a token on this address", help);
    }
    Some(address)
}

fn level(cx: &mut Context<'_>, written: &Plain<String>) -> Option<String> {
    let level = cx.value(written)?;
    match telemetry::check_level(&level) {
        Ok(()) => Some(level),
        Err(_) => {
            let help = "a level, or one per target: \"info,frontdesk::upstream=debug\"; \
                        levels are error, warn, info, debug, trace and off";
            cx.wrong(&written.span, "this is not a level of the log", help);
            None
        }
    }
}

fn workers(cx: &mut Context<'_>, plain: &Plain<u64>) -> Option<usize> {
    let workers = number(cx, plain)?;
    if workers > MAX_WORKERS {
        let title = format!("there are {MAX_WORKERS} workers at most");
        cx.wrong(&plain.span, title, "0 gives one per core");
    }
    Some(workers)
}

fn number(cx: &mut Context<'_>, plain: &Plain<u64>) -> Option<usize> {
    cx.value(plain).map(|number| usize::try_from(number).unwrap_or(usize::MAX))
}

fn positive(cx: &mut Context<'_>, plain: &Plain<u64>) -> Option<usize> {
    let number = number(cx, plain)?;
    if number == 0 {
        cx.mistake(Diagnostic::at(plain.span.clone(), "at least 1 is needed"));
    }
    Some(number)
}

/// More than the server can take would be a promise that is not kept: a target's length has 16 bits, a head's 17.
fn size_up_to(cx: &mut Context<'_>, plain: &Plain<Size>, most_kib: usize) -> Option<usize> {
    let bytes = size(cx, plain)?;
    if !(1..=most_kib << 10).contains(&bytes) {
        cx.wrong(&plain.span, "this cannot be the limit", format!("\"{most_kib}KiB\" at most"));
    }
    Some(bytes)
}

fn some_time(cx: &mut Context<'_>, plain: &Plain<Duration>) -> Option<Duration> {
    let time = cx.value(plain)?;
    if time.is_zero() {
        let help = "say how long a client may take, such as \"10s\"";
        cx.wrong(&plain.span, "no request arrives in no time", help);
    }
    Some(time)
}

/// Deeper than a value may be at all would be a promise that is not kept.
fn depth(cx: &mut Context<'_>, plain: &Plain<u64>) -> Option<u32> {
    let most = crate::value::MAX_DEPTH;
    let depth = cx.value(plain)?;
    let fits = u32::try_from(depth).ok().filter(|depth| (1..=most).contains(depth));
    if fits.is_none() {
        let title = format!("the depth is 1 to {most}");
        cx.mistake(Diagnostic::at(plain.span.clone(), title));
    }
    fits
}
