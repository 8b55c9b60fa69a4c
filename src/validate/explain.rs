//! Why a value was refused: every mistake at its place.
//!
//! Whether a value is good is decided by one validator, which is asked first. Only when it says no is the value walked
//! along the schema, each pair of a schema and a value once, so that no schema makes explaining slow; of several
//! branches the one that was meant is explained, where that can be told.

use std::collections::HashSet;

use foldhash::fast::RandomState;

use super::kinds::Kinds;
use super::merge::kinds_of;
use super::mistakes::Mistakes;
use super::node::{Node, NodeId};
use super::words::{self, Said};
use crate::value::{Members, SmolStr, Value};

type Field<'f> = &'f dyn Fn() -> String;

/// A walk along a schema.
pub(super) struct Explain<'a> {
    nodes: &'a [Node],
    mistakes: &'a mut Mistakes,
    seen: HashSet<(NodeId, *const Value), RandomState>,
}

impl<'a> Explain<'a> {
    pub(super) fn new(nodes: &'a [Node], mistakes: &'a mut Mistakes) -> Self {
        Self { nodes, mistakes, seen: HashSet::default() }
    }

    /// Adds what is wrong with a value that a schema refuses.
    pub(super) fn walk(&mut self, id: NodeId, value: &Value, field: Field<'_>) {
        if self.mistakes.is_full() || !self.seen.insert((id, std::ptr::from_ref(value))) {
            return;
        }
        let nodes = self.nodes;
        let Some(node) = nodes.get(id) else { return };
        if node.never {
            return self.mistakes.add(field(), "is not known here", "false");
        }
        let local: Vec<Said> = match &node.local {
            Some(local) if !local.is_valid(value) => {
                local.iter_errors(value).map(|error| words::say(&error)).collect()
            }
            _ => Vec::new(),
        };
        if let Some(said) = local.iter().find(|said| said.is_all()) {
            return self.mistakes.add(field(), said.message.clone(), said.rule);
        }
        for next in node.same_place() {
            self.walk(next, value, field);
        }
        match value {
            Value::Obj(object) => self.members(node, value, &object.members, field),
            Value::Arr(array) => self.items(node, &array.items, field),
            _ => {}
        }
        self.choices(node, value, field);
        for said in local {
            self.say(said, field);
        }
    }

    fn say(&mut self, said: Said, field: Field<'_>) {
        let field = match said.member {
            Some(member) => format!("{}.{member}", field()),
            None => field(),
        };
        self.mistakes.add(field, said.message, said.rule);
    }

    fn members(&mut self, node: &Node, whole: &Value, members: &Members, field: Field<'_>) {
        for (name, value) in members {
            let field = || format!("{}.{name}", field());
            for next in node.member(name) {
                match (Some(next) == node.rest, self.nodes[next].never) {
                    (true, true) => {
                        self.mistakes.add(field(), "is not known here", "additionalProperties");
                    }
                    (_, true) => self.mistakes.add(field(), "is not let in here", "properties"),
                    _ => self.walk(next, value, &field),
                }
            }
            if let Some(names) = node.names
                && !self.holds(names, &Value::Str(name.clone()))
            {
                self.mistakes.add(field(), "does not have a name that is let in", "propertyNames");
            }
        }
        for (name, next) in &node.dependent {
            if members.contains_key(name) {
                self.walk(*next, whole, field);
            }
        }
        if let Some(next) = node.unevaluated {
            self.unevaluated(node, next, whole, members, field);
        }
    }

    fn unevaluated(
        &mut self,
        node: &Node,
        next: NodeId,
        whole: &Value,
        members: &Members,
        field: Field<'_>,
    ) {
        let mut known = HashSet::new();
        self.offered(node, whole, members, &mut known);
        for (name, value) in members.iter().filter(|(name, _)| !known.contains(*name)) {
            let field = || format!("{}.{name}", field());
            match self.nodes[next].never {
                true => self.mistakes.add(field(), "is not known here", "unevaluatedProperties"),
                false => self.walk(next, value, &field),
            }
        }
    }

    /// The members that a schema speaks of, in the branches that hold.
    fn offered(&self, node: &Node, whole: &Value, members: &Members, known: &mut HashSet<SmolStr>) {
        known.extend(members.keys().filter(|name| !node.member(name).is_empty()).cloned());
        let holding = node.branches().filter(|next| self.holds(*next, whole));
        let next: Vec<NodeId> = node.same_place().chain(node.when).chain(holding).collect();
        for next in next {
            self.offered(&self.nodes[next], whole, members, known);
        }
    }

    fn items(&mut self, node: &Node, items: &[Value], field: Field<'_>) {
        for (index, item) in items.iter().enumerate() {
            let field = || format!("{}[{index}]", field());
            let Some(next) = node.prefix.get(index).copied().or(node.items) else { continue };
            match self.nodes[next].never {
                true => self.mistakes.add(field(), "is one item too many", "items"),
                false => self.walk(next, item, &field),
            }
            if self.mistakes.is_full() {
                return;
            }
        }
        if let Some(next) = node.unevaluated_items.filter(|_| node.items.is_none()) {
            for (index, item) in items.iter().enumerate().skip(node.prefix.len()) {
                if !self.holds(next, item) {
                    let field = format!("{}[{index}]", field());
                    self.mistakes.add(field, "is not known here", "unevaluatedItems");
                }
            }
        }
        let Some(contains) = &node.contains else { return };
        let found = items.iter().filter(|item| self.holds(contains.item, item)).count() as u64;
        if found < contains.least {
            let message = match contains.least {
                1 => "must have an item of the kind that is expected".to_owned(),
                least => format!("must have at least {least} items of the kind that is expected"),
            };
            self.mistakes.add(field(), message, "contains");
        } else if let Some(most) = contains.most.filter(|most| found > *most) {
            let items = if most == 1 { "item" } else { "items" };
            let message = format!("must have at most {most} {items} of this kind");
            self.mistakes.add(field(), message, "maxContains");
        }
    }

