//! How often the schemas of a schema are asked about one small value, told without asking.

use super::node::{Node, NodeId};
use super::wrong::Wrong;

/// More asking than this is slow for every value, the smallest too.
const MOST: u64 = 20_000;

/// Deeper the schemas are not followed: what stands there is counted on its own.
const DEEPEST: usize = 400;

/// Finds a schema whose references and branches multiply: `a` asks `b` twice, which asks `c` twice, and so on.
pub(super) fn check(nodes: &[Node], wrong: &mut Vec<Wrong>) {
    let mut cost = Cost { nodes, known: vec![None; nodes.len()] };
    let most = (0..nodes.len()).map(|id| cost.of(id, 0)).max();
    if most > Some(MOST) {
        let help = "its references and branches multiply: name fewer of them in one place";
        wrong.push(Wrong::value("", "this schema is too large").help(help));
    }
}

struct Cost<'n> {
    nodes: &'n [Node],
    known: Vec<Option<u64>>,
}

impl Cost<'_> {
    /// How many schemas are asked about a value that has one member or one item, as this one has, and so on.
    fn of(&mut self, id: NodeId, depth: usize) -> u64 {
        if let Some(known) = self.known[id] {
            return known;
        }
        // Who comes back here on the way asks about another value: see `references`.
        self.known[id] = Some(1);
        if depth > DEEPEST {
            self.known[id] = None;
            return 1;
        }
        let node = &self.nodes[id];
        let named = node.properties.values().chain(&node.prefix).copied();
        let largest = named.map(|id| self.of(id, depth + 1)).max().unwrap_or(0);
        let contains = node.contains.as_ref().map(|contains| contains.item);
        let others = [node.rest, node.unevaluated, node.names, node.items, node.unevaluated_items];
        let patterned = node.patterns.iter().map(|(_, id)| *id);
        let all = node.same_value().chain(others.into_iter().flatten()).chain(contains);
        let sum = all
            .chain(patterned)
            .fold(1 + largest, |sum: u64, id| sum.saturating_add(self.of(id, depth + 1)));
        self.known[id] = Some(sum);
        sum
    }
}
