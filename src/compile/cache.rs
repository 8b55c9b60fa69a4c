//! `cache` of a call and of a reply, `revalidate`, and `[cache]`.

use std::time::Duration;

use super::call::bytes;
use super::context::Context;
use super::inherit::{CallLevels, Levels};
use super::reader::Reader;
use super::upstreams::positive;
use crate::config::{self, List, Plain, Response, Template};
use crate::plan::{Cache, Caching, Reads, Scope, Tag, Ttl};
use crate::template::Text;

const SCOPES: &[(&str, bool)] = &[("session", false), ("shared", true)];

/// Compiles `[cache]`.
pub(super) fn cache(cx: &mut Context<'_>, written: &config::Cache) -> Option<Cache> {
    let max_size = cx.value(&written.max_size).map(bytes);
    let away_ttl = positive(cx, &written.away_ttl);
    Some(Cache { max_size: max_size?, away_ttl })
}

/// Compiles `cache` of a call, without its rule. The outer `None` is a mistake.
pub(super) fn of_call(
    reader: &mut Reader<'_, '_, '_>,
    defaults: &config::Caching,
    call: &CallLevels<'_>,
) -> Option<Option<Caching>> {
    let Some(written) = call.levels.leaf(|call| call.cache.as_ref()) else { return Some(None) };
    let own = reader.variables.names.read(call.name);
    caching(reader, defaults, written, own)
}

/// Compiles `cache` of a reply, without its rule and what decides it. The outer `None` is a mistake.
pub(super) fn of_reply(
    reader: &mut Reader<'_, '_, '_>,
    defaults: &config::Caching,
    levels: &Levels<'_, Response>,
) -> Option<Option<Caching>> {
    let Some(written) = levels.leaf(|response| response.cache.as_ref()) else { return Some(None) };
    caching(reader, defaults, written, None)
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

/// `own` is the call whose answers are kept; none: whole replies are.
fn caching(
    reader: &mut Reader<'_, '_, '_>,
    defaults: &config::Caching,
    written: &config::Caching,
    own: Option<usize>,
) -> Option<Option<Caching>> {
    let ttl = ttl(reader.cx, written)?;
    if ttl == Ttl::Fixed(Duration::ZERO) {
        return Some(None);
    }
    let levels = [written, defaults];
    let cx = &mut *reader.cx;
    let stale = duration(cx, levels.map(|level| level.stale.as_ref()));
    let stale_if_error = duration(cx, levels.map(|level| level.stale_if_error.as_ref()));
    let negative_ttl = duration(cx, levels.map(|level| level.negative_ttl.as_ref()));
    let scope = scope(reader, written, defaults);
    let tags = written.tags.as_ref().map_or(&[][..], |list| &list.items);
    let tags: Vec<_> = tags.iter().map(|template| tag(reader, template, own)).collect();
    Some(Some(Caching {
        ttl,
        stale: stale?,
        stale_if_error: stale_if_error?,
        negative_ttl: negative_ttl?,
        scope: scope?,
        tags: tags.into_iter().collect::<Option<_>>()?,
        rule: Vec::new(),
        reads: Reads::default(),
    }))
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
    Some(match cx.value(ttl)? {
        config::Ttl::Fixed(time) => Ttl::Fixed(time),
        config::Ttl::Upstream => Ttl::Upstream,
    })
}

fn duration(cx: &mut Context<'_>, levels: [Option<&Plain<Duration>>; 2]) -> Option<Duration> {
    cx.value(levels.into_iter().flatten().next()?)
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
