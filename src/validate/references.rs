//! `$ref`: what it refers to, inside the schema itself.

use percent_encoding::percent_decode_str;

use super::grammar::Grammar;
use super::node::NodeId;
use super::wrong::{Wrong, below};

/// Resolves the references of a schema, and finds those that go in a circle.
pub(super) fn resolve(grammar: &mut Grammar<'_>) {
    for (node, reference) in std::mem::take(&mut grammar.references) {
        let at = below(&grammar.nodes[node].pointer, "$ref");
        match target(grammar, &reference) {
            Ok(target) => grammar.nodes[node].reference = Some(target),
            Err((title, help)) => grammar.wrong.push(Wrong::value(at, title).help(help)),
        }
    }
    let mut state = vec![State::New; grammar.nodes.len()];
    for node in 0..grammar.nodes.len() {
        if !circle(grammar, node, &mut state, 0) {
            return;
        }
    }
}

/// Longer chains of schemas about one value nobody means, and each link is a call.
const DEEPEST: usize = 200;

type Nowhere = (String, &'static str);

fn target(grammar: &Grammar<'_>, reference: &str) -> Result<NodeId, Nowhere> {
    let Some(fragment) = reference.strip_prefix('#') else {
        let help = "nothing is fetched: put it under `$defs`, or into a file beside this one";
        return Err(("a reference to another place is not followed".to_owned(), help));
    };
    let fragment = percent_decode_str(fragment).decode_utf8_lossy();
    let found = match fragment.starts_with('/') || fragment.is_empty() {
        true => grammar.places.get(&*fragment),
        false => grammar.anchors.get(&*fragment),
    };
    let help = "such as \"#/$defs/address\"; it must lead to a schema";
    found.copied().ok_or_else(|| ("there is no schema at this place".to_owned(), help))
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    New,
    Open,
    Done,
}

/// A schema that asks itself about the same value would never come to an end. Gives whether all was looked at.
fn circle(grammar: &mut Grammar<'_>, node: NodeId, state: &mut [State], depth: usize) -> bool {
    if state[node] != State::New {
        return true;
    }
    if depth > DEEPEST {
        let at = grammar.nodes[node].pointer.clone();
        let help = format!("more than {DEEPEST} of its parts ask one another about one value");
        grammar.wrong.push(Wrong::value(at, "this schema is too large").help(help));
        return false;
    }
    state[node] = State::Open;
    let one = &grammar.nodes[node];
    let next: Vec<NodeId> = one.same_value().collect();
    for next in next {
        match state[next] {
            State::Open => {
                let at = grammar.nodes[node].pointer.clone();
                let help =
                    "it may stand below a member or an item, where it is about another value";
                let title = "this schema refers to itself without end";
                grammar.wrong.push(Wrong::value(at, title).help(help));
            }
            _ => {
                if !circle(grammar, next, state, depth + 1) {
                    return false;
                }
            }
        }
    }
    state[node] = State::Done;
    true
}
