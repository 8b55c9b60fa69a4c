//! What tells one `cache` from another, and what decides a whole reply.

use indexmap::IndexMap;

use super::call::Draft;
use super::reply::Parts;
use super::scope::{Edge, Found, Seen};
use super::upstreams::Upstream;
use crate::cache::{Key, KeyOf};
use crate::jq::{Library, Slot};
use crate::plan::{Body, Caching, Call, FailRule, Reads, Reply, Tag, slot};
use crate::template::{Template, Text};
use crate::value::SmolStr;

/// The calls of an endpoint, each `cache` with its rule: bytes that are others wherever the same request would mean
/// something else, and the same for equal calls of several endpoints.
pub(super) fn of_calls(library: &Library, endpoint: &str, calls: Vec<Call>) -> Vec<Call> {
    let calls = calls.into_iter().zip(slot::FIRST_CALL..);
    calls.map(|(call, own)| of_call(library, endpoint, call, own)).collect()
}

/// A reply, its `cache` with its rule: bytes that are others wherever anything that makes the reply is; and with what
/// decides it.
pub(super) fn of_reply(
    library: &Library,
    upstreams: &IndexMap<String, Upstream>,
    calls: &[Call],
    fail: &[FailRule],
    reads: Reads,
    mut reply: Reply,
) -> Reply {
    let Some(caching) = reply.cache.take() else { return reply };
    let key = cache(Key::of("rule of a reply"), library, &caching);
    let key = calls.iter().fold(key.count(calls.len()), |key, call| sent(key, upstreams, call));
    let made = format!("{calls:?} {fail:?} {reply:?}");
    let rule = key.part(made.as_bytes()).end().into_bytes().to_vec();
    Reply { cache: Some(Caching { rule, reads, ..caching }), ..reply }
}

/// What of the request decides a reply: what it reads itself, and what all calls that it waits for read.
pub(super) fn reads(drafts: &[Draft], reply: &Parts, read: &Found) -> Reads {
    let mut reads = Reads::default();
    let calls = behind(drafts, reply.shapeless(), &read.edges);
    let of_calls = calls.iter().flat_map(|index| drafts[*index].decides());
    read.seen.iter().chain(of_calls).for_each(|seen| add(&mut reads, seen));
    if !reply.has_scope_from() {
        let all = std::mem::take(&mut reads.session);
        reads.session = all.iter().flat_map(|path| of_config(path)).collect();
    }
    reads.slots.sort_unstable();
    reads.request.sort_unstable();
    reads.session.sort_unstable();
    reads.session.dedup();
    reads
}

/// The calls that a reply is made of: those that it reads, and all that these wait for.
pub(super) fn behind(drafts: &[Draft], shapeless: bool, read: &[Edge]) -> Vec<usize> {
    let own = (0..drafts.len()).filter(|index| shapeless && drafts[*index].own);
    let mut open: Vec<usize> = read.iter().map(|edge| edge.to).chain(own).collect();
    let mut all = Vec::new();
    while let Some(call) = open.pop() {
        if !all.contains(&call) {
            all.push(call);
            open.extend(drafts[call].edges.iter().map(|edge| edge.to));
        }
    }
    all
}

fn of_call(library: &Library, endpoint: &str, mut call: Call, own: Slot) -> Call {
    let Some(caching) = call.cache.take() else { return call };
    let key = cache(Key::of("rule of a call"), library, &caching);
    let meaning = format!("{:?} {:?} {}", call.expect, call.on_status, call.max_response);
    // Such a tag says of an answer what only the endpoint knows.
    let mixed = caching.tags.iter().any(|tag| is_mixed(tag, own));
    let key = key.part(meaning.as_bytes()).part(if mixed { endpoint } else { "" }.as_bytes());
    let rule = key.end().into_bytes().to_vec();
    Call { cache: Some(Caching { rule, ..caching }), ..call }
}

/// Whether a tag reads both the answer and something else.
fn is_mixed(tag: &Tag, own: Slot) -> bool {
    let mut slots = tag.text.template().programs().flat_map(|program| program.slots());
    tag.reads_answer && slots.any(|slot| *slot != own)
}

/// What of a call is not shown.
fn sent(key: KeyOf, upstreams: &IndexMap<String, Upstream>, call: &Call) -> KeyOf {
    let upstream = upstreams.get_index(call.upstream);
    let key = key.part(upstream.map_or("", |(_, upstream)| &upstream.url).as_bytes());
    let form = match &call.body {
        Body::Form(fields) => fields.as_slice(),
        _ => &[],
    };
    let texts = call.query.iter().chain(form).map(|(_, text)| text);
    let texts = texts.chain(call.headers.iter().map(|(_, text)| text)).map(Text::template);
    texts.chain([call.path.template()]).fold(key, secrets)
}

/// What stands in its table. What is shown of a template is without its secrets, which count too.
fn cache(key: KeyOf, library: &Library, caching: &Caching) -> KeyOf {
    let key = key.part(library.source().as_bytes()).part(format!("{caching:?}").as_bytes());
    let texts = caching.tags.iter().map(|tag| &tag.text);
    texts.map(Text::template).fold(key.count(caching.tags.len()), secrets)
}

fn secrets(key: KeyOf, template: &Template) -> KeyOf {
    let secrets: Vec<&str> = template.secrets().collect();
    secrets.iter().fold(key.count(secrets.len()), |key, secret| key.part(secret.as_bytes()))
}

fn add(reads: &mut Reads, seen: &Seen) {
    if (slot::PARAMS..=slot::BODY).contains(&seen.slot) && !reads.slots.contains(&seen.slot) {
        reads.slots.push(seen.slot);
    }
    let member = seen.path.first().filter(|_| seen.slot == slot::REQUEST);
    if let Some(member) = member.filter(|member| !reads.request.contains(member)) {
        reads.request.push(member.clone());
    }
    if seen.slot == slot::SESSION {
        reads.session.push(seen.path.clone());
    }
}

/// What of a path into `$session` leads to what the config makes of the claims. The claims themselves are in the scope.
fn of_config(path: &[SmolStr]) -> Vec<Vec<SmolStr>> {
    let made = ["roles", "scopes"].map(SmolStr::new);
    let made = made.into_iter().filter(|made| path.first().is_none_or(|first| first == made));
    made.map(|made| vec![made]).collect()
}
