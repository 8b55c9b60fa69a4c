//! `upstreams.toml`

use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;
use indexmap::IndexMap;
use url::Url;

use super::context::Context;
use super::credential::Words;
use super::headers::{Side, refuse_twice, writable};
use super::names;
use super::scope::{Found, Scope, Seen};
use crate::config::{self, HeaderValue, Name, Plain, Size, Template};
use crate::diagnostic::{Diagnostic, Span};
use crate::plan::{self, Auth};
use crate::template::Text;
use crate::upstream::{Base, Settings};
use crate::value::SmolStr;

/// An upstream, and what it gives to the calls that name it.
pub(super) struct Upstream {
    /// Its index in the plan.
    pub(super) index: usize,
    /// Its base; never to be shown.
    pub(super) url: String,
    /// Headers of every call.
    pub(super) headers: IndexMap<HeaderName, Given>,
    /// Query keys of every call.
    pub(super) query: IndexMap<String, Given>,
    /// Of a call that says none.
    pub(super) timeout: Duration,
    /// Of a call that says none.
    pub(super) max_response: Size,
    /// Of a call that says none: what is sent as `Authorization: Bearer`.
    pub(super) auth: Auth,
    /// Where that stands.
    pub(super) auth_span: Span,
}

/// A header or a query key of every call.
#[derive(Clone)]
pub(super) struct Given {
    /// What it holds.
    pub(super) text: Text,
    /// Where its name stands.
    pub(super) span: Span,
    /// What it reads.
    pub(super) seen: Vec<Seen>,
}

impl Given {
    /// Whether it holds a secret, so that no call may replace it.
    pub(super) fn is_secret(&self) -> bool {
        self.text.template().holds_secret()
    }
}

/// Compiles all upstreams: those of the plan, and what their calls get. A mistake in one does not hide its name.
pub(super) fn upstreams(
    cx: &mut Context<'_>,
    written: &config::Upstreams,
    auth: &Words,
) -> (Vec<plan::Upstream>, IndexMap<String, Upstream>) {
    let mut compiled = Vec::new();
    let mut known = IndexMap::new();
    for (name, upstream) in &written.upstreams {
        names::check(cx, name, &name.span);
        let index = known.len();
        let given = given(cx, upstream, auth, index);
        let based = base(cx, name, upstream);
        let url = based.as_ref().map(|(base, _)| String::from(base.join("", "")));
        let url = url.unwrap_or_default();
        known.insert(name.text.clone(), Upstream { url, ..given });
        let https = based.as_ref().is_some_and(|(base, _)| base.is_https());
        let settings = Arc::new(settings(cx, upstream, https));
        // Without one there is a mistake, and no plan.
        let Some((base, shown)) = based else { continue };
        compiled.push(plan::Upstream { name: SmolStr::new(&name.text), settings, base, shown });
    }
    (compiled, known)
}

fn given(
    cx: &mut Context<'_>,
    upstream: &config::Upstream,
    auth: &Words,
    index: usize,
) -> Upstream {
    let auth = auth.read(cx, &upstream.auth).unwrap_or(Auth::None);
    refuse_twice(cx, upstream.headers.keys());
    let headers = upstream.headers.iter();
    let headers = headers.filter_map(|(name, value)| {
        let header = writable(cx, name, Side::Upstream)?;
        if auth != Auth::None && header == http::header::AUTHORIZATION {
            let help = "`auth` writes it already";
            cx.wrong(
                &name.span,
                "the header `authorization` cannot be written beside `auth`",
                help,
            );
        }
        let HeaderValue::Set(template) = value else { return None };
        let mut found = Found::default();
        let text = cx.header(template, &mut Scope::Upstream { found: &mut found })?;
        Some((header, Given { text, span: name.span.clone(), seen: found.seen }))
    });
    let headers = headers.collect();
    let query = upstream.query.iter().filter_map(|(name, template): (&Name, &Template)| {
        let mut found = Found::default();
        let text = cx.text(template, &mut Scope::Upstream { found: &mut found })?;
        Some((name.text.clone(), Given { text, span: name.span.clone(), seen: found.seen }))
    });
    let query = query.collect();
    Upstream {
        index,
        url: String::new(),
        headers,
        query,
        timeout: positive(cx, &upstream.timeout),
        max_response: cx.value(&upstream.max_response).unwrap_or(Size(0)),
        auth,
        auth_span: upstream.auth.span.clone(),
    }
}

