//! `[cors]`, of the gateway and of routes.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;

use super::context::Context;
use super::inherit::Levels;
use crate::config::{Cors, List, Plain};
use crate::cors::{Origin, Policy};
use crate::diagnostic::{Diagnostic, Span};

/// Compiles what these levels share; none where that is with nobody, or with a mistake.
pub(super) fn policy(cx: &mut Context<'_>, levels: &Levels<'_, Cors>) -> Option<Arc<Policy>> {
    let written = levels.leaf(|cors| cors.origins.as_ref());
    let origins = written.and_then(|written| origins(cx, written));
    let credentials = levels.leaf(|cors| cors.credentials.as_ref());
    let shares = credentials.and_then(|written| cx.value(written));
    let with = credentials.filter(|_| shares == Some(true)).map(|written| &written.span);
    let any = written.and_then(|written| written.items.iter().find(|one| is_any(cx, one)));
    if let (Some(any), Some(with)) = (any, with) {
        refuse_any(cx, &any.span, with, "name the origins that may send cookies");
    }
    let allow_headers = levels.leaf(|cors| cors.allow_headers.as_ref());
    let allow_headers = names(cx, allow_headers, with);
    let expose_headers = levels.leaf(|cors| cors.expose_headers.as_ref());
    let expose_headers = names(cx, expose_headers, with);
    let max_age = levels.leaf(|cors| cors.max_age.as_ref());
    let max_age = max_age.map_or(Some(None), |written| seconds(cx, written).map(Some));
    let private_network = cx.optional(levels.leaf(|cors| cors.private_network.as_ref()));
    let policy = Policy::new(origins.filter(|origins| !origins.is_empty())?)
        .credentials(shares?)
        .allow_headers(&allow_headers?)
        .expose_headers(&expose_headers?)
        .max_age(max_age??)
        .private_network(private_network??);
    Some(Arc::new(policy))
}

/// Browsers know no smaller unit (Fetch §3.2.2).
fn seconds(cx: &mut Context<'_>, written: &Plain<Duration>) -> Option<Duration> {
    let time = cx.value(written)?;
    if time.subsec_nanos() > 0 {
        let help = "such as \"5s\"; \"0s\" lets browsers keep nothing";
        cx.wrong(&written.span, "`max_age` is whole seconds", help);
    }
    Some(time)
}

fn origins(cx: &mut Context<'_>, written: &List<Plain<String>>) -> Option<Vec<Origin>> {
    let origins: Vec<_> = written.items.iter().map(|one| origin(cx, one)).collect();
    let origins = origins.into_iter().collect::<Option<Vec<_>>>()?;
    if origins.contains(&Origin::Any) && origins.len() > 1 {
        let help = "take the others away, or the `*`";
        cx.wrong(&written.span, "`*` stands beside other origins, which it means too", help);
    }
    Some(origins)
}

fn origin(cx: &mut Context<'_>, written: &Plain<String>) -> Option<Origin> {
    let text = cx.value(written)?;
    match Origin::parse(&text) {
        Ok(origin) => Some(origin),
        Err(why) => {
            let help = format!("{why}; such as \"https://app.example.com\"");
            cx.wrong(&written.span, "this cannot be an origin that is allowed", help);
            None
        }
    }
}

/// The names of headers. With credentials `*` would be the name of a header (Fetch §3.2.4).
fn names(
    cx: &mut Context<'_>,
    written: Option<&Vec<Plain<String>>>,
    with: Option<&Span>,
) -> Option<Vec<String>> {
    let mut names = Some(Vec::new());
    for plain in written? {
        let name = cx.value(plain);
        let name = name.and_then(|name| match (&*name, with) {
            ("*", Some(with)) => {
                refuse_any(cx, &plain.span, with, "name the headers");
                None
            }
            ("*", None) => Some(name),
            _ => named(cx, plain, &name),
        });
        names = names.zip(name).map(|(mut names, name)| {
            names.push(name);
            names
        });
    }
    names
}

fn named(cx: &mut Context<'_>, written: &Plain<String>, name: &str) -> Option<String> {
    match HeaderName::from_str(name) {
        Ok(name) => Some(name.to_string()),
        Err(_) => {
            let help = "letters, digits and `-`, such as \"x-csrf\"";
            cx.wrong(&written.span, "this is not the name of a header", help);
            None
        }
    }
}

fn is_any(cx: &mut Context<'_>, written: &Plain<String>) -> bool {
    cx.value(written).is_some_and(|text| text == "*")
}

fn refuse_any(cx: &mut Context<'_>, span: &Span, with: &Span, help: &str) {
    cx.mistake(
        Diagnostic::at(span.clone(), "`*` cannot be shared with credentials")
            .label(with.clone(), "which are sent along here")
            .help(help),
    );
}
