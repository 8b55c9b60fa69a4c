//! What a call sends: method, path, query, headers, body.

use http::header::AUTHORIZATION;
use http::{HeaderName, Method};

use super::credential::Words;
use super::headers::{Side, refuse_twice, writable};
use super::inherit::CallLevels;
use super::reader::Reader;
use super::upstreams::Upstream;
use crate::config::{Call, HeaderValue, Name};
use crate::diagnostic::{Diagnostic, Span};
use crate::plan::{Auth, Body};
use crate::template::{Path, Text};
use crate::value::SmolStr;

/// What a call sends. `None` in a part is a mistake.
pub(super) struct Request {
    /// Its method.
    pub(super) method: Option<Method>,
    /// Its path.
    pub(super) path: Option<Path>,
    /// Its query, the upstream's keys first.
    pub(super) query: Vec<(SmolStr, Text)>,
    /// Its headers and the upstream's.
    pub(super) headers: Vec<(HeaderName, Text)>,
    /// Its body.
    pub(super) body: Option<Body>,
    /// What is sent as `Authorization: Bearer`.
    pub(super) auth: Auth,
    /// Where that stands.
    pub(super) auth_span: Option<Span>,
}

const METHODS: &[(&str, Method)] = &[
    ("GET", Method::GET),
    ("HEAD", Method::HEAD),
    ("POST", Method::POST),
    ("PUT", Method::PUT),
    ("PATCH", Method::PATCH),
    ("DELETE", Method::DELETE),
];

/// Compiles what a call sends.
pub(super) fn request(
    reader: &mut Reader<'_, '_, '_>,
    upstream: Option<&Upstream>,
    words: &Words,
    call: &CallLevels<'_>,
) -> Request {
    let levels = &call.levels;
    let own = levels.leaf(|call| call.auth.as_ref());
    let auth = match own {
        Some(word) => words.read(reader.cx, word).unwrap_or(Auth::None),
        None => upstream.map_or(Auth::None, |upstream| upstream.auth),
    };
    let auth_span = own.map(|word| &word.span).or(upstream.map(|upstream| &upstream.auth_span));
    let method = levels.leaf(|call| call.method.as_ref());
    let method = method.and_then(|word| reader.cx.word(word, METHODS));
    Request {
        path: path(reader, call),
        query: query(reader, upstream, call),
        headers: headers(reader, upstream, call, auth),
        body: body(reader, call, method.as_ref()),
        method,
        auth,
        auth_span: auth_span.cloned(),
    }
}

fn path(reader: &mut Reader<'_, '_, '_>, call: &CallLevels<'_>) -> Option<Path> {
    let Some(path) = call.levels.leaf(|call| call.path.as_ref()) else {
        if !call.levels.is_wrong("path") {
            let title = format!("the call `{}` has no `path`", call.name);
            reader.cx.wrong(&call.name.span, title, "such as `path = \"/users/{$params.id}\"`");
        }
        return None;
    };
    reader.path(path)
}

fn query(
    reader: &mut Reader<'_, '_, '_>,
    upstream: Option<&Upstream>,
    call: &CallLevels<'_>,
) -> Vec<(SmolStr, Text)> {
    let mut given = upstream.map(|upstream| upstream.query.clone()).unwrap_or_default();
    let mut own = Vec::new();
    for (name, template) in call.levels.named(|call| &call.query, str::to_owned).into_values() {
        if let Some(secret) = given.get(&name.text).filter(|given| given.is_secret()) {
            keeps_secret(reader, name, "query key", &secret.span);
            continue;
        }
        given.shift_remove(&name.text);
        own.extend(reader.text(template).map(|text| (SmolStr::new(&name.text), text)));
    }
    let seen = given.values().flat_map(|given| given.seen.iter().cloned());
    reader.found.seen.extend(seen);
    let given = given.into_iter().map(|(name, given)| (SmolStr::new(name), given.text));
    given.chain(own).collect()
}

fn headers(
    reader: &mut Reader<'_, '_, '_>,
    upstream: Option<&Upstream>,
    call: &CallLevels<'_>,
    auth: Auth,
) -> Vec<(HeaderName, Text)> {
    let mut given = upstream.map(|upstream| upstream.headers.clone()).unwrap_or_default();
    let mut own = Vec::new();
    for table in call.levels.every(|call| Some(&call.headers)) {
        refuse_twice(reader.cx, table.keys());
    }
    let merged = call.levels.named(|call| &call.headers, str::to_ascii_lowercase);
    for (name, value) in merged.into_values() {
        let Some(header) = writable(reader.cx, name, Side::Upstream) else { continue };
        if let Some(secret) = given.get(&header).filter(|given| given.is_secret()) {
            keeps_secret(reader, name, "header", &secret.span);
            continue;
        }
        given.shift_remove(&header);
        let HeaderValue::Set(template) = value else { continue };
        if auth != Auth::None && header == AUTHORIZATION {
            let title = "the header `authorization` cannot be written beside `auth`";
            reader.cx.wrong(&name.span, title, "`auth` writes it already");
        }
        own.extend(reader.header(template).map(|text| (header, text)));
    }
    let auth = call.levels.leaf(|call| call.auth.as_ref()).filter(|_| auth != Auth::None);
    if let (Some(auth), Some(header)) = (auth, given.get(&AUTHORIZATION)) {
        let title = "`auth` cannot be beside a header `authorization`";
        reader.cx.mistake(
            Diagnostic::at(auth.span.clone(), title)
                .label(header.span.clone(), "the upstream sets it here")
                .help("write `auth = \"none\"`, or take the header away"),
        );
    }
    let seen = given.values().flat_map(|given| given.seen.iter().cloned());
    reader.found.seen.extend(seen);
    given.into_iter().map(|(name, given)| (name, given.text)).chain(own).collect()
}

fn keeps_secret(reader: &mut Reader<'_, '_, '_>, name: &Name, what: &str, given: &Span) {
    let title = format!("the {what} `{name}` holds a secret of the upstream");
    reader.cx.mistake(
        Diagnostic::at(name.span.clone(), title)
            .label(given.clone(), "it is set here")
            .help("a call can neither replace it nor take it away"),
    );
}

fn body(
    reader: &mut Reader<'_, '_, '_>,
    call: &CallLevels<'_>,
    method: Option<&Method>,
) -> Option<Body> {
    let says = |call: &Call| call.json.is_some() || call.form.is_some() || call.body.is_some();
    let Some(nearest) = call.levels.nearest(says) else { return Some(Body::None) };
    let name = call.name;
    let kinds = [nearest.json.is_some(), nearest.form.is_some(), nearest.body.is_some()];
    if kinds.into_iter().filter(|said| *said).count() > 1 {
        let title = format!("the call `{name}` has more than one body");
        reader.cx.wrong(&name.span, title, "write one of `json`, `form` and `body`");
        return None;
    }
    if method.is_some_and(|method| matches!(*method, Method::GET | Method::HEAD)) {
        let title = format!("the call `{name}` has a body, but its method has none");
        reader.cx.wrong(&name.span, title, "say `method = \"POST\"`");
        return None;
    }
    if let Some(json) = &nearest.json {
        return reader.program(json).map(Body::Json);
    }
    if let Some(form) = &nearest.form {
        let fields: Vec<_> = form
            .iter()
            .map(|(name, template)| Some((SmolStr::new(&name.text), reader.text(template)?)))
            .collect();
        return fields.into_iter().collect::<Option<_>>().map(Body::Form);
    }
    nearest.body.as_ref().and_then(|word| reader.cx.word(word, &[("raw", ())])).map(|()| Body::Raw)
}
