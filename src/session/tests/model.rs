//! All stores behave as one simple model, whatever is done in which order.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::server::Server;
use super::steps::{ABSOLUTE, Came, HOLD, IDLE, MARK, Step, at, sealed, sid, sid_of, steps, take};
use super::{Seconds, file, run};
use crate::clock::Clock;
use crate::session::row::{Inserted, Swapped};
use crate::session::{Entries, Memory};
use crate::store::{Redis, cmd};

#[derive(Default)]
struct Model {
    /// Version, and when it ends, in seconds from the beginning.
    live: BTreeMap<u8, (u64, u64, u64)>,
    /// All that were ever there, and until when there is a mark of those that have ended.
    known: BTreeMap<u8, u64>,
    sids: BTreeMap<u8, u64>,
    once: BTreeMap<u8, u64>,
    leases: BTreeMap<u8, (u8, u64)>,
}

impl Model {
    /// What a step must come to. None where it cannot take place: ids are random, none is used again.
    fn take(&mut self, step: Step, now: u64) -> Option<Came> {
        self.live.retain(|_, (_, idle, absolute)| now < *idle.min(absolute));
        Some(match step {
            Step::Insert(one) => Came::Inserted(self.insert(one, now)?),
            Step::Get(one) => Came::Row(self.live.get(&one).map(|(version, idle, absolute)| {
                (*version, at(*idle), at(*absolute), sealed(one, *version))
            })),
            Step::Swap(one, version) => Came::Swapped(match self.live.get_mut(&one) {
                None => Swapped::Ended,
                Some((own, ..)) if *own + 1 != version => Swapped::Changed,
                Some((own, ..)) => {
                    *own = version;
                    Swapped::Done
                }
            }),
            Step::Touch(one, right, seconds) => {
                if let Some((_, idle, absolute)) = self.live.get_mut(&one).filter(|_| right) {
                    *idle = (*idle).max((now + seconds).min(*absolute));
                }
                Came::Nothing
            }
            Step::End(one) => Came::Is(self.end(one, now)),
            Step::EndSubject(of) => {
                let all: Vec<u8> = self.live.keys().copied().filter(|one| one % 2 == of).collect();
                Came::Count(all.into_iter().filter(|one| self.end(*one, now)).count())
            }
            Step::EndSid(of) => {
                self.sids.insert(of, now + MARK);
                let all: Vec<u8> = self.live.keys().copied().collect();
                let all = all.into_iter().filter(|one| sid_of(*one) == Some(sid(of)));
                Came::Count(all.filter(|one| self.end(*one, now)).count())
            }
            Step::List(of) => {
                let all = self.live.keys().copied();
                Came::Entries(all.filter(|one| of.is_none_or(|of| one % 2 == of)).collect())
            }
            Step::Once(_) | Step::Lease(..) | Step::Release(..) => self.hold(step, now),
            Step::Wait(_) | Step::Restart => Came::Nothing,
        })
    }

    fn insert(&mut self, one: u8, now: u64) -> Option<Inserted> {
        if let Some(mark) = self.known.get(&one) {
            let there = self.live.contains_key(&one) || now < *mark;
            return there.then_some(Inserted::Ended);
        }
        self.known.insert(one, 0);
        if sid_of(one).is_some() && held(self.sids.get(&(one % 2)), now) {
            return Some(Inserted::Ended);
        }
        self.live.insert(one, (1, now + IDLE, now + ABSOLUTE));
        Some(Inserted::Done)
    }

    fn hold(&mut self, step: Step, now: u64) -> Came {
        match step {
            Step::Once(what) => {
                let seen = held(self.once.get(&what), now);
                if !seen {
                    self.once.insert(what, now + HOLD);
                }
                Came::Is(!seen)
            }
            Step::Lease(one, owner) => {
                let taken = held(self.leases.get(&one).map(|(_, until)| until), now);
                if !taken {
                    self.leases.insert(one, (owner, now + HOLD));
                }
                Came::Is(!taken)
            }
            Step::Release(one, owner) => {
                if self.leases.get(&one).is_some_and(|(own, _)| *own == owner) {
                    self.leases.remove(&one);
                }
                Came::Nothing
            }
            _ => Came::Nothing,
        }
    }

