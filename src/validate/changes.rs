//! `trim`, `lowercase` and `clamp` beside what they cannot go with.

use serde_json::{Map, Value as Json};

use super::decimal::is_whole;
use super::kinds::{Kinds, Type};
use super::node::Node;
use super::wrong::{Wrong, below};
use crate::value::Value;

/// Finds what would change nothing, or make every value a wrong one.
pub(super) fn check(node: &Node, keywords: &Map<String, Json>, wrong: &mut Vec<Wrong>) {
    let place = |name: &str| below(&node.pointer, name);
    // Text of a query or a form is trimmed before it becomes a number.
    let trimmed = [Type::String, Type::Integer, Type::Boolean];
    for (word, said, kinds, what) in [
        ("trim", node.trim, &trimmed[..], "text"),
        ("lowercase", node.lowercase, &[Type::String][..], "text"),
        ("clamp", node.clamp, &[Type::Integer][..], "a number"),
    ] {
        let possible = |own: Kinds| kinds.iter().any(|kind| own.has(*kind));
        if said && node.kinds.is_some_and(|own| !possible(own)) {
            let title = format!("`{word}` is for {what}, and none is let in here");
            wrong.push(Wrong::key(place(word), title).help("take it away"));
        }
    }
    let texts = || node.allowed.iter().filter_map(Value::as_str);
    let listed = if keywords.contains_key("enum") { "enum" } else { "const" };
    if node.lowercase && texts().any(|text| text.to_lowercase() != text) {
        let title = "`lowercase` leaves no text that is equal to this one";
        let help = "write it in lower case";
        wrong.push(Wrong::value(place(listed), title).beside(place("lowercase")).help(help));
    }
    if node.trim && texts().any(|text| text.trim() != text) {
        let title = "`trim` leaves no text that is equal to this one";
        let help = "write it without the spaces around it";
        wrong.push(Wrong::value(place(listed), title).beside(place("trim")).help(help));
    }
    if node.clamp {
        bounds(node, keywords, wrong);
    }
}

/// A number that is brought to a bound must be let in there.
fn bounds(node: &Node, keywords: &Map<String, Json>, wrong: &mut Vec<Wrong>) {
    let place = |name: &str| below(&node.pointer, name);
    let whole = node.kinds.is_some_and(|own| own.has(Type::Integer) && !own.has(Type::Number));
    for (name, bound) in [("minimum", &node.minimum), ("maximum", &node.maximum)] {
        if whole && bound.as_ref().is_some_and(|bound| !is_whole(bound)) {
            let title = format!("`clamp` makes a whole number this `{name}`, which is none");
            let wrong_one = Wrong::value(place(name), title).beside(place("clamp"));
            wrong.push(wrong_one.help("write a whole number"));
        }
    }
    if keywords.contains_key("multipleOf") {
        let help = "a number is brought to `minimum` or `maximum`, whatever they divide by";
        let title = "`clamp` cannot stand beside `multipleOf`";
        let wrong_one = Wrong::key(place("clamp"), title).beside(place("multipleOf"));
        wrong.push(wrong_one.help(help));
    }
}
