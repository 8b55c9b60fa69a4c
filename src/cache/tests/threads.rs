//! Whoever looks after a revalidation has returned sees nothing from before it, whatever others do at the same time.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::{Look, Number, entries, entry, key, tag};
use crate::cache::{Entries, Tags};

/// What an upstream has, and what a client of ours was told that it has.
#[derive(Default)]
struct World {
    really: AtomicU64,
    told: AtomicU64,
    ends: AtomicBool,
    hits: AtomicU64,
}

#[test]
fn what_is_kept_during_a_revalidation_is_never_served_after_it() {
    let (entries, clock) = entries(1 << 20);
    let world = World::default();
    let read = |key_of: u64| {
        let (mut hits, mut fetched) = (0_u64, 0_u64);
        while !world.ends.load(Ordering::SeqCst) {
            let told = world.told.load(Ordering::SeqCst);
            match entries.look(&key(key_of)) {
                Look::Fresh(found) => {
                    assert!(found.payload.0 >= told, "{} after {told}", found.payload.0);
                    hits += 1;
                    world.hits.fetch_add(1, Ordering::SeqCst);
                }
                _ => {
                    let began = entries.tags.now();
                    let really = world.really.load(Ordering::SeqCst);
                    std::thread::yield_now();
                    entries.keep(key(key_of), &entry(really, 10, &[tag(0), tag(1)], began, &clock));
                    fetched += 1;
                }
            }
        }
        (hits, fetched)
    };
    std::thread::scope(|scope| {
        let readers: Vec<_> = [0, 0, 1].map(|key_of| scope.spawn(move || read(key_of))).into();
        change(&world, &entries);
        for reader in readers {
            let (hits, fetched) = reader.join().expect("a reader");
            assert!(hits + fetched > 0, "{hits} hits, {fetched} fetched");
        }
    });
}

fn change(world: &World, entries: &Entries<Number>) {
    for number in 1..=10_000 {
        world.really.store(number, Ordering::SeqCst);
        match number % 100 {
            0 => entries.clear(),
            _ => drop(entries.tags.revalidate(&[tag(number % 2)])),
        }
        world.told.store(number, Ordering::SeqCst);
        // Others that have nothing to do with it.
        entries.tags.revalidate(&[tag(1000 + number)]);
        // Now and then long enough that something is kept and found.
        let hits = world.hits.load(Ordering::SeqCst);
        while number % 64 == 0 && world.hits.load(Ordering::SeqCst) < hits + 10 {
            std::thread::yield_now();
        }
    }
    world.ends.store(true, Ordering::SeqCst);
}

#[test]
fn what_is_forgotten_at_the_same_time_is_not_taken_for_good() {
    let tags = Tags::new(8);
    let ends = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..200_000_u64 {
                tags.revalidate(&[tag(number)]);
            }
            ends.store(true, Ordering::SeqCst);
        });
        let mut one = 0;
        while !ends.load(Ordering::SeqCst) {
            let before = tags.now();
            one += 1;
            tags.revalidate(&[tag(1_000_000 + one)]);
            assert!(tags.last_of(&[tag(1_000_000 + one)]) > before);
        }
    });
}
