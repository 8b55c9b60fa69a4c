//! What a schema says of a value and its parts, in the words of a schema.

use super::kinds::Type;
use super::place::{PlaceId, Rest};
use super::schema::{Additional, Compiled};
use crate::value::{Num, SmolStr, Value};

/// A look at what a schema says about a value, or a part of one.
#[derive(Clone, Copy)]
pub struct View<'s> {
    schema: &'s Compiled,
    place: PlaceId,
}

impl<'s> View<'s> {
    pub(super) fn root(schema: &'s Compiled) -> Self {
        Self { schema, place: 0 }
    }

    /// The types that are let in; none: any.
    pub fn types(self) -> Vec<Type> {
        self.schema.places[self.place].kinds.list()
    }

    /// The members that are named.
    pub fn members(self) -> impl Iterator<Item = (&'s SmolStr, View<'s>)> {
        let all = self.schema.places[self.place].members.iter();
        all.map(move |(name, place)| (name, Self { place: *place, ..self }))
    }

    /// A member that is named.
    pub fn member(self, name: &str) -> Option<Self> {
        let place = self.schema.places[self.place].member(name)?;
        Some(Self { place, ..self })
    }

    /// The items, where something is said about them.
    pub fn items(self) -> Option<Self> {
        let place = self.schema.places[self.place].items?;
        Some(Self { place, ..self })
    }

    /// Whether there can be no members but those that are named.
    pub fn is_closed(self) -> bool {
        let place = &self.schema.places[self.place];
        let closed = matches!(place.rest, Rest::Strip | Rest::Refuse | Rest::Closed);
        closed && !place.members.is_empty() && place.patterns.is_empty()
    }

    /// What becomes of members that are not named.
    pub fn additional(self) -> Additional {
        match self.schema.places[self.place].rest {
            Rest::Strip => Additional::Strip,
            Rest::Refuse | Rest::Closed => Additional::Refuse,
            Rest::Free | Rest::Keep(_) => Additional::Keep,
        }
    }

    /// Whether a member must be there.
    pub fn requires(self, name: &str) -> bool {
        self.nodes().any(|node| node.required.iter().any(|own| own == name))
    }

    /// The values that are listed.
    pub fn allowed(self) -> &'s [Value] {
        &self.schema.places[self.place].allowed
    }

    /// The smallest number.
    pub fn minimum(self) -> Option<&'s Num> {
        self.nodes().find_map(|node| node.minimum.as_ref())
    }

    /// The largest number.
    pub fn maximum(self) -> Option<&'s Num> {
        self.nodes().find_map(|node| node.maximum.as_ref())
    }

    /// What text must match somewhere.
    pub fn pattern(self) -> Option<&'s str> {
        self.nodes().find_map(|node| node.pattern.as_deref())
    }

    /// What stands in for an absent value.
    pub fn default_value(self) -> Option<&'s Value> {
        self.schema.places[self.place].default.as_ref()
    }

    /// Where in the schema this part is described: a part that describes itself again has the same.
    pub fn identity(self) -> usize {
        self.place
    }

    fn nodes(self) -> impl Iterator<Item = &'s super::node::Node> {
        let sure = self.schema.places[self.place].nodes.iter().filter(|(_, sure)| *sure);
        sure.map(move |(id, _)| &self.schema.nodes[*id])
    }
}