    fn end(&mut self, one: u8, now: u64) -> bool {
        let ended = self.live.remove(&one).is_some();
        if ended {
            self.known.insert(one, now + MARK);
        }
        ended
    }

    /// What was in the memory of the process only.
    fn restart(&mut self) {
        self.leases.clear();
        self.sids.clear();
    }

    fn idle_until(&self, step: Step) -> Duration {
        let Step::Touch(one, ..) = step else { return Duration::ZERO };
        at(self.live.get(&one).map_or(0, |(_, idle, _)| *idle))
    }
}

fn held(until: Option<&u64>, now: u64) -> bool {
    until.is_some_and(|until| now < *until)
}

/// Lets time go by for a server that has a clock of its own.
async fn age(redis: &Redis, seconds: u64) {
    let keys: Vec<Vec<u8>> = redis.ask(cmd("KEYS").arg("*")).await.unwrap();
    for key in keys {
        let left: i64 = redis.ask(cmd("PTTL").arg(&key)).await.unwrap();
        assert!(left > 0, "{} stays for ever", String::from_utf8_lossy(&key));
        let left = left - i64::try_from(seconds * 1000).unwrap();
        let _: i64 = redis.ask(cmd("PEXPIRE").arg(&key).arg(left)).await.unwrap();
    }
}

fn check(model: &mut Model, step: Step, now: u64) -> Option<(Duration, Came)> {
    let idle_until = model.idle_until(step);
    Some((idle_until, model.take(step, now)?))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn in_memory_as_the_model_says(steps in steps()) {
        run(async {
            let (memory, mut model, mut now) = (Memory::new(1 << 20), Model::default(), 0);
            for step in &steps {
                if let Step::Wait(seconds) = step {
                    now += seconds;
                }
                let Some((idle, wanted)) = check(&mut model, *step, now) else { continue };
                let came = take(Entries::Memory(&memory), *step, idle, at(now)).await;
                assert_eq!(came, wanted, "{step:?}");
            }
            memory.assert_empties(at(now + ABSOLUTE + MARK));
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn in_a_file_as_the_model_says_also_over_restarts(steps in steps()) {
        run(async {
            let (clock, folder) = (Arc::new(Seconds::default()), tempfile::tempdir().unwrap());
            let path = folder.path().join("x.redb");
            let (mut model, mut now) = (Model::default(), 0);
            let mut store = Some(file(&path, &clock));
            for step in &steps {
                match step {
                    Step::Wait(seconds) => {
                        now += seconds;
                        clock.advance(*seconds);
                    }
                    Step::Restart => {
                        drop(store.take());
                        store = Some(file(&path, &clock));
                        model.restart();
                    }
                    _ => {}
                }
                let Some((idle, wanted)) = check(&mut model, *step, now) else { continue };
                let came = take(Entries::File(store.as_ref().unwrap()), *step, idle, at(now)).await;
                assert_eq!(came, wanted, "{step:?}");
            }
            clock.advance(ABSOLUTE + MARK);
            let store = store.unwrap();
            let now = clock.now();
            // Each turn sweeps.
            for what in 10..14 {
                store.once([what; 32], now + Duration::from_secs(1), now).await.unwrap();
            }
            drop(store);
            assert_eq!(crate::session::tables::count(&path).unwrap(), [0, 0, 0, 0, 4, 4]);
        });
    }
}

#[test]
fn in_redis_as_the_model_says() {
    let server = Server::start();
    let mut runner = TestRunner::new(ProptestConfig::with_cases(48));
    let ran = runner.run(&steps(), |steps| {
        run(async {
            let redis = server.connect();
            let _: String = redis.ask(&cmd("FLUSHALL")).await.unwrap();
            let (mut model, mut now) = (Model::default(), 0);
            for step in &steps {
                if let Step::Wait(seconds) = step {
                    now += seconds;
                    age(&redis, *seconds).await;
                }
                let Some((idle, wanted)) = check(&mut model, *step, now) else { continue };
                let came = take(Entries::Redis(&redis), *step, idle, at(now)).await;
                assert_eq!(came, wanted, "{step:?}");
            }
            age(&redis, ABSOLUTE + MARK).await;
            let left: u64 = redis.ask(&cmd("DBSIZE")).await.unwrap();
            assert_eq!(left, 0);
        });
        Ok(())
    });
    ran.unwrap();
}