    fn choices(&mut self, node: &Node, value: &Value, field: Field<'_>) {
        if !node.any.is_empty() && !node.any.iter().any(|next| self.holds(*next, value)) {
            self.branch(&node.any, value, field, "anyOf");
        }
        if !node.one.is_empty() {
            match node.one.iter().filter(|next| self.holds(**next, value)).count() {
                0 => self.branch(&node.one, value, field, "oneOf"),
                1 => {}
                _ => {
                    let message = self.only_one(&node.one);
                    self.mistakes.add(field(), message, "oneOf");
                }
            }
        }
        if let Some(not) = node.not.filter(|not| self.holds(*not, value)) {
            let message = self.unwanted(not);
            self.mistakes.add(field(), message, "not");
        }
        if let Some(condition) = node.when {
            let next = if self.holds(condition, value) { node.then } else { node.otherwise };
            if let Some(next) = next {
                self.walk(next, value, field);
            }
        }
    }

    /// None of these holds: explains the one that was meant.
    fn branch(&mut self, list: &[NodeId], value: &Value, field: Field<'_>, rule: &'static str) {
        let nodes = self.nodes;
        let kinds = |id: &NodeId| kinds_of(nodes, *id);
        let fitting: Vec<NodeId> =
            list.iter().copied().filter(|id| kinds(id).fits(value)).collect();
        if fitting.is_empty() {
            let all = list.iter().map(kinds).fold(Kinds::NONE, Kinds::or);
            return self.mistakes.add(field(), format!("must be {}", all.in_words()), "type");
        }
        if let Some((name, listed)) = self.tag(&fitting) {
            let given = value.get(&name);
            let field = || format!("{}.{name}", field());
            if given.is_none() {
                return self.mistakes.add(field(), "is required", "required");
            }
            if given.is_some_and(|given| !listed.contains(given)) {
                let listed: Vec<String> =
                    listed.iter().map(|value| words::shown(&value.into())).collect();
                let message = format!("must be one of {}", listed.join(", "));
                return self.mistakes.add(field(), message, "enum");
            }
        }
        let meant: Vec<NodeId> =
            fitting.iter().copied().filter(|id| !self.is_told_apart(*id, value, 0)).collect();
        let before = self.mistakes.len();
        if let [one] = meant[..] {
            self.walk(one, value, field);
        }
        if self.mistakes.len() > before || self.mistakes.is_full() {
            return;
        }
        let message = match self.needed(list) {
            Some(names) => format!("must have {}", names.join(" or ")),
            None => "has none of the forms that are let in here".to_owned(),
        };
        self.mistakes.add(field(), message, rule);
    }

    /// The member that tells the branches apart, and all its values.
    fn tag(&self, list: &[NodeId]) -> Option<(SmolStr, Vec<Value>)> {
        let listed = |id: NodeId| {
            let node = &self.nodes[id];
            let all = node.properties.iter().filter(|(name, _)| node.required.contains(name));
            all.map(|(name, next)| (name, &self.nodes[*next].allowed))
        };
        let (first, _) = list.split_first()?;
        let (name, _) = listed(*first).find(|(name, allowed)| {
            let same = |id: &NodeId| listed(*id).any(|(own, all)| own == *name && !all.is_empty());
            !allowed.is_empty() && list.iter().all(same)
        })?;
        let values = list.iter().flat_map(|id| listed(*id)).filter(|(own, _)| *own == name);
        Some((name.clone(), values.flat_map(|(_, allowed)| allowed.iter().cloned()).collect()))
    }

    /// Whether a member that is one of listed values in this branch has another value: then this branch was not meant.
    fn is_told_apart(&self, id: NodeId, value: &Value, depth: u32) -> bool {
        let node = &self.nodes[id];
        let listed = |(name, next): (&SmolStr, &NodeId)| {
            let next = &self.nodes[*next];
            let given = value.get(name);
            !next.allowed.is_empty() && given.is_none_or(|given| !next.allowed.contains(given))
        };
        depth < 8
            && (node.properties.iter().any(listed)
                || node.same_place().any(|next| self.is_told_apart(next, value, depth + 1)))
    }

    /// The members that the branches require, where that is all they say.
    fn needed(&self, list: &[NodeId]) -> Option<Vec<String>> {
        let only = |id: &NodeId| {
            let node = &self.nodes[*id];
            let [name] = &node.required[..] else { return None };
            let more = node.properties.is_empty() && node.branches().next().is_none();
            more.then(|| format!("`{name}`"))
        };
        list.iter().map(only).collect()
    }

    fn only_one(&self, list: &[NodeId]) -> String {
        match self.needed(list) {
            Some(names) => format!("must have only one of {}", names.join(", ")),
            None => "has more than one of the forms, and may have only one".to_owned(),
        }
    }

    fn unwanted(&self, not: NodeId) -> String {
        let node = &self.nodes[not];
        if !node.allowed.is_empty() {
            let list: Vec<String> =
                node.allowed.iter().map(|value| words::shown(&value.into())).collect();
            return format!("must not be {}", list.join(" or "));
        }
        match self.needed(&[not]) {
            Some(names) => format!("must not have {}", names.join(", ")),
            None => "has a form that is not let in".to_owned(),
        }
    }

    fn holds(&self, id: NodeId, value: &Value) -> bool {
        let Some(node) = self.nodes.get(id) else { return true };
        match &node.judge {
            Some(judge) => judge.is_valid(value),
            None => !node.never,
        }
    }
}
