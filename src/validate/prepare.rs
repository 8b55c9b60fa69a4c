//! What is done to a value before it is checked: trimmed, brought into range, filled in, stripped.

use std::sync::Arc;

use super::decimal::Decimal;
use super::mistakes::Mistakes;
use super::place::{Place, PlaceId, Rest};
use crate::value::{Members, Num, SmolStr, Value};

/// One preparation of a value.
pub(super) struct Prepare<'a> {
    pub(super) places: &'a [Place],
    pub(super) mistakes: &'a mut Mistakes,
}

impl Prepare<'_> {
    /// Prepares the value of a place. Members that are refused go to the mistakes.
    pub(super) fn walk(&mut self, id: PlaceId, value: &mut Value, field: &dyn Fn() -> String) {
        let places = self.places;
        let Some(place) = places.get(id).filter(|place| !place.idle) else { return };
        match value {
            Value::Str(text) if place.trim || place.lowercase => *text = tidy(place, text),
            Value::Num(number) => {
                if let Some(limit) = beyond(place, number) {
                    *number = limit;
                }
            }
            Value::Arr(_) if place.items.is_some() || !place.prefix.is_empty() => {
                self.items(place, value, field);
            }
            Value::Obj(_) => self.members(place, value, field),
            _ => {}
        }
    }

    fn items(&mut self, place: &Place, value: &mut Value, field: &dyn Fn() -> String) {
        let Value::Arr(array) = std::mem::take(value) else { return };
        let mut items = Arc::unwrap_or_clone(array).items;
        for (index, item) in items.iter_mut().enumerate() {
            if let Some(id) = place.item(index) {
                self.walk(id, item, &|| format!("{}[{index}]", field()));
            }
        }
        *value = Value::array(items);
    }

    fn members(&mut self, place: &Place, value: &mut Value, field: &dyn Fn() -> String) {
        let Value::Obj(object) = std::mem::take(value) else { return };
        let given = Arc::unwrap_or_clone(object).members;
        let mut kept = Members::default();
        kept.reserve(given.len().min(place.members.len().max(8)));
        for (name, mut member) in given {
            if self.member(place, &name, &mut member, field) {
                kept.insert(name, member);
            }
        }
        for (name, id) in &place.members {
            if let Some(default) = self.places.get(*id).and_then(|place| place.default.as_ref())
                && !kept.contains_key(name)
            {
                kept.insert(name.clone(), default.clone());
            }
        }
        *value = Value::object(kept);
    }

    /// Whether the member stays.
    fn member(
        &mut self,
        place: &Place,
        name: &SmolStr,
        member: &mut Value,
        field: &dyn Fn() -> String,
    ) -> bool {
        let field = || format!("{}.{name}", field());
        if let Some(id) = place.member(name) {
            self.walk(id, member, &field);
            return true;
        }
        let mut named = false;
        for (_, id) in place.patterns.iter().filter(|(pattern, _)| pattern.fits(name)) {
            self.walk(*id, member, &field);
            named = true;
        }
        match place.rest {
            _ if named => {}
            Rest::Strip => return false,
            Rest::Refuse => self.mistakes.add(field(), "is not known here", "additional"),
            Rest::Keep(Some(id)) => self.walk(id, member, &field),
            Rest::Keep(None) | Rest::Free | Rest::Closed => {}
        }
        true
    }
}

fn tidy(place: &Place, text: &SmolStr) -> SmolStr {
    let trimmed = if place.trim { text.trim() } else { text };
    match place.lowercase {
        true => SmolStr::from(trimmed.to_lowercase()),
        false if trimmed.len() < text.len() => SmolStr::new(trimmed),
        false => text.clone(),
    }
}

/// The limit that a number is beyond, where it is to be brought into range.
fn beyond(place: &Place, number: &Num) -> Option<Num> {
    let (least, most) = place.clamp.as_ref()?;
    let number = Decimal::of(number)?;
    let below = |limit: &Num| Decimal::of(limit).is_some_and(|limit| number < limit);
    let above = |limit: &Num| Decimal::of(limit).is_some_and(|limit| number > limit);
    let least = least.clone().filter(below);
    least.or_else(|| most.clone().filter(above))
}
