//! No two things that differ have the same key.

use proptest::prelude::*;

use crate::cache::{Key, Tag};

fn key(kind: &str, lists: &[Vec<Vec<u8>>]) -> Key {
    let lists = lists.iter().fold(Key::of(kind).count(lists.len()), |key, list| {
        list.iter().fold(key.count(list.len()), |key, part| key.part(part))
    });
    lists.end()
}

#[test]
fn k7_what_stands_in_one_part_cannot_run_into_the_next() {
    let key = |parts: [&str; 2]| {
        Key::of("call").part(parts[0].as_bytes()).part(parts[1].as_bytes()).end()
    };
    let parts =
        [["a|b", "c"], ["a", "b|c"], ["a|b|c", ""], ["", "a|b|c"], ["ab", "c"], ["a", "bc"]];
    for (at, one) in parts.iter().enumerate() {
        assert_eq!(key(*one), key(*one));
        for other in &parts[at + 1..] {
            assert_ne!(key(*one), key(*other), "{one:?} {other:?}");
        }
    }
}

#[test]
fn a_length_that_stands_in_a_part_is_none() {
    let with_length = [&1_u64.to_be_bytes()[..], b"a"].concat();
    assert_ne!(Key::of("").part(&with_length).end(), Key::of("").part(b"").part(b"a").end());
    assert_ne!(Key::of("a").end(), Key::of("").part(b"a").end());
}

#[test]
fn a_list_does_not_run_into_what_stands_behind_it() {
    let part = |text: &str| text.as_bytes().to_vec();
    let one = [vec![part("a"), part("b")], vec![part("c")]];
    let other = [vec![part("a")], vec![part("b"), part("c")]];
    assert_ne!(key("call", &one), key("call", &other));
}

#[test]
fn texts_that_differ_are_other_tags() {
    assert_eq!(Tag::of("user:1"), Tag::of("user:1"));
    assert_ne!(Tag::of("user:1"), Tag::of("user:10"));
    assert_ne!(Tag::of("posts"), Tag::of("Posts"));
}

proptest! {
    #[test]
    fn only_what_is_equal_has_the_same_key(
        one in any_lists(), other in any_lists(), kinds in ("[ab]{0,2}", "[ab]{0,2}"),
    ) {
        let same = key(&kinds.0, &one) == key(&kinds.1, &other);
        prop_assert_eq!(same, (kinds.0, one) == (kinds.1, other));
    }
}

/// Short ones of few bytes, so that equal ones come up.
fn any_lists() -> impl Strategy<Value = Vec<Vec<Vec<u8>>>> {
    let part = prop::collection::vec(0_u8..2, 0..3);
    prop::collection::vec(prop::collection::vec(part, 0..3), 0..3)
}
