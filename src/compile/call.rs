//! `[calls.NAME]`: when a call is sent, and what its answer means.

use http::Method;
use indexmap::IndexMap;

use super::cache::{self, Kept};
use super::context::Context;
use super::idempotency::sends_key;
use super::inherit::{CallLevels, Levels};
use super::on_status::on_statuses;
use super::reader::Reader;
use super::request::{Request, request};
use super::schema;
use super::scope::{Edge, Found, Place, Seen, Variables};
use super::upstreams::{Upstream, positive};
use super::world::World;
use crate::config::{self, Plain, Size, did_you_mean};
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
    /// The calls that it waits for.
    pub(super) edges: Vec<Edge>,
    /// What its requests read, `each` included.
    pub(super) sends: Found,
    /// What its `when` reads.
    pub(super) when: Vec<Seen>,
    /// What its `cache` reads.
    pub(super) keeps: Vec<Seen>,
    /// What the faults of its `on_status` read.
    pub(super) faults: Vec<Seen>,
    /// Where it is said that its requests are the user's: `auth`.
    pub(super) users_token: Option<Span>,
    /// Its `cache`, but for what the call has of it.
    pub(super) kept: Kept,
    /// The calls that it needs.
    pub(super) needs: Vec<usize>,
    /// It changes something.
    pub(super) changes: bool,
    /// It may run beside others that change something.
    pub(super) parallel: bool,
    /// The call, without its order; none with a mistake.
    pub(super) call: Option<Call>,
}

impl Draft {
    /// What decides what it sends, whether it does, and how its answers are kept.
    pub(super) fn reads(&self) -> impl Iterator<Item = &Seen> {
        self.sends.seen.iter().chain(&self.when).chain(&self.keeps)
    }

    /// What decides what it is to a reply that is made of it: its faults may be the reply.
    pub(super) fn decides(&self) -> impl Iterator<Item = &Seen> {
        self.reads().chain(&self.faults)
    }
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
    let users_token = sent.auth_span.clone().filter(|_| world.auth.is_users(sent.auth));
    let outside = Place::default();
    let items = reader.maybe_at(outside, call.levels.leaf(|call| call.each.as_ref()));
    let sends = reader.take();
    let on_status = on_statuses(&mut reader, &mut world.codes, call, item);
    let on_faults = reader.take();
    let when = reader.maybe_at(outside, call.levels.leaf(|call| call.when.as_ref()));
    let sent_when = reader.take();
    let mut kept = cache::of_call(&mut reader, &world.tree.cache_defaults, call);
    let keeps = reader.take();
    let needs = needs(&mut reader, call);
    let others = [&on_faults.edges, &sent_when.edges, &keeps.edges, &reader.found.edges];
    let edges = sends.edges.iter().chain(others.into_iter().flatten()).cloned().collect();
    let changes = flag(cx, &call.levels, |call| call.reads.as_ref()) != Some(true)
        && sent.method.as_ref().is_none_or(|method| !is_read(method));
    let parallel = flag(cx, &call.levels, |call| call.parallel.as_ref()).unwrap_or(false);
    let cache = kept.caching.take();
    let parts = Parts { sent, when, items, on_status, cache };
    let compiled = assemble(cx, call, upstream, parts);
    let compiled = compiled.map(|compiled| {
        let compiled = Call { changes, ..compiled };
        let idempotency_key = sends_key(cx, call, &compiled);
        Call { idempotency_key, ..compiled }
    });
    Draft {
        name: call.name.text.clone(),
        span: call.name.span.clone(),
        own: call.own,
        edges,
        sends,
        when: sent_when.seen,
        keeps: keeps.seen,
        faults: on_faults.seen,
        users_token,
        kept,
        needs,
        changes,
        parallel,
        call: compiled,
    }
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
                reader.found.edges.push(Edge { to, span: written.span.clone(), outcome: false });
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
