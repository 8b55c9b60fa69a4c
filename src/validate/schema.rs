//! A compiled JSON Schema, draft 2020-12, with the keywords of our own.

use std::fmt;
use std::sync::Arc;

use jsonschema::Validator;
use serde_json::Value as Json;

use super::explain::Explain;
use super::instance::Ours;
use super::kinds::{Kinds, Type};
use super::mistakes::Mistakes;
use super::node::Node;
use super::place::{Place, PlaceId, Rest};
use super::prepare::Prepare;
use super::wrong::Wrong;
use super::{build, members};
use crate::value::Value;

/// A compiled schema: prepares a value, says whether it is good, and if not, why. Clones share it.
#[derive(Clone, Default)]
pub struct Schema(Option<Arc<Compiled>>);

/// What becomes of members that nobody names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Additional {
    /// They are dropped, so that nobody sets what was not offered.
    #[default]
    Strip,
    /// They are a mistake.
    Refuse,
    /// They stay.
    Keep,
}

pub(super) struct Compiled {
    pub(super) judge: Validator<Ours>,
    pub(super) nodes: Vec<Node>,
    pub(super) places: Vec<Place>,
}

impl Schema {
    /// Compiles a schema. The default one lets in anything.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn compile(json: &Json) -> Result<Self, Vec<Wrong>> {
        build::build(json).map(|compiled| Self(Some(Arc::new(compiled))))
    }

    /// Prepares a value (trims, brings into range, fills in, strips) and checks it; `field` names it. Gives whether it
    /// is good.
    pub fn check(
        &self,
        value: &mut Value,
        field: impl Fn() -> String,
        mistakes: &mut Mistakes,
    ) -> bool {
        let Some(compiled) = &self.0 else { return true };
        let before = mistakes.len();
        Prepare { places: &compiled.places, mistakes }.walk(0, value, &field);
        compiled.judge(value, &field, mistakes) && mistakes.len() == before
    }

    /// Checks a value as it is, which stays as it is. Gives whether it is good.
    pub fn test(&self, value: &Value, field: impl Fn() -> String, mistakes: &mut Mistakes) -> bool {
        let Some(compiled) = &self.0 else { return true };
        let before = mistakes.len();
        if compiled.places.iter().any(|place| place.rest == Rest::Refuse) {
            let mut copy = value.clone();
            Prepare { places: &compiled.places, mistakes }.walk(0, &mut copy, &field);
        }
        compiled.judge(value, &field, mistakes) && mistakes.len() == before
    }

    /// The types that it lets in; none: any.
    pub fn types(&self) -> Vec<Type> {
        self.place(0).map_or(Kinds::ALL, |place| place.kinds).list()
    }

    /// Whether values of this type are let in.
    pub fn lets_in(&self, kind: Type) -> bool {
        self.place(0).is_none_or(|place| place.kinds.has(kind))
    }

    /// What stands in for an absent value.
    pub fn default_value(&self) -> Option<&Value> {
        self.place(0)?.default.as_ref()
    }

    /// What is said about the value and its parts, for people and for programs that read it.
    pub fn describe(&self) -> Option<members::View<'_>> {
        self.0.as_deref().map(members::View::root)
    }

    pub(super) fn place(&self, id: PlaceId) -> Option<&Place> {
        self.0.as_ref()?.places.get(id)
    }
}

impl Compiled {
    fn judge(&self, value: &Value, field: &dyn Fn() -> String, mistakes: &mut Mistakes) -> bool {
        if self.judge.is_valid(value) {
            return true;
        }
        let before = mistakes.len();
        Explain::new(&self.nodes, mistakes).walk(0, value, field);
        if mistakes.len() == before {
            mistakes.add(field(), "is not valid here", "schema");
        }
        false
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Schema({:?})", self.types())
    }
}
