//! A schema as a tree of nodes, its references resolved.

use indexmap::IndexMap;
use jsonschema::Validator;

use super::instance::Ours;
use super::kinds::Kinds;
use super::schema::Additional;
use crate::value::{Num, SmolStr, Value};

/// Where a node stands among all of its schema.
pub(super) type NodeId = usize;

/// One schema of a schema: what of it is needed to prepare a value and to explain what is wrong with one.
#[derive(Default)]
pub(super) struct Node {
    /// Its place in the text, as a JSON pointer.
    pub(super) pointer: String,
    /// The schema `false`.
    pub(super) never: bool,
    /// What it says by `type`, or by `enum` and `const`.
    pub(super) kinds: Option<Kinds>,
    pub(super) allowed: Vec<Value>,
    pub(super) default: Option<Value>,
    pub(super) minimum: Option<Num>,
    pub(super) maximum: Option<Num>,
    pub(super) pattern: Option<String>,
    pub(super) required: Vec<SmolStr>,
    pub(super) additional: Option<Additional>,
    pub(super) trim: bool,
    pub(super) lowercase: bool,
    pub(super) clamp: bool,
    pub(super) properties: IndexMap<SmolStr, NodeId>,
    pub(super) patterns: Vec<(Matcher, NodeId)>,
    pub(super) rest: Option<NodeId>,
    pub(super) unevaluated: Option<NodeId>,
    pub(super) names: Option<NodeId>,
    pub(super) dependent: Vec<(SmolStr, NodeId)>,
    pub(super) prefix: Vec<NodeId>,
    pub(super) items: Option<NodeId>,
    pub(super) unevaluated_items: Option<NodeId>,
    pub(super) contains: Option<Contains>,
    pub(super) reference: Option<NodeId>,
    pub(super) all: Vec<NodeId>,
    pub(super) any: Vec<NodeId>,
    pub(super) one: Vec<NodeId>,
    pub(super) not: Option<NodeId>,
    pub(super) when: Option<NodeId>,
    pub(super) then: Option<NodeId>,
    pub(super) otherwise: Option<NodeId>,
    /// What it says without a schema inside.
    pub(super) local: Option<Validator<Ours>>,
    /// All of it, where values are asked for it alone.
    pub(super) judge: Option<Validator<Ours>>,
}

/// `contains`, and how often.
pub(super) struct Contains {
    pub(super) item: NodeId,
    pub(super) least: u64,
    pub(super) most: Option<u64>,
}

/// A pattern of names.
#[derive(Clone)]
pub(super) struct Matcher(pub(super) Validator<Ours>);

impl Matcher {
    pub(super) fn fits(&self, name: &str) -> bool {
        self.0.is_valid(&Value::Str(SmolStr::new(name)))
    }
}

impl Node {
    /// Schemas that hold for the same value, whatever it is.
    pub(super) fn same_place(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.reference.into_iter().chain(self.all.iter().copied())
    }

    /// Schemas that may hold for the same value.
    pub(super) fn branches(&self) -> impl Iterator<Item = NodeId> + '_ {
        let lists = self.any.iter().chain(&self.one).copied();
        let dependent = self.dependent.iter().map(|(_, node)| *node);
        lists.chain(self.then).chain(self.otherwise).chain(dependent)
    }

    /// Schemas that are asked about the same value.
    pub(super) fn same_value(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.same_place().chain(self.branches()).chain(self.not).chain(self.when)
    }

    /// Whether a branch must be asked whether it holds.
    pub(super) fn asks(&self) -> impl Iterator<Item = NodeId> + '_ {
        let contains = self.contains.as_ref().map(|contains| contains.item);
        let others = [self.not, self.when, self.names, contains, self.unevaluated_items];
        self.branches().chain(others.into_iter().flatten())
    }

    /// The schema of a member that has one by its name.
    pub(super) fn property(&self, name: &str) -> Option<NodeId> {
        self.properties.get(name).copied()
    }

    /// Every schema of a member: by its name, by patterns, or else that of all others.
    pub(super) fn member(&self, name: &str) -> Vec<NodeId> {
        let patterns = self.patterns.iter().filter(|(pattern, _)| pattern.fits(name));
        let mut nodes: Vec<NodeId> =
            self.property(name).into_iter().chain(patterns.map(|(_, node)| *node)).collect();
        if nodes.is_empty() {
            nodes.extend(self.rest);
        }
        nodes
    }
}
