//! `cache` of a call and of a reply, `revalidate`, and `[cache]`.

use std::time::Duration;

use super::call::bytes;
use super::context::Context;
use super::idempotency::not_for_ever;
use super::inherit::{CallLevels, Levels};
use super::reader::Reader;
use super::scope::Seen;
use super::upstreams::positive;
use crate::config::{self, List, Method, Plain, Response, Route, Template};
use crate::diagnostic::Span;
use crate::plan::{Cache, Caching, Reads, Scope, Tag, Ttl};
use crate::template::Text;

const SCOPES: &[(&str, bool)] = &[("session", false), ("shared", true)];

/// Compiles `[cache]`.
pub(super) fn cache(cx: &mut Context<'_>, written: &config::Cache) -> Option<Cache> {
    let max_size = cx.value(&written.max_size).map(bytes);
    let away_ttl = positive(cx, &written.away_ttl);
    let max_shared = cx.value(&written.max_shared).map(bytes);
    Some(Cache { max_size: max_size?, away_ttl, max_shared: max_shared? })
}

/// A `cache`, and where it says what.
#[derive(Default)]
pub(super) struct Kept {
    /// As the plan has it, but for its rule and what decides it; none: nothing is kept. The outer `None` is a mistake.
    pub(super) caching: Option<Option<Caching>>,
    /// Where the table stands.
    pub(super) table: Span,
    /// Where its `scope` stands, if it says one.
    pub(super) scope: Option<Span>,
    /// What its `scope_from` reads.
    pub(super) scope_reads: Vec<Seen>,
}

/// Compiles `cache` of a call.
pub(super) fn of_call(
    reader: &mut Reader<'_, '_, '_>,
    defaults: &config::Caching,
    call: &CallLevels<'_>,
) -> Kept {
    let own = reader.variables.names.read(call.name);
    let written = call.levels.leaf(|call| call.cache.as_ref());
    written.map_or_else(Kept::nothing, |written| kept(reader, defaults, written, own))
}

/// Compiles `cache` of a reply. Only a GET's is kept: what stands above the methods is not meant for the others.
pub(super) fn of_reply(
    reader: &mut Reader<'_, '_, '_>,
    defaults: &config::Caching,
    method: Method,
    levels: &Levels<'_, Response>,
) -> Kept {
    let written = levels.leaf(|response| response.cache.as_ref());
    let written = written.filter(|_| method == Method::Get);
    written.map_or_else(Kept::nothing, |written| kept(reader, defaults, written, None))
}

/// Says where a method's own table keeps what cannot be kept, or revalidates where nothing changes.
pub(super) fn refuse(cx: &mut Context<'_>, route: &Route, method: Method) {
    let files = std::iter::once(&route.file).chain(route.defaults.iter().map(AsRef::as_ref));
    for endpoint in files.filter_map(|file| file.methods.get(&method)) {
        if let Some(cache) = endpoint.response.cache.as_ref().filter(|_| method != Method::Get) {
            let title = format!("the reply to a {} is not kept", method.name());
            cx.wrong(&cache.span, title, "it may change something: say it in a `[get]`");
        }
        if let Some(tags) = endpoint.revalidate.as_ref().filter(|_| method == Method::Get) {
            let help = "say it where something is changed, such as in a `[post]`";
            cx.wrong(&tags.span, "a GET changes nothing, so it revalidates nothing", help);
        }
    }
}

/// Compiles `revalidate`.
pub(super) fn revalidate(
    reader: &mut Reader<'_, '_, '_>,
    written: Option<&List<Template>>,
) -> Option<Vec<Text>> {
    let templates = written.map_or(&[][..], |list| &list.items);
    let texts: Vec<_> = templates.iter().map(|template| tag_text(reader, template)).collect();
    texts.into_iter().collect()
}

impl Kept {
    fn nothing() -> Self {
        Self { caching: Some(None), ..Self::default() }
    }
}

