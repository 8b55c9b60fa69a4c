//! Entries, tags and lives against a model that is as simple as can be: a list of all that has happened.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use proptest::prelude::*;

use super::{Look, Number, entries, key, seconds, tag};
use crate::cache::{Entry, Lives, Tag, Tick};
use crate::clock::Clock as _;

#[derive(Clone, Debug)]
enum Step {
    /// Something is about to be fetched, and remembered under a number.
    Begin(usize),
    /// It is there: key, what began, tags, lives.
    Keep(u64, usize, Vec<u64>, [u64; 4]),
    Look(u64),
    Revalidate(Vec<u64>),
    RevalidateAll,
    Clear,
    Forget(u64),
    Advance(u64),
}

/// An entry of the model.
struct Own {
    number: u64,
    /// How many revalidations there were before it began.
    began: usize,
    made_at: u64,
    tags: Vec<u64>,
    lives: [u64; 4],
}

/// All that has happened.
#[derive(Default)]
struct Model {
    now: u64,
    /// The tags of each revalidation; nothing for all.
    revalidated: Vec<Option<Vec<u64>>>,
    entries: HashMap<u64, Own>,
}

impl Model {
    fn is_gone(&self, began: usize, tags: &[u64]) -> bool {
        self.revalidated[began..].iter().any(|revalidated| match revalidated {
            None => true,
            Some(revalidated) => revalidated.iter().any(|one| tags.contains(one)),
        })
    }

    /// What a look gives: its number, and what it is good for.
    fn look(&self, key: u64) -> Option<(u64, &'static str)> {
        let own = self.entries.get(&key).filter(|own| !self.is_gone(own.began, &own.tags))?;
        let ([fresh, stale, if_error, reuse], age) = (own.lives, self.now - own.made_at);
        let beyond = age.checked_sub(fresh);
        let good_for = match beyond {
            None => "fresh",
            Some(beyond) if beyond < stale => "stale",
            Some(beyond) if beyond < if_error => "excuse",
            Some(beyond) if beyond < reuse => "reuse",
            Some(_) => return None,
        };
        Some((own.number, good_for))
    }

    fn keep(&mut self, key: u64, own: Own) -> bool {
        let better = self.entries.get(&key).is_some_and(|other| {
            other.began > own.began && self.look(key).is_some_and(|(_, good)| good == "fresh")
        });
        let kept = !better && !self.is_gone(own.began, &own.tags);
        if kept {
            self.entries.insert(key, own);
        }
        kept
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn in_any_order_what_is_served_is_what_may_be(steps in prop::collection::vec(any_step(), 0..60)) {
        let (entries, clock) = entries(1 << 20);
        let mut model = Model::default();
        let mut began: [(Tick, usize); 3] = [(0, 0); 3];
        for (number, step) in (0..).zip(steps) {
            match step {
                Step::Begin(slot) => began[slot] = (entries.tags.now(), model.revalidated.len()),
                Step::Keep(at, slot, tags, lives) => {
                    let own = Own { number, began: began[slot].1, made_at: model.now, tags: tags.clone(), lives };
                    let entry = entry(number, &tags, began[slot].0, clock.steady(), lives);
                    prop_assert_eq!(entries.keep(key(at), &entry), model.keep(at, own));
                }
                Step::Look(at) => {
                    let found = match entries.look(&key(at)) {
                        Look::Fresh(entry) => Some((entry.payload.0, "fresh")),
                        Look::Stale(entry) => Some((entry.payload.0, "stale")),
                        Look::Old(entry) if entries.excuses(&entry) => Some((entry.payload.0, "excuse")),
                        Look::Old(entry) => Some((entry.payload.0, "reuse")),
                        Look::Nothing => None,
                    };
                    prop_assert_eq!(found, model.look(at));
                }
                Step::Revalidate(tags) => {
                    entries.tags.revalidate(&all(&tags));
                    model.revalidated.push(Some(tags));
                }
                Step::RevalidateAll => {
                    entries.tags.revalidate_all();
                    model.revalidated.push(None);
                }
                Step::Clear => {
                    entries.clear();
                    model.revalidated.push(None);
                }
                Step::Forget(at) => {
                    entries.forget(&key(at));
                    model.entries.remove(&at);
                }
                Step::Advance(by) => {
                    clock.advance(by);
                    model.now += by;
                }
            }
        }
    }
}

fn entry(
    number: u64,
    tags: &[u64],
    began: Tick,
    made_at: std::time::Duration,
    [fresh, stale, if_error, reuse]: [u64; 4],
) -> Arc<Entry<Number>> {
    let lives: Lives = seconds(fresh, stale, if_error, reuse);
    let payload = Number(number, AtomicU64::new(8));
    Arc::new(Entry::new(payload, all(tags).into(), began, made_at, lives))
}

fn all(tags: &[u64]) -> Vec<Tag> {
    tags.iter().copied().map(tag).collect()
}

fn any_step() -> impl Strategy<Value = Step> {
    let any_tags = || prop::collection::vec(0_u64..4, 0..3);
    // Long enough that the machine's own time, at which memory is let go of, plays no part.
    let lives =
        (1_u64..4, 0_u64..4, 0_u64..4, 0_u64..4).prop_map(|(fresh, stale, if_error, reuse)| {
            [fresh, stale, if_error, reuse].map(|n| n * 1000)
        });
    prop_oneof![
        3 => (0_usize..3).prop_map(Step::Begin),
        6 => (0_u64..3, 0_usize..3, any_tags(), lives).prop_map(|(at, slot, tags, lives)| Step::Keep(at, slot, tags, lives)),
        8 => (0_u64..3).prop_map(Step::Look),
        3 => any_tags().prop_map(Step::Revalidate),
        1 => Just(Step::RevalidateAll),
        1 => Just(Step::Clear),
        1 => (0_u64..3).prop_map(Step::Forget),
        3 => (0_u64..2500).prop_map(Step::Advance),
    ]
}
