//! When which tag was revalidated, however many there are.

use std::collections::HashMap;

use proptest::prelude::*;

use super::tag;
use crate::cache::{Tag, Tags};

#[test]
fn only_what_has_the_tag_and_began_before_is_gone() {
    let tags = Tags::default();
    let before = tags.now();
    tags.revalidate(&[tag(1)]);
    assert!(tags.last_of(&[tag(0), tag(1)]) > before);
    assert_eq!(tags.last_of(&[tag(0)]), 0);
    assert!(tags.last_of(&[tag(1)]) <= tags.now(), "what begins now is good");
}

#[test]
fn what_has_no_tag_is_gone_when_all_is() {
    let tags = Tags::default();
    tags.revalidate(&[tag(1)]);
    let before = tags.now();
    assert_eq!(tags.last_of(&[]), 0);
    tags.revalidate_all();
    assert!(tags.last_of(&[]) > before && tags.last_of(&[tag(7)]) > before);
    assert!(tags.last_of(&[tag(1)]) <= tags.now());
}

#[test]
fn memory_is_bounded_and_what_is_forgotten_is_gone_and_never_good() {
    let tags = Tags::new(100);
    let before = tags.now();
    for number in 0..100_000 {
        tags.revalidate(&[tag(number)]);
        assert!(tags.len() <= 100);
    }
    let lately = tags.now();
    assert!(tags.last_of(&[tag(3)]) > before, "long forgotten, and never taken for good");
    assert!(tags.last_of(&[tag(99_999)]) == lately, "the younger half is known exactly");
    assert!(tags.last_of(&[tag(3)]) < lately - 40, "what began lately does not suffer");
    assert_eq!(tags.last_of(&[]), 0, "what has no tag cannot have been revalidated");
}

#[test]
fn more_tags_at_once_than_there_is_room_for_are_revalidated_all_the_same() {
    let tags = Tags::new(10);
    let before = tags.now();
    let many: Vec<Tag> = (0..50).map(tag).collect();
    tags.revalidate(&many);
    assert!(many.iter().all(|one| tags.last_of(&[*one]) > before));
    assert!(tags.len() <= 10 && tags.last_of(&many) <= tags.now());
}

proptest! {
    #[test]
    fn nothing_is_taken_for_good_that_was_revalidated(
        steps in prop::collection::vec(prop::collection::vec(0_u64..12, 0..4), 0..60), room in 1_usize..16,
    ) {
        let tags = Tags::new(room);
        let mut last = HashMap::new();
        for step in steps {
            let now = tags.revalidate(&step.iter().copied().map(tag).collect::<Vec<_>>());
            last.extend(step.into_iter().map(|number| (number, now)));
            for number in 0..12 {
                let (known, really) = (tags.last_of(&[tag(number)]), last.get(&number).copied().unwrap_or(0));
                prop_assert!(known >= really && known <= now);
                prop_assert!(known == really || last.len() > room, "exact while there is room");
            }
            prop_assert!(tags.len() <= room);
        }
    }
}
