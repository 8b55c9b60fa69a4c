//! Putting together all schemas that speak of one value.

use std::collections::{HashMap, HashSet};

use super::keywords::nearest;
use super::kinds::{Kinds, Type};
use super::node::{Matcher, Node, NodeId};
use super::place::{Place, PlaceId, Rest, find_idle};
use super::schema::Additional;
use super::wrong::{Wrong, below};
use crate::value::SmolStr;

/// With more members than these they are looked up.
const FEW: usize = 12;
/// More places than these nobody means.
const MOST: usize = 100_000;

type Set = Vec<(NodeId, bool)>;

/// Puts the nodes together; the first place is the root's.
pub(super) fn places(nodes: &[Node], wrong: &mut Vec<Wrong>) -> Vec<Place> {
    let mut merge = Merge { nodes, known: HashMap::new(), todo: Vec::new() };
    merge.place(vec![(0, true)]);
    let mut places = Vec::new();
    while let Some(set) = merge.todo.get(places.len()).cloned() {
        if places.len() >= MOST {
            let help = format!("it has more than {MOST} members, items and branches: name fewer");
            wrong.push(Wrong::value("", "this schema is too large").help(help));
            break;
        }
        let place = merge.make(set, wrong);
        places.push(place);
    }
    if !wrong.is_empty() {
        return Vec::new();
    }
    find_idle(&mut places);
    places
}

struct Merge<'n> {
    nodes: &'n [Node],
    known: HashMap<Set, PlaceId>,
    todo: Vec<Set>,
}

impl Merge<'_> {
    /// The place of these nodes and of all that speaks with them.
    fn place(&mut self, heads: Set) -> PlaceId {
        let mut closure: Set = Vec::new();
        let mut open = heads;
        while let Some((id, sure)) = open.pop() {
            match closure.iter_mut().find(|(known, _)| *known == id) {
                Some((_, known)) if *known || !sure => continue,
                Some((_, known)) => *known = true,
                None => closure.push((id, sure)),
            }
            let node = &self.nodes[id];
            open.extend(node.same_place().map(|next| (next, sure)));
            open.extend(node.branches().map(|next| (next, false)));
        }
        closure.sort_unstable();
        if let Some(known) = self.known.get(&closure) {
            return *known;
        }
        self.todo.push(closure.clone());
        self.known.insert(closure, self.todo.len() - 1);
        self.todo.len() - 1
    }

    fn make(&mut self, set: Set, wrong: &mut Vec<Wrong>) -> Place {
        let nodes = self.nodes;
        self.check_branches(&set, wrong);
        let sure = || set.iter().filter(|(_, sure)| *sure).map(|(id, _)| &nodes[*id]);
        let names = names(nodes, &set);
        let members: Vec<(SmolStr, PlaceId)> =
            names.iter().map(|name| (name.clone(), self.member(&set, name))).collect();
        let rest = self.rest(&set, !names.is_empty());
        if matches!(rest, Rest::Strip | Rest::Refuse | Rest::Closed) {
            check_required(nodes, &set, &names, wrong);
        }
        let longest = set.iter().map(|(id, _)| nodes[*id].prefix.len()).max().unwrap_or(0);
        let prefix = (0..longest).filter_map(|at| self.item(&set, at)).collect();
        let clamped = sure().find(|node| node.clamp);
        Place {
            kinds: kinds(nodes, &set),
            allowed: sure()
                .map(|node| &node.allowed)
                .find(|all| !all.is_empty())
                .cloned()
                .unwrap_or_default(),
            default: sure().find_map(|node| node.default.clone()),
            trim: sure().any(|node| node.trim),
            lowercase: sure().any(|node| node.lowercase),
            clamp: clamped.map(|node| (node.minimum.clone(), node.maximum.clone())),
            index: match members.len() > FEW {
                true => members.iter().cloned().collect(),
                false => HashMap::new(),
            },
            members,
            patterns: self.patterns(&set),
            rest,
            prefix,
            items: self.item(&set, longest),
            idle: false,
            nodes: set,
        }
    }

    fn member(&mut self, set: &Set, name: &str) -> PlaceId {
        let nodes = self.nodes;
        let of = |(id, sure): &(NodeId, bool)| {
            nodes[*id].member(name).into_iter().map(|n| (n, *sure)).collect::<Vec<_>>()
        };
        self.place(set.iter().flat_map(of).collect())
    }

    fn item(&mut self, set: &Set, at: usize) -> Option<PlaceId> {
        let nodes = self.nodes;
        let of = |(id, sure): &(NodeId, bool)| {
            let node = &nodes[*id];
            node.prefix.get(at).copied().or(node.items).map(|item| (item, *sure))
        };
        let heads: Set = set.iter().filter_map(of).collect();
        (!heads.is_empty()).then(|| self.place(heads))
    }

    fn patterns(&mut self, set: &Set) -> Vec<(Matcher, PlaceId)> {
        let nodes = self.nodes;
        let all = set.iter().flat_map(|(id, sure)| {
            nodes[*id].patterns.iter().map(move |(matcher, node)| (matcher.clone(), *node, *sure))
        });
        all.map(|(matcher, node, sure)| (matcher, self.place(vec![(node, sure)]))).collect()
    }

    fn rest(&mut self, set: &Set, named: bool) -> Rest {
        let nodes = self.nodes;
        let of = |(id, _): &(NodeId, bool)| &nodes[*id];
        let words: Vec<Additional> = set.iter().filter_map(|one| of(one).additional).collect();
        let open = |node: &Node| {
            let said = node.rest.into_iter().chain(node.unevaluated);
            said.map(|id| !nodes[id].never).collect::<Vec<bool>>()
        };
        let said: Vec<bool> = set.iter().flat_map(|one| open(of(one))).collect();
        let free = |one: &(NodeId, bool)| !one.1 && is_any_object(nodes, of(one));
        let patterned = set.iter().any(|one| !of(one).patterns.is_empty());
        if words.contains(&Additional::Keep) || said.contains(&true) || set.iter().any(free) {
            return Rest::Keep(self.others(set));
        }
        if said.contains(&false) {
            return Rest::Closed;
        }
        if words.contains(&Additional::Refuse) {
            return Rest::Refuse;
        }
        if named || patterned || words.contains(&Additional::Strip) {
            Rest::Strip
        } else {
            Rest::Free
        }
    }

    /// The place of members that nobody names, where something is said about them.
    fn others(&mut self, set: &Set) -> Option<PlaceId> {
        let nodes = self.nodes;
        let of = |(id, sure): &(NodeId, bool)| {
            let node = &nodes[*id];
            Some((node.rest.or(node.unevaluated)?, *sure))
        };
        let heads: Set = set.iter().filter_map(of).collect();
        (!heads.is_empty()).then(|| self.place(heads))
    }

    /// What changes a value cannot depend on which branch holds: that is known only of the changed value.
    fn check_branches(&self, set: &Set, wrong: &mut Vec<Wrong>) {
        for (id, _) in set.iter().filter(|(_, sure)| !sure) {
            let node = &self.nodes[*id];
            let words = [("trim", node.trim), ("lowercase", node.lowercase), ("clamp", node.clamp)];
            for (word, _) in words.into_iter().filter(|(_, said)| *said) {
                let at = below(&node.pointer, word);
                let title = format!("`{word}` cannot stand in a branch");
                let help = "values are changed before it is known which branch holds: write it \
                            beside `anyOf`, `oneOf` or `if`";
                if !wrong.iter().any(|known| known.at == at) {
                    wrong.push(Wrong::key(at, title).help(help));
                }
            }
        }
    }
}

