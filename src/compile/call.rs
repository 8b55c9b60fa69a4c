//! `[calls.NAME]`: when a call is sent, and what its answer means.

use http::Method;
use indexmap::IndexMap;

use super::cache;
use super::context::Context;
use super::fault::of_status;
use super::idempotency::sends_key;
use super::inherit::{CallLevels, Levels};
use super::reader::Reader;
use super::request::{Request, request};
use super::rule;
use super::schema;
use super::scope::{Edge, Found, Place, Variables};
use super::upstreams::{Upstream, positive};
use super::world::{Codes, World};
use crate::config::{self, OnStatus as Written, Plain, Size, did_you_mean};
use crate::diagnostic::{Diagnostic, Span};
use crate::plan::{Caching, Call, Each, Expect, OnStatus};
use crate::value::{SmolStr, Value};

/// A call, before its place in the order is known.
pub(super) struct Draft {
    /// Its name.
    pub(super) name: String,
    /// Where its name stands.
    pub(super) span: Span,
    /// It stands in the method's own table.
    pub(super) own: bool,
    /// What it reads and needs.
    pub(super) found: Found,
    /// The calls that it needs.
    pub(super) needs: Vec<usize>,
    /// It changes something.
    pub(super) changes: bool,
    /// It may run beside others that change something.
    pub(super) parallel: bool,
    /// The call, without its order; none with a mistake.
    pub(super) call: Option<Call>,
}

/// Compiles a call that is sent.
pub(super) fn draft(
    cx: &mut Context<'_>,
    world: &mut World<'_>,
    call: &CallLevels<'_>,
    variables: &mut Variables<'_>,
) -> Draft {
    super::names::check(cx, call.name, &call.name.span);
    let item = call.levels.leaf(|call| call.each.as_ref()).is_some();
    let mut reader = Reader { place: Place { item, error: false }, ..Reader::new(cx, variables) };
    let upstream = upstream(reader.cx, &world.upstreams, call);
    let sent = request(&mut reader, upstream, &world.auth, call);
    let on_status = on_statuses(&mut reader, &mut world.codes, call, item);
    let outside = Place::default();
    let when = reader.maybe_at(outside, call.levels.leaf(|call| call.when.as_ref()));
    let items = reader.maybe_at(outside, call.levels.leaf(|call| call.each.as_ref()));
    let cache = cache::of_call(&mut reader, world.cache_defaults, call);
    let needs = needs(&mut reader, call);
    let found = std::mem::take(&mut reader.found);
    let changes = flag(cx, &call.levels, |call| call.reads.as_ref()) != Some(true)
        && sent.method.as_ref().is_none_or(|method| !is_read(method));
    let parallel = flag(cx, &call.levels, |call| call.parallel.as_ref()).unwrap_or(false);
    let parts = Parts { sent, when, items, on_status, cache };
    let compiled = assemble(cx, call, upstream, parts);
    let compiled = compiled.map(|compiled| {
        let compiled = Call { changes, ..compiled };
        let idempotency_key = sends_key(cx, call, &compiled);
        let rule = compiled.cache.as_ref().map(|it| rule::of_call(&cx.library, &compiled, it));
        let cache = compiled.cache.zip(rule).map(|(cache, rule)| Caching { rule, ..cache });
        Call { idempotency_key, cache, ..compiled }
    });
    let (name, span) = (call.name.text.clone(), call.name.span.clone());
    Draft { name, span, own: call.own, found, needs, changes, parallel, call: compiled }
}

/// What of a call is compiled first, since it reads other calls.
struct Parts {
    sent: Request,
    when: Option<Option<crate::jq::Program>>,
    items: Option<Option<crate::jq::Program>>,
    on_status: Option<Vec<(u16, OnStatus)>>,
    cache: Option<Option<Caching>>,
}

fn assemble(
    cx: &mut Context<'_>,
    call: &CallLevels<'_>,
    upstream: Option<&Upstream>,
    parts: Parts,
) -> Option<Call> {
    let levels = &call.levels;
    let timeout = levels.leaf(|call| call.timeout.as_ref());
    let timeout = timeout.map(|timeout| positive(cx, timeout));
    let max_response = levels.leaf(|call| call.max_response.as_ref());
    let max_response = cx.optional(max_response);
    let each = each(cx, levels, parts.items);
    let fallback = levels.leaf(|call| call.fallback.as_ref());
    let value = fallback.map_or(Some(Value::Null), |toml| schema::value(cx, toml));
    let optional = flag(cx, levels, |call| call.optional.as_ref()).unwrap_or(false);
    let expect = expect(cx, levels, parts.sent.method.as_ref());
    let upstream = upstream?;
    Some(Call {
        name: SmolStr::new(&call.name.text),
        upstream: upstream.index,
        method: parts.sent.method?,
        path: parts.sent.path?,
        query: parts.sent.query,
        headers: parts.sent.headers,
        body: parts.sent.body?,
        timeout: timeout.unwrap_or(upstream.timeout),
        max_response: bytes(max_response?.unwrap_or(upstream.max_response)),
        when: parts.when?,
        each: each?,
        waits_for: Vec::new(),
        needs: Vec::new(),
        changes: false,
        idempotency_key: false,
        optional: optional || fallback.is_some(),
        fallback: value?,
        on_status: parts.on_status?,
        expect: expect?,
        auth: parts.sent.auth,
        cache: parts.cache?,
    })
}

/// A number of bytes; what no address can reach counts as no limit.
pub(super) fn bytes(size: Size) -> usize {
    usize::try_from(size.0).unwrap_or(usize::MAX)
}

