//! How much is kept, and what goes.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::{Look, Number, Seconds, entries, entry, fresh, key, seconds, tag};
use crate::cache::{Entries, Entry, Payload};
use crate::clock::{Clock, SystemClock};

const MIB: usize = 1 << 20;

fn keep(entries: &Entries<Number>, clock: &Seconds, number: u64, size: u64) -> bool {
    entries.keep(key(number), &entry(number, size, &[], entries.tags.now(), clock))
}

#[test]
fn all_that_is_kept_is_never_more_than_it_may_be() {
    let (entries, clock) = entries(MIB);
    for number in 0..2000 {
        assert!(keep(&entries, &clock, number, 10_000));
    }
    entries.tidy();
    let (count, bytes) = entries.size();
    assert!(bytes <= MIB as u64 && count >= 95, "{count} entries, {bytes} bytes");
}

#[test]
fn what_was_not_asked_for_the_longest_goes_and_a_new_one_stays() {
    let (entries, clock) = entries(MIB);
    for number in 0..100 {
        keep(&entries, &clock, number, 10_000);
        entries.tidy();
    }
    for number in 0..50 {
        for _ in 0..20 {
            fresh(&entries, number);
        }
        entries.tidy();
    }
    // However often the others were asked: whoever has fetched it finds it the next time.
    for number in 1000..1040 {
        keep(&entries, &clock, number, 10_000);
        entries.tidy();
        assert_eq!(fresh(&entries, number), Some(number));
    }
    assert!((10..50).all(|number| fresh(&entries, number).is_some()), "asked lately");
    assert!((60..80).all(|number| fresh(&entries, number).is_none()), "not asked for long");
}

#[test]
fn what_alone_is_too_large_is_not_kept_and_drives_nothing_out() {
    let (entries, clock) = entries(MIB);
    keep(&entries, &clock, 1, 1000);
    assert!(!keep(&entries, &clock, 2, MIB as u64));
    entries.tidy();
    assert_eq!((fresh(&entries, 1), fresh(&entries, 2)), (Some(1), None));
}

#[test]
fn what_has_grown_is_weighed_anew_and_makes_room_for_itself() {
    let (entries, clock) = entries(MIB);
    let grows = entry(0, 1000, &[], 0, &clock);
    entries.keep(key(0), &grows);
    for number in 1..80 {
        keep(&entries, &clock, number, 10_000);
    }
    entries.tidy();
    let (_, before) = entries.size();
    grows.payload.1.store(500_000, Ordering::SeqCst);
    entries.weigh(&key(0), &grows);
    entries.tidy();
    let (count, after) = entries.size();
    assert!(after > before && after <= MIB as u64 && count < 80, "{before} {after} {count}");
    assert_eq!(fresh(&entries, 0), Some(0));
    grows.payload.1.store(2 * MIB as u64, Ordering::SeqCst);
    entries.weigh(&key(0), &grows);
    entries.tidy();
    assert_eq!(fresh(&entries, 0), None);
    assert!(fresh(&entries, 79).is_some());
}

#[test]
fn what_is_gone_or_has_another_in_its_place_does_not_come_back_by_being_weighed() {
    let (entries, clock) = entries(MIB);
    let first = entry(1, 10, &[], 0, &clock);
    entries.keep(key(1), &first);
    entries.forget(&key(1));
    entries.weigh(&key(1), &first);
    assert_eq!(fresh(&entries, 1), None);
    let second = entry(2, 10, &[], 0, &clock);
    entries.keep(key(1), &second);
    entries.weigh(&key(1), &first);
    assert_eq!(fresh(&entries, 1), Some(2));
}

#[test]
fn what_began_earlier_takes_nothings_place_that_is_good() {
    let (entries, clock) = entries(MIB);
    let early = entry(1, 10, &[tag(1)], entries.tags.now(), &clock);
    entries.tags.revalidate(&[tag(2)]);
    let late = entry(2, 10, &[tag(2)], entries.tags.now(), &clock);
    assert!(entries.keep(key(1), &late));
    assert!(!entries.keep(key(1), &early));
    assert_eq!(fresh(&entries, 1), Some(2));
    entries.tags.revalidate(&[tag(2)]);
    assert!(entries.keep(key(1), &early), "the other one is gone");
    assert_eq!(fresh(&entries, 1), Some(1));
}

/// So many bytes, of which it is known how many there are.
struct Block {
    _alive: Arc<()>,
}

impl Payload for Block {
    fn weight(&self) -> usize {
        2_000_000
    }

    fn encode(&self) -> Option<Vec<u8>> {
        None
    }

    fn decode(_: Bytes) -> Option<Self> {
        None
    }
}

#[test]
fn large_ones_let_go_of_their_memory_as_soon_as_others_take_their_place() {
    let clock = Arc::new(Seconds::default());
    let entries = Entries::new(64 * MIB, Arc::clone(&clock) as Arc<dyn Clock>);
    let alive = Arc::new(());
    for number in 0..400 {
        let (block, now) = (Block { _alive: Arc::clone(&alive) }, clock.steady());
        let entry = Entry::new(block, Box::default(), 0, now, seconds(60, 0, 0, 0));
        assert!(entries.keep(key(number), &Arc::new(entry)));
        let (blocks, bytes) = (Arc::strong_count(&alive) - 1, entries.size().1);
        assert!(blocks <= 40 && bytes <= 64 << 20, "{blocks} blocks, {bytes} bytes");
    }
}

#[test]
fn what_is_gone_holds_no_memory_once_it_was_looked_at() {
    let (entries, clock) = entries(MIB);
    let one = entry(1, 1000, &[tag(1)], 0, &clock);
    entries.keep(key(1), &one);
    entries.tags.revalidate(&[tag(1)]);
    assert!(matches!(entries.look(&key(1)), Look::Nothing));
    entries.tidy();
    assert_eq!(entries.size(), (0, 0));
}

#[test]
fn all_can_be_let_go_of_at_once() {
    let (entries, clock) = entries(MIB);
    for number in 0..50 {
        keep(&entries, &clock, number, 1000);
    }
    entries.clear();
    assert!((0..50).all(|number| fresh(&entries, number).is_none()));
    keep(&entries, &clock, 7, 1000);
    entries.tidy();
    assert_eq!((entries.size().0, fresh(&entries, 7)), (1, Some(7)));
}

#[test]
fn memory_is_free_again_when_an_entry_is_good_for_nothing_any_more() {
    let entries = Entries::new(MIB, Arc::new(SystemClock));
    let made_at = crate::clock::Clock::steady(&SystemClock);
    let number = |number| Number(number, 10.into());
    let lives = seconds(60, 0, 0, 0);
    let old = Entry::new(number(1), Box::default(), 0, made_at - Duration::from_secs(60), lives);
    let young = Entry::new(number(2), Box::default(), 0, made_at, lives);
    entries.keep(key(1), &Arc::new(old));
    entries.keep(key(2), &Arc::new(young));
    let begun = Instant::now();
    while entries.size().0 != 1 {
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", entries.size());
        entries.tidy();
    }
    assert_eq!(fresh(&entries, 2), Some(2));
}
