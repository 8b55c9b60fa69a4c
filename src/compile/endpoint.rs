//! A method of a route, with all that it inherits.

use http::Method as Verb;

use super::access::{Condition, access, conditions};
use super::call::{Draft, bytes, draft};
use super::context::Context;
use super::credential::Words;
use super::graph::Graph;
use super::idempotency::idempotency;
use super::inherit::Levels;
use super::reader::Reader;
use super::response_headers::of_endpoint;
use super::scope::{Edge, Found, Names, Variables};
use super::world::World;
use super::{
    bound, cache, cacheable, cors, fault, input, limits, reply, rule, signature, upstreams,
};
use crate::config::{self, Method, Route};
use crate::diagnostic::Diagnostic;
use crate::plan::{Allow, Body, Call, Endpoint, ErrorShape, FailRule, Input, Reply, SessionRule};
use crate::template::Text;

/// Compiles an endpoint; `path` is how logs name its route.
pub(super) fn endpoint(
    cx: &mut Context<'_>,
    world: &mut World<'_>,
    route: &Route,
    method: Method,
    path: &str,
) -> Option<Endpoint> {
    let before = cx.count();
    let levels = Levels::of(route, method);
    let access = access(cx, route, method, &levels, world.has_login);
    let cors = cors::policy(cx, &levels.cors(&world.tree.gateway.cors));
    let plain = plain(cx, world, &levels);
    let deadline = plain.as_ref().map(|plain| plain.deadline);
    let idempotency = idempotency(cx, route, method, &levels, deadline);
    let mut input = input::input(cx, route, method, &levels, &world.session_cookies);
    let webhook = signature::webhook(cx, &world.tree.signature_defaults, method, &levels, &input);
    let rate_limits = limits::of_endpoint(cx, &world.rate_limits, &levels, &input);
    cache::refuse(cx, route, method);
    let texts = texts(cx, world, method, &levels, &input);
    if cx.count() == before {
        check_order(cx, &texts);
        check_caches(cx, &texts, access.as_ref().map(|access| access.session));
    }
    input.raw_body = raw_body(cx, method, &texts.drafts);
    if input.raw_body && input.body.is_some() {
        check_raw_beside_body(cx, &texts.drafts);
    }
    if access.as_ref().is_some_and(|access| access.session == SessionRule::None) {
        check_no_user_token(cx, &world.auth, &texts.drafts);
    }
    if cx.count() > before {
        return None;
    }
    let (access, plain) = (access?, plain?);
    let name = format!("{} {path}", verb(method));
    let Made { allow, calls, fail, revalidate, reply } = texts.made(cx, world, &name)?;
    Some(Endpoint {
        name,
        frontend: world.frontend.clone(),
        summary: plain.summary,
        session: access.session,
        unauthenticated: access.unauthenticated,
        csrf: access.csrf,
        cors,
        headers: of_endpoint(&world.headers, access.session, &levels.response()),
        roles: access.roles,
        scopes: access.scopes,
        rate_limits,
        allow,
        deny_status: access.deny_status,
        deadline: plain.deadline,
        idempotency: idempotency?,
        webhook: webhook?,
        max_body: plain.max_body,
        input,
        calls,
        fail,
        revalidate,
        reply,
        errors: plain.errors,
    })
}

/// The HTTP method of a method's table.
pub(super) fn verb(method: Method) -> Verb {
    match method {
        Method::Get => Verb::GET,
        Method::Post => Verb::POST,
        Method::Put => Verb::PUT,
        Method::Patch => Verb::PATCH,
        Method::Delete => Verb::DELETE,
    }
}

struct Plain {
    summary: Option<String>,
    deadline: std::time::Duration,
    max_body: usize,
    errors: ErrorShape,
}

fn plain(
    cx: &mut Context<'_>,
    world: &World<'_>,
    levels: &Levels<'_, config::Endpoint>,
) -> Option<Plain> {
    let words = [("envelope", ErrorShape::Envelope), ("problem", ErrorShape::Problem)];
    let summary = cx.optional(levels.leaf(|endpoint| endpoint.summary.as_ref()));
    let deadline = levels.leaf(|endpoint| endpoint.deadline.as_ref());
    let deadline = deadline.map(|deadline| upstreams::positive(cx, deadline));
    let max_body = cx.optional(levels.leaf(|endpoint| endpoint.max_body.as_ref()));
    let errors = levels.leaf(|endpoint| endpoint.errors.as_ref());
    let errors = errors.and_then(|word| cx.word(word, &words));
    Some(Plain {
        summary: summary?,
        deadline: deadline?,
        max_body: max_body?.map_or(world.max_body, bytes),
        errors: errors?,
    })
}

/// All that holds programs and templates, and the calls that these read.
struct Texts {
    conditions: Vec<Condition>,
    reply: reply::Parts,
    fail: Option<Vec<FailRule>>,
    revalidate: Option<Vec<Text>>,
    /// What the reply and the faults read.
    read: Found,
    drafts: Vec<Draft>,
}

/// The same as the plan has it.
struct Made {
    allow: Vec<Allow>,
    calls: Vec<Call>,
    fail: Vec<FailRule>,
    revalidate: Vec<Text>,
    reply: Reply,
}