/// GET and HEAD change nothing (RFC 9110 §9.2.1).
fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

fn flag(
    cx: &mut Context<'_>,
    levels: &Levels<'_, config::Call>,
    pick: impl Fn(&config::Call) -> Option<&Plain<bool>>,
) -> Option<bool> {
    levels.leaf(pick).and_then(|plain| cx.value(plain))
}

fn upstream<'w>(
    cx: &mut Context<'_>,
    upstreams: &'w IndexMap<String, Upstream>,
    call: &CallLevels<'_>,
) -> Option<&'w Upstream> {
    let known = upstreams.keys().map(String::as_str);
    let Some(written) = call.levels.leaf(|call| call.upstream.as_ref()) else {
        if !call.levels.is_wrong("upstream") {
            let title = format!("the call `{}` has no `upstream`", call.name);
            let known: Vec<&str> = known.collect();
            let help = format!("`upstreams.toml` has: {}", known.join(", "));
            cx.wrong(&call.name.span, title, help);
        }
        return None;
    };
    let name = cx.resolved(written)?;
    let found = upstreams.get(&name.value);
    if found.is_none() {
        let help = did_you_mean(&name.value, known).filter(|_| !name.secret);
        let help = help.unwrap_or_else(|| "`upstreams.toml` declares them".to_owned());
        let title = match name.secret {
            true => "no upstream has this name".to_owned(),
            false => format!("no upstream is named `{}`", name.value),
        };
        cx.wrong(&written.span, title, help);
    }
    found
}

fn needs(reader: &mut Reader<'_, '_, '_>, call: &CallLevels<'_>) -> Vec<usize> {
    let mut needs = Vec::new();
    for written in call.levels.leaf(|call| call.needs.as_ref()).into_iter().flatten() {
        let Some(name) = reader.cx.value(written) else { continue };
        let names = &mut reader.variables.names;
        match names.read(&name) {
            Some(to) => {
                needs.push(to);
                reader.found.edges.push(Edge { to, span: written.span.clone() });
            }
            None => {
                let help = did_you_mean(&name, names.all());
                let help = help.unwrap_or_else(|| "it holds names of calls".to_owned());
                reader.cx.wrong(&written.span, format!("no call is named `{name}`"), help);
            }
        }
    }
    needs
}

fn each(
    cx: &mut Context<'_>,
    levels: &Levels<'_, config::Call>,
    items: Option<Option<crate::jq::Program>>,
) -> Option<Option<Each>> {
    let limit = levels.leaf(|call| call.each_limit.as_ref());
    let parallel = levels.leaf(|call| call.each_parallel.as_ref());
    let [limit, parallel] = [limit, parallel].map(|plain| count(cx, plain));
    let Some(items) = items? else { return Some(None) };
    Some(Some(Each { items, limit: limit?, parallel: parallel? }))
}

fn count(cx: &mut Context<'_>, plain: Option<&Plain<u64>>) -> Option<usize> {
    let plain = plain?;
    let number = cx.value(plain)?;
    if number == 0 {
        cx.mistake(Diagnostic::at(plain.span.clone(), "at least 1 is needed"));
    }
    usize::try_from(number).ok()
}

fn expect(
    cx: &mut Context<'_>,
    levels: &Levels<'_, config::Call>,
    method: Option<&Method>,
) -> Option<Expect> {
    let words = [("json", Expect::Json), ("text", Expect::Text), ("none", Expect::None)];
    let expect = cx.word(levels.leaf(|call| call.expect.as_ref())?, &words)?;
    // The answer to a HEAD has no body.
    Some(if method == Some(&Method::HEAD) { Expect::None } else { expect })
}

fn on_statuses(
    reader: &mut Reader<'_, '_, '_>,
    codes: &mut Codes,
    call: &CallLevels<'_>,
    is_each: bool,
) -> Option<Vec<(u16, OnStatus)>> {
    let merged = call.levels.named(|call| &call.on_status, str::to_owned);
    let read = |(name, written): (&config::Name, &Written)| {
        let status = name.parse().ok().filter(|status| (100..=599).contains(status));
        if status.is_none() {
            let help = "a key is a status, 100 to 599";
            reader.cx.wrong(&name.span, format!("`{name}` is not a status"), help);
        }
        let meaning = meaning(reader, codes, written, is_each)?;
        if matches!(meaning, OnStatus::Pass) && status.is_some_and(|status: u16| status < 400) {
            let help =
                "only errors pass: write \"null\", a value, \"fail\", or a fault of your own";
            reader.cx.wrong(&name.span, format!("status {name} is no error"), help);
        }
        Some((status?, meaning))
    };
    let all: Vec<_> = merged.into_values().map(read).collect();
    all.into_iter().collect()
}

fn meaning(
    reader: &mut Reader<'_, '_, '_>,
    codes: &mut Codes,
    written: &Written,
    is_each: bool,
) -> Option<OnStatus> {
    match written {
        Written::Word(word) => {
            let words = [("fail", Some(false)), ("pass", Some(true)), ("null", None)];
            let meaning = reader.cx.word(word, &words)?;
            if meaning == Some(true) && is_each {
                let help = "write \"fail\", \"null\", or a fault of your own";
                reader.cx.wrong(&word.span, "in an `each` call nothing passes", help);
            }
            Some(match meaning {
                Some(true) => OnStatus::Pass,
                Some(false) => OnStatus::Fail,
                None => OnStatus::Value(Value::Null),
            })
        }
        Written::Value(toml) => schema::value(reader.cx, toml).map(OnStatus::Value),
        Written::Fault(fail) => of_status(reader, codes, fail).map(OnStatus::Fault),
    }
}