/// A duration that is more than nothing; a placeholder where it is a mistake.
pub(super) fn positive(cx: &mut Context<'_>, plain: &Plain<Duration>) -> Duration {
    let duration = cx.value(plain).unwrap_or(Duration::MAX);
    if duration.is_zero() {
        cx.wrong(&plain.span, "nothing can be done in no time", "write a duration such as \"3s\"");
    }
    duration
}

fn settings(cx: &mut Context<'_>, upstream: &config::Upstream, https: bool) -> Settings {
    let authority = upstream.tls.as_ref().and_then(|tls| tls.ca.as_ref());
    let proxy = upstream.proxy.as_ref().and_then(|proxy| proxy_address(cx, proxy));
    Settings {
        connect_timeout: positive(cx, &upstream.connect_timeout),
        idle_timeout: positive(cx, &upstream.idle_timeout),
        http2: cx.value(&upstream.http2).unwrap_or(false),
        tls: https || proxy.as_ref().is_some_and(|proxy| proxy.starts_with("https:")),
        ca: authority.and_then(|path| certificates(cx, path)),
        proxy,
    }
}

pub(super) fn certificates(cx: &mut Context<'_>, path: &Plain<String>) -> Option<String> {
    let pem = cx.file(path)?;
    let parsed = reqwest::Certificate::from_pem_bundle(pem.as_bytes());
    if parsed.is_ok_and(|certificates| !certificates.is_empty()) {
        return Some(pem);
    }
    let help = "it has parts like `-----BEGIN CERTIFICATE-----`";
    cx.wrong(&path.span, "the file holds no certificates as PEM", help);
    None
}

/// `http://users:7001/base`, without a slash at its end, and how it is shown.
fn base(cx: &mut Context<'_>, name: &Name, upstream: &config::Upstream) -> Option<(Base, String)> {
    let Some(written) = &upstream.url else {
        if !upstream.wrong.contains(&"url") {
            let help = format!("add `url = \"http://{name}:8080\"`");
            let title = format!("the upstream `{name}` has no `url`");
            cx.wrong(&upstream.span, title, help);
        }
        return None;
    };
    let text = cx.resolved(written)?;
    match base_of(&text.value) {
        Ok(base) => {
            let shown = base.as_str().trim_end_matches('/').to_owned();
            let shown = if text.secret { format!("({name})") } else { shown };
            Some((Base::new(base), shown))
        }
        Err(why) => {
            let title = format!("this cannot be the `url` of an upstream: {why}");
            cx.wrong(&written.span, title, "such as \"http://users:7001\", or with a base path");
            None
        }
    }
}

fn base_of(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "it is not a URL")?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("it does not begin with `http://` or `https://`");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it holds a user; a key goes into `headers`");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("it has a `?` or a `#`; a query goes into `query`");
    }
    Ok(url)
}

fn proxy_address(cx: &mut Context<'_>, written: &Plain<String>) -> Option<String> {
    let text = cx.value(written)?;
    let url = Url::parse(&text).ok().filter(Url::has_host);
    if let Some(url) = url.filter(|_| reqwest::Proxy::all(&text).is_ok()) {
        return Some(url.into());
    }
    let title = "this is not the address of a proxy";
    cx.mistake(Diagnostic::at(written.span.clone(), title).help("such as \"http://egress:3128\""));
    None
}