/// An object of any kind, said in so many words.
fn is_any_object(nodes: &[Node], node: &Node) -> bool {
    let object = node.kinds.is_some_and(|kinds| kinds.has(Type::Object));
    let speaks = !node.properties.is_empty()
        || !node.patterns.is_empty()
        || !node.required.is_empty()
        || !node.allowed.is_empty()
        || node.same_place().chain(node.branches()).next().is_some();
    let closed = node.rest.or(node.unevaluated).is_some_and(|id| nodes[id].never);
    object && !speaks && !closed
}

fn names(nodes: &[Node], set: &Set) -> Vec<SmolStr> {
    let mut names: Vec<SmolStr> = Vec::new();
    let mut known = HashSet::new();
    for name in set.iter().flat_map(|(id, _)| nodes[*id].properties.keys()) {
        if known.insert(name) {
            names.push(name.clone());
        }
    }
    names
}

fn kinds(nodes: &[Node], set: &Set) -> Kinds {
    let of = |(id, _): &(NodeId, bool)| kinds_of(nodes, *id);
    let mut sure = set.iter().filter(|(_, sure)| *sure).map(of).peekable();
    if sure.peek().is_some() {
        return sure.fold(Kinds::ALL, Kinds::and);
    }
    set.iter().map(of).fold(Kinds::NONE, Kinds::or)
}

/// The types that a schema lets in, as far as it says.
pub(super) fn kinds_of(nodes: &[Node], id: NodeId) -> Kinds {
    let node = &nodes[id];
    if node.never {
        return Kinds::NONE;
    }
    let own = node.kinds.unwrap_or(Kinds::ALL);
    let all = node.same_place().map(|next| kinds_of(nodes, next)).fold(own, Kinds::and);
    let lists = [&node.any, &node.one].into_iter().filter(|list| !list.is_empty());
    lists.fold(all, |kinds, list| {
        let any = list.iter().map(|next| kinds_of(nodes, *next));
        kinds.and(any.fold(Kinds::NONE, Kinds::or))
    })
}

/// What is dropped or refused cannot be required, nor depended on.
fn check_required(nodes: &[Node], set: &Set, names: &[SmolStr], wrong: &mut Vec<Wrong>) {
    let patterned = |name: &str| {
        set.iter().any(|(id, _)| nodes[*id].patterns.iter().any(|(one, _)| one.fits(name)))
    };
    let known: HashSet<&SmolStr> = names.iter().collect();
    for node in set.iter().filter(|(_, sure)| *sure).map(|(id, _)| &nodes[*id]) {
        let required = node.required.iter().map(|name| ("required", "required", name));
        let dependent = &node.dependent;
        let dependent = dependent.iter().map(|(name, _)| ("dependentSchemas", "depended on", name));
        for (keyword, what, name) in required.chain(dependent) {
            if known.contains(name) || patterned(name) {
                continue;
            }
            let help = nearest(name, names.iter().map(SmolStr::as_str));
            let help = help.unwrap_or_else(|| "declare it under `properties`".to_owned());
            let title = format!("`{name}` is {what}, but not declared");
            wrong.push(Wrong::value(below(&node.pointer, keyword), title).help(help));
        }
    }
}
