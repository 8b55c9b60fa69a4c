//! What is still to be told, and what is written.

use std::time::Duration;

use proptest::prelude::*;

use super::super::record::{micros, read_lives, read_tags, write_lives, write_tags};
use super::super::untold::{Batch, Untold};
use crate::cache::{Lives, Tag};

fn tags(all: &[&str]) -> Vec<Tag> {
    all.iter().map(|text| Tag::of(text)).collect()
}

#[test]
fn what_was_told_is_told_unless_it_came_again_meanwhile() {
    let untold = Untold::default();
    assert_eq!(untold.left(), None);
    let first = untold.add(&tags(&["a", "b"]));
    let second = untold.add(&tags(&["b"]));
    assert!(untold.has(&tags(&["a"])) && untold.has(&tags(&["x", "b"])));
    untold.told(&first);
    assert!(!untold.has(&tags(&["a"])) && untold.has(&tags(&["b"])));
    let left = untold.left().unwrap();
    assert_eq!(left.tags, tags(&["b"]));
    untold.add(&tags(&["b"]));
    untold.told(&left);
    untold.told(&second);
    assert!(untold.has(&tags(&["b"])));
    untold.told(&untold.left().unwrap());
    assert_eq!(untold.left(), None);
}

#[test]
fn when_there_are_too_many_all_is_told() {
    let untold = Untold::default();
    for number in 0..10_000_u32 {
        untold.add(&[Tag::of(&number.to_string())]);
    }
    let left = untold.left().unwrap();
    assert_eq!(left.tags, []);
    assert!(untold.has(&[]), "also what has no tags");
    let again = untold.add(&tags(&["a"]));
    assert!(matches!(&again, Batch { tags, .. } if tags.is_empty()));
    untold.told(&left);
    assert!(untold.has(&tags(&["b"])));
    untold.told(&again);
    assert_eq!(untold.left(), None);
}

proptest! {
    #[test]
    fn tags_are_read_as_they_were_written(all: Vec<[u8; 16]>, rest in 1..16_usize) {
        let all: Vec<Tag> = all.into_iter().map(Tag).collect();
        let mut written = write_tags(&all);
        prop_assert_eq!(read_tags(&written), Some(all));
        written.resize(written.len() + rest, 0);
        prop_assert_eq!(read_tags(&written), None);
    }

    #[test]
    fn lives_are_read_as_they_were_written(
        fresh: u32, stale: Duration, if_error: Duration, reuse: u64, cut in 0..32_usize,
    ) {
        let (fresh, reuse) = (Duration::from_micros(fresh.into()), Duration::from_micros(reuse));
        let written = write_lives(&Lives { fresh, stale, if_error, reuse });
        let [stale, if_error] = [stale, if_error].map(|life| Duration::from_micros(micros(life)));
        prop_assert_eq!(read_lives(&written), Some(Lives { fresh, stale, if_error, reuse }));
        prop_assert_eq!(read_lives(&written[..cut]), None);
    }
}
