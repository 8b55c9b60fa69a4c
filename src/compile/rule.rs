//! What tells one `cache` from another, and what decides a whole reply.

use super::call::Draft;
use super::scope::{Edge, Found, Seen};
use crate::cache::{Key, KeyOf};
use crate::jq::Library;
use crate::plan::{Caching, Call, FailRule, Reads, Reply, slot};
use crate::template::Text;

/// The rule of a call's cache: bytes that are others wherever the same request would mean something else.
pub(super) fn of_call(library: &Library, call: &Call, caching: &Caching) -> Vec<u8> {
    let key = cache(Key::of("rule of a call"), library, caching);
    let read = format!("{:?} {:?} {}", call.expect, call.on_status, call.max_response);
    key.part(read.as_bytes()).end().into_bytes().to_vec()
}

/// A reply whose cache has its rule: bytes that are others wherever anything that makes the reply is; and what decides it.
pub(super) fn of_reply(
    library: &Library,
    calls: &[Call],
    fail: &[FailRule],
    reads: Reads,
    mut reply: Reply,
) -> Reply {
    let Some(caching) = reply.cache.take() else { return reply };
    let key = cache(Key::of("rule of a reply"), library, &caching);
    let made = format!("{calls:?} {fail:?} {reply:?}");
    let rule = key.part(made.as_bytes()).end().into_bytes().to_vec();
    Reply { cache: Some(Caching { rule, reads, ..caching }), ..reply }
}

/// What stands in its table. What is shown of a template is without its secrets, which count too.
fn cache(key: KeyOf, library: &Library, caching: &Caching) -> KeyOf {
    let key = key.part(library.source().as_bytes()).part(format!("{caching:?}").as_bytes());
    let texts = caching.tags.iter().map(|tag| &tag.text);
    texts.fold(key.count(caching.tags.len()), secrets)
}

fn secrets(key: KeyOf, text: &Text) -> KeyOf {
    let secrets: Vec<&str> = text.template().secrets().collect();
    secrets.iter().fold(key.count(secrets.len()), |key, secret| key.part(secret.as_bytes()))
}

/// What of the request decides a reply: what it reads itself, and what all calls that it waits for read.
pub(super) fn reads(drafts: &[Draft], shapeless: bool, read: &Found) -> Reads {
    let mut reads = Reads::default();
    let calls = behind(drafts, shapeless, &read.edges);
    let of_calls = calls.iter().flat_map(|index| &drafts[*index].found.seen);
    read.seen.iter().chain(of_calls).for_each(|seen| add(&mut reads, seen));
    reads.slots.sort_unstable();
    reads.request.sort_unstable();
    reads
}

/// The calls that a reply is made of: those that it reads, and all that these wait for.
pub(super) fn behind(drafts: &[Draft], shapeless: bool, read: &[Edge]) -> Vec<usize> {
    let mut calls: Vec<usize> = read.iter().map(|edge| edge.to).collect();
    if shapeless {
        calls.extend((0..drafts.len()).filter(|index| drafts[*index].own));
    }
    let mut all = Vec::new();
    while let Some(call) = calls.pop() {
        if !all.contains(&call) {
            all.push(call);
            calls.extend(drafts[call].found.edges.iter().map(|edge| edge.to));
        }
    }
    all
}

fn add(reads: &mut Reads, seen: &Seen) {
    if (slot::PARAMS..=slot::BODY).contains(&seen.slot) && !reads.slots.contains(&seen.slot) {
        reads.slots.push(seen.slot);
    }
    if seen.slot == slot::REQUEST {
        let members = match seen.path.first() {
            Some(member) => std::slice::from_ref(member),
            None => &[],
        };
        let new = members.iter().filter(|member| !reads.request.contains(member));
        let new: Vec<_> = new.cloned().collect();
        reads.request.extend(new);
    }
}
