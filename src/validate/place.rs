//! Where values stand, and what is done to them there before they are checked.
//!
//! Several schemas may speak about one value: by `$ref` and `allOf` all of them do, by `anyOf`, `oneOf`, `then`, `else`
//! and `dependentSchemas` some may. A place puts them together, once, at start.

use std::collections::HashMap;

use super::kinds::Kinds;
use super::node::{Matcher, NodeId};
use crate::value::{Num, SmolStr, Value};

pub(super) type PlaceId = usize;

/// What is done to the values of a place.
pub(super) struct Place {
    /// The types that are let in.
    pub(super) kinds: Kinds,
    /// The values that are let in, where they are listed.
    pub(super) allowed: Vec<Value>,
    pub(super) default: Option<Value>,
    pub(super) trim: bool,
    pub(super) lowercase: bool,
    pub(super) clamp: Option<(Option<Num>, Option<Num>)>,
    pub(super) members: Vec<(SmolStr, PlaceId)>,
    /// Where to find members that are many.
    pub(super) index: HashMap<SmolStr, PlaceId>,
    pub(super) patterns: Vec<(Matcher, PlaceId)>,
    pub(super) rest: Rest,
    pub(super) prefix: Vec<PlaceId>,
    pub(super) items: Option<PlaceId>,
    /// Nothing is done here, nor anywhere below.
    pub(super) idle: bool,
    /// The schemas that speak of it; whether each surely holds.
    pub(super) nodes: Vec<(NodeId, bool)>,
}

/// What becomes of members that nobody names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rest {
    /// No member is named: all stay.
    Free,
    /// They are dropped.
    Strip,
    /// They are a mistake.
    Refuse,
    /// They stay; what they must look like may be said.
    Keep(Option<PlaceId>),
    /// `additionalProperties = false` refuses them.
    Closed,
}

impl Place {
    /// The place of a member that is named.
    pub(super) fn member(&self, name: &str) -> Option<PlaceId> {
        if self.index.is_empty() {
            return self.members.iter().find(|(own, _)| own == name).map(|(_, place)| *place);
        }
        self.index.get(name).copied()
    }

    /// The place of an item.
    pub(super) fn item(&self, index: usize) -> Option<PlaceId> {
        self.prefix.get(index).copied().or(self.items)
    }
}

/// Finds the places where nothing is done, nor below.
pub(super) fn find_idle(places: &mut [Place]) {
    for place in places.iter_mut() {
        let defaults = |place: &Place| place.default.is_some();
        place.idle = !place.trim
            && !place.lowercase
            && place.clamp.is_none()
            && !defaults(place)
            && !matches!(place.rest, Rest::Strip | Rest::Refuse);
    }
    loop {
        let busy = |place: &Place| {
            let mut below = place
                .members
                .iter()
                .map(|(_, id)| *id)
                .chain(place.patterns.iter().map(|(_, id)| *id))
                .chain(place.prefix.iter().copied())
                .chain(place.items)
                .chain(match place.rest {
                    Rest::Keep(rest) => rest,
                    _ => None,
                });
            below.any(|id| !places[id].idle)
        };
        let changed: Vec<PlaceId> = places
            .iter()
            .enumerate()
            .filter(|(_, place)| place.idle && busy(place))
            .map(|(id, _)| id)
            .collect();
        if changed.is_empty() {
            return;
        }
        for id in changed {
            places[id].idle = false;
        }
    }
}