impl Texts {
    /// `name` is the endpoint's.
    fn made(self, cx: &Context<'_>, world: &World<'_>, name: &str) -> Option<Made> {
        let allow = self.conditions.into_iter().map(Condition::into_allow).collect::<Option<_>>();
        let reads = rule::reads(&self.drafts, &self.reply, &self.read);
        let reply = self.reply.into_reply(&self.drafts, world.max_reply)?;
        let calls = self.drafts.into_iter().map(ordered).collect::<Option<_>>()?;
        let calls = rule::of_calls(&cx.library, name, calls);
        let fail = self.fail?;
        let reply = rule::of_reply(&cx.library, &world.upstreams, &calls, &fail, reads, reply);
        Some(Made { allow: allow?, calls, fail, revalidate: self.revalidate?, reply })
    }
}

fn texts(
    cx: &mut Context<'_>,
    world: &mut World<'_>,
    method: Method,
    levels: &Levels<'_, config::Endpoint>,
    input: &Input,
) -> Texts {
    let calls = levels.calls(&world.tree.call_defaults);
    let mut variables = Variables { input, names: Names::new(calls.keys().cloned()) };
    for (name, _) in calls.iter().filter(|(_, call)| call.own) {
        variables.names.read(name);
    }
    let mut reader = Reader::new(cx, &mut variables);
    let conditions = conditions(&mut reader, levels);
    let reply = reply::parts(&mut reader, &world.tree.cache_defaults, method, &levels.response());
    let fails = levels.leaf(|endpoint| endpoint.fail.as_ref());
    let fail = fault::fail_rules(&mut reader, &mut world.codes, fails.map_or(&[], Vec::as_slice));
    let revalidated = levels.leaf(|endpoint| endpoint.revalidate.as_ref());
    // What stands above the methods is not meant for a GET.
    let revalidated = revalidated.filter(|_| method != Method::Get);
    let revalidate = cache::revalidate(&mut reader, revalidated);
    let read = reader.found;
    // Compiling a call may name further ones.
    let mut drafts = Vec::new();
    while let Some(call) = variables.names.live(drafts.len()).and_then(|name| calls.get(name)) {
        drafts.push(draft(cx, world, call, &mut variables));
    }
    Texts { conditions, reply, fail, revalidate, read, drafts }
}

fn check_order(cx: &mut Context<'_>, texts: &Texts) {
    let drafts = &texts.drafts;
    let graph = Graph::new(drafts);
    if graph.check_cycles(cx, drafts) {
        return;
    }
    if !texts.reply.shapeless() {
        let conditions = texts.conditions.iter().flat_map(|condition| &condition.edges);
        let read: Vec<Edge> = texts.read.edges.iter().chain(conditions).cloned().collect();
        graph.check_unused(cx, drafts, &read);
    }
    graph.check_changes(cx, drafts);
    for condition in &texts.conditions {
        check_condition(cx, condition, &graph, drafts);
    }
}

fn check_caches(cx: &mut Context<'_>, texts: &Texts, session: Option<SessionRule>) {
    let Texts { reply, read, drafts, .. } = texts;
    cacheable::check_calls(cx, drafts);
    cacheable::check_reply(cx, drafts, reply, read);
    let Some(session) = session else { return };
    bound::check_calls(cx, drafts, session);
    bound::check_reply(cx, drafts, reply, read, session);
}

/// What changes something waits for `allow`, so `allow` cannot wait for it.
fn check_condition(cx: &mut Context<'_>, condition: &Condition, graph: &Graph, drafts: &[Draft]) {
    for edge in &condition.edges {
        let waits = |index: &usize| *index == edge.to || graph.waits(edge.to, *index);
        let Some(changing) = (0..drafts.len()).filter(waits).find(|index| drafts[*index].changes)
        else {
            continue;
        };
        let name = &drafts[changing].name;
        cx.mistake(
            Diagnostic::at(edge.span.clone(), format!("`allow` waits for the call `{name}`"))
                .label(drafts[changing].span.clone(), "which changes something")
                .help(
                    "nothing is changed before `allow` has decided: read calls that change nothing",
                ),
        );
    }
}

/// Without a session such a call could only fail.
fn check_no_user_token(cx: &mut Context<'_>, words: &Words, drafts: &[Draft]) {
    for draft in drafts {
        if draft.call.as_ref().is_some_and(|call| words.is_users(call.auth)) {
            let title = format!(
                "the call `{}` sends the user's token, but no session is looked for",
                draft.name
            );
            cx.wrong(&draft.span, title, "say `session = \"required\"`, or `auth = \"none\"` here");
        }
    }
}

/// What was not offered is taken out of `$body`, and would be in what is sent.
fn check_raw_beside_body(cx: &mut Context<'_>, drafts: &[Draft]) {
    for draft in drafts {
        if draft.call.as_ref().is_some_and(|call| matches!(call.body, Body::Raw)) {
            let title = format!("the call `{}` sends the body on unread", draft.name);
            let help = "`input.body` checks and strips it: send that, `json = '$body'`, or take \
                        `input.body` away";
            cx.wrong(&draft.span, title, help);
        }
    }
}

fn raw_body(cx: &mut Context<'_>, method: Method, drafts: &[Draft]) -> bool {
    let raw =
        |draft: &&Draft| draft.call.as_ref().is_some_and(|call| matches!(call.body, Body::Raw));
    let Some(draft) = drafts.iter().find(raw) else { return false };
    if method == Method::Get {
        let title =
            format!("the call `{}` sends the client's body on, but a GET has none", draft.name);
        cx.wrong(&draft.span, title, "make it a `[post]`, or write `json`");
    }
    true
}

fn ordered(draft: Draft) -> Option<Call> {
    let mut waits_for: Vec<usize> = draft.edges.iter().map(|edge| edge.to).collect();
    waits_for.sort_unstable();
    waits_for.dedup();
    Some(Call { waits_for, needs: draft.needs, ..draft.call? })
}
