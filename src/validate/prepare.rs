//! What is done to a value before it is checked: trimmed, brought into range, filled in, stripped.

use std::sync::Arc;

use super::decimal::Decimal;
use super::mistakes::Mistakes;
use super::place::{Place, PlaceId, Rest};
use crate::value::{Array, Num, Object, SmolStr, Value};

/// One preparation of a value.
pub(super) struct Prepare<'a> {
    pub(super) places: &'a [Place],
    pub(super) mistakes: &'a mut Mistakes,
}

impl<'a> Prepare<'a> {
    /// Prepares the value of a place. Members that are refused go to the mistakes.
    pub(super) fn walk(&mut self, id: PlaceId, value: &mut Value, field: &dyn Fn() -> String) {
        let places: &'a [Place] = self.places;
        let Some(place) = places.get(id).filter(|place| !place.idle) else { return };
        match value {
            Value::Str(text) if place.trim || place.lowercase => *text = tidy(place, text),
            Value::Num(number) => {
                if let Some(limit) = beyond(place, number) {
                    *number = limit;
                }
            }
            Value::Arr(array) if place.items.is_some() || !place.prefix.is_empty() => {
                self.items(place, Arc::make_mut(array), field);
            }
            Value::Obj(object) => self.members(place, Arc::make_mut(object), field),
            _ => {}
        }
    }

    fn items(&mut self, place: &Place, array: &mut Array, field: &dyn Fn() -> String) {
        for (index, item) in array.items.iter_mut().enumerate() {
            if let Some(id) = place.item(index) {
                self.walk(id, item, &|| format!("{}[{index}]", field()));
            }
            array.depth = array.depth.max(item.depth() + 1);
        }
    }

    fn members(&mut self, place: &Place, object: &mut Object, field: &dyn Fn() -> String) {
        let Object { depth, members } = object;
        members.retain_mut(|name, member| {
            let stays = self.member(place, name, member, field);
            *depth = member.depth().max(*depth - 1) + 1;
            stays
        });
        for (name, id) in &place.members {
            let default = self.places.get(*id).and_then(|place| place.default.as_ref());
            if let Some(default) = default
                && !members.contains_key(name)
            {
                *depth = default.depth().max(*depth - 1) + 1;
                members.insert(name.clone(), default.clone());
            }
        }
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