/// `own` is the call whose answers are kept; none: whole replies are.
fn kept(
    reader: &mut Reader<'_, '_, '_>,
    defaults: &config::Caching,
    written: &config::Caching,
    own: Option<usize>,
) -> Kept {
    let kept = Kept { table: written.span.clone(), ..Kept::default() };
    let ttl = ttl(reader.cx, written);
    if ttl == Some(Ttl::Fixed(Duration::ZERO)) {
        return Kept { caching: Some(None), ..kept };
    }
    let before = reader.found.seen.len();
    let scope = scope(reader, written, defaults);
    let scope_reads = reader.found.seen[before..].to_vec();
    let caching = caching(reader, [written, defaults], own, (ttl, scope));
    let scope = written.scope.as_ref().map(|word| word.span.clone());
    Kept { caching: caching.map(Some), scope, scope_reads, ..kept }
}

fn caching(
    reader: &mut Reader<'_, '_, '_>,
    levels: [&config::Caching; 2],
    own: Option<usize>,
    (ttl, scope): (Option<Ttl>, Option<Scope>),
) -> Option<Caching> {
    let stale = duration(reader.cx, levels.map(|level| level.stale.as_ref()));
    let stale_if_error = duration(reader.cx, levels.map(|level| level.stale_if_error.as_ref()));
    let negative_ttl = duration(reader.cx, levels.map(|level| level.negative_ttl.as_ref()));
    let tags = levels.into_iter().find_map(|level| level.tags.as_ref());
    let tags = tags.map_or(&[][..], |list| &list.items);
    let tags: Vec<_> = tags.iter().map(|template| tag(reader, template, own)).collect();
    Some(Caching {
        ttl: ttl?,
        stale: stale?,
        stale_if_error: stale_if_error?,
        negative_ttl: negative_ttl?,
        scope: scope?,
        tags: tags.into_iter().collect::<Option<_>>()?,
        rule: Vec::new(),
        reads: Reads::default(),
    })
}

fn ttl(cx: &mut Context<'_>, written: &config::Caching) -> Option<Ttl> {
    let Some(ttl) = &written.ttl else {
        if !written.wrong.contains(&"ttl") {
            let help = "such as `ttl = \"30s\"`, or `ttl = \"upstream\"` for what its \
                        `Cache-Control` says";
            cx.wrong(&written.span, "this cache has no `ttl`", help);
        }
        return None;
    };
    match cx.value(ttl)? {
        config::Ttl::Fixed(time) => Some(Ttl::Fixed(not_for_ever(cx, &ttl.span, time))),
        config::Ttl::Upstream => Some(Ttl::Upstream),
    }
}

fn duration(cx: &mut Context<'_>, levels: [Option<&Plain<Duration>>; 2]) -> Option<Duration> {
    let written = levels.into_iter().flatten().next()?;
    let time = cx.value(written)?;
    Some(not_for_ever(cx, &written.span, time))
}

fn scope(
    reader: &mut Reader<'_, '_, '_>,
    written: &config::Caching,
    defaults: &config::Caching,
) -> Option<Scope> {
    if let (Some(scope), Some(_)) = (&written.scope, &written.scope_from) {
        let help = "take one of them away";
        reader.cx.wrong(&scope.span, "`scope` cannot stand beside `scope_from`", help);
        return None;
    }
    if let Some(program) = &written.scope_from {
        return reader.program(program).map(Scope::From);
    }
    let word = written.scope.as_ref().or(defaults.scope.as_ref())?;
    let shared = reader.cx.word(word, SCOPES)?;
    Some(if shared { Scope::Shared } else { Scope::Session })
}

/// A tag of a call may read its answer: it does not wait for itself. That of a reply is made once all calls are settled.
fn tag(reader: &mut Reader<'_, '_, '_>, written: &Template, own: Option<usize>) -> Option<Tag> {
    let before = reader.found.edges.len();
    let text = tag_text(reader, written);
    let read = reader.found.edges.split_off(before);
    let of_answer = |call: usize| own.is_none_or(|own| own == call);
    let reads_answer = read.iter().any(|edge| of_answer(edge.to));
    reader.found.edges.extend(read.into_iter().filter(|edge| own != Some(edge.to)));
    Some(Tag { text: text?, reads_answer })
}

fn tag_text(reader: &mut Reader<'_, '_, '_>, written: &Template) -> Option<Text> {
    if written.text.trim().is_empty() {
        let help = "name what it is about: `\"posts\"`, `\"user:{$session.sub}\"`";
        reader.cx.wrong(&written.span, "a tag is a text", help);
        return None;
    }
    reader.text(written)
}
