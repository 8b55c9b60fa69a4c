//! All stores behave as one simple model, whatever is done in which order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::server::Server;
use super::{Seconds, file, run};
use crate::clock::Clock;
use crate::session::row::{About, Entry, Hash, Inserted, Row, Swapped, Who};
use crate::session::{Entries, Memory};
use crate::store::{Redis, cmd};

/// What somebody does: to which session, and of which version.
#[derive(Clone, Copy, Debug)]
enum Step {
    Insert(u8),
    Get(u8),
    Swap(u8, u64),
    /// From where it is, or from elsewhere; for so many seconds from now on.
    Touch(u8, bool, u64),
    End(u8),
    EndSubject(u8),
    EndSid(u8),
    List(Option<u8>),
    Once(u8),
    Lease(u8, u8),
    Release(u8, u8),
    Wait(u64),
    /// Only where the store outlives it.
    Restart,
}

const IDLE: u64 = 100;
const ABSOLUTE: u64 = 300;
const MARK: u64 = 600;
/// Of a lease, and of what takes place once.
const HOLD: u64 = 50;
const SESSIONS: u8 = 6;

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let one = || 0..SESSIONS;
    let step = prop_oneof![
        5 => one().prop_map(Step::Insert),
        4 => one().prop_map(Step::Get),
        4 => (one(), 1..4_u64).prop_map(|(one, version)| Step::Swap(one, version)),
        3 => (one(), any::<bool>(), prop_oneof![Just(20), Just(100), Just(1000)])
            .prop_map(|(one, right, seconds)| Step::Touch(one, right, seconds)),
        2 => one().prop_map(Step::End),
        1 => (0..2_u8).prop_map(Step::EndSubject),
        1 => (0..2_u8).prop_map(Step::EndSid),
        1 => proptest::option::of(0..2_u8).prop_map(Step::List),
        1 => (0..2_u8).prop_map(Step::Once),
        2 => (0..2_u8, 0..3_u8).prop_map(|(one, owner)| Step::Lease(one, owner)),
        1 => (0..2_u8, 0..3_u8).prop_map(|(one, owner)| Step::Release(one, owner)),
        2 => prop_oneof![Just(10), Just(40), Just(90), Just(150), Just(650)].prop_map(Step::Wait),
        1 => Just(Step::Restart),
    ];
    vec(step, 1..60)
}

/// What a step has come to.
#[derive(Debug, PartialEq)]
enum Came {
    Inserted(Inserted),
    Row(Option<(u64, Duration, Duration, Bytes)>),
    Swapped(Swapped),
    Is(bool),
    Count(usize),
    Entries(BTreeSet<u8>),
    Nothing,
}

fn entry(one: u8) -> Entry {
    Entry([one; 32])
}

fn subject(one: u8) -> String {
    format!("user {}", one % 2)
}

fn by_subject(of: u8) -> Hash {
    Who::Subject("issuer", &subject(of)).index()
}

fn sid(of: u8) -> Hash {
    Who::Sid("issuer", &format!("sid {of}")).index()
}

/// The first ones have a provider session that is shared by the sessions of one user; the others have none.
fn sid_of(one: u8) -> Option<Hash> {
    (one < 4).then(|| sid(one % 2))
}

fn sealed(one: u8, version: u64) -> Bytes {
    Bytes::from(format!("record {one} {version}"))
}

fn row(one: u8, now: Duration) -> Row {
    let text = str::to_owned;
    let about = About {
        frontend: text("shop"),
        login: text("main"),
        issuer: text("issuer"),
        subject: subject(one),
        created_at: now,
    };
    Row {
        version: 1,
        idle_until: now + Duration::from_secs(IDLE),
        absolute_until: now + Duration::from_secs(ABSOLUTE),
        about: Arc::new(about),
        sid: sid_of(one),
        sealed: sealed(one, 1),
    }
}

async fn take(entries: Entries<'_>, step: Step, idle_until: Duration, now: Duration) -> Came {
    let hold = now + Duration::from_secs(HOLD);
    match step {
        Step::Insert(one) => {
            Came::Inserted(entries.insert(entry(one), row(one, now), now).await.unwrap())
        }
        Step::Get(one) => {
            let found = entries.get(entry(one), now).await.unwrap();
            let standing = entries.standing(entry(one), now).await.unwrap();
            assert_eq!(found.as_ref().map(Row::standing), standing);
            if let Some(found) = &found {
                let first = row(one, found.about.created_at);
                assert_eq!((&found.about, found.sid), (&first.about, first.sid));
            }
            Came::Row(
                found.map(|row| (row.version, row.idle_until, row.absolute_until, row.sealed)),
            )
        }
        Step::Swap(one, version) => {
            let record = sealed(one, version);
            Came::Swapped(entries.swap(entry(one), version, record, now).await.unwrap())
        }
        Step::Touch(one, right, seconds) => {
            let from = if right { idle_until } else { idle_until + Duration::from_secs(7) };
            let to = now + Duration::from_secs(seconds);
            entries.touch(entry(one), from, to, now).await.unwrap();
            // In a file it is done a moment later.
            entries.list(None, now).await.unwrap();
            Came::Nothing
        }
        Step::End(one) => Came::Is(entries.end(entry(one), now).await.unwrap()),
        Step::EndSubject(of) => {
            Came::Count(entries.end_all(by_subject(of), false, now).await.unwrap())
        }
        Step::EndSid(of) => Came::Count(entries.end_all(sid(of), true, now).await.unwrap()),
        Step::List(of) => {
            let listed = entries.list(of.map(by_subject), now).await.unwrap();
            Came::Entries(listed.into_iter().map(|listed| listed.entry.0[0]).collect())
        }
        Step::Once(what) => Came::Is(entries.once([what; 32], hold, now).await.unwrap()),
        Step::Lease(one, owner) => {
            Came::Is(entries.lease(entry(one), [owner; 32], hold, now).await.unwrap())
        }
        Step::Release(one, owner) => {
            entries.release(entry(one), [owner; 32]).await.unwrap();
            Came::Nothing
        }
        Step::Wait(_) | Step::Restart => Came::Nothing,
    }
}

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
        let held = |until: Option<&u64>| until.is_some_and(|until| now < *until);
        Some(match step {
            Step::Insert(one) if self.live.contains_key(&one) => Came::Inserted(Inserted::Ended),
            Step::Insert(one) if self.known.contains_key(&one) => {
                if !held(self.known.get(&one)) {
                    return None;
                }
                Came::Inserted(Inserted::Ended)
            }
            Step::Insert(one) => {
                if sid_of(one).is_some() && held(self.sids.get(&(one % 2))) {
                    // In Redis it is there for a moment, and leaves a mark.
                    self.known.insert(one, 0);
                    return Some(Came::Inserted(Inserted::Ended));
                }
                self.known.insert(one, 0);
                self.live.insert(one, (1, now + IDLE, now + ABSOLUTE));
                Came::Inserted(Inserted::Done)
            }
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
            Step::Once(what) => {
                let seen = held(self.once.get(&what));
                if !seen {
                    self.once.insert(what, now + HOLD);
                }
                Came::Is(!seen)
            }
            Step::Lease(one, owner) => {
                let held = held(self.leases.get(&one).map(|(_, until)| until));
                if !held {
                    self.leases.insert(one, (owner, now + HOLD));
                }
                Came::Is(!held)
            }
            Step::Release(one, owner) => {
                if self.leases.get(&one).is_some_and(|(own, _)| *own == owner) {
                    self.leases.remove(&one);
                }
                Came::Nothing
            }
            Step::Wait(_) | Step::Restart => Came::Nothing,
        })
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

fn at(seconds: u64) -> Duration {
    Seconds::default().now() + Duration::from_secs(seconds)
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

/// A session of its own for each round.
pub(super) fn insert(memory: &Memory, round: u64, now: Duration) -> Entry {
    let mut entry = entry(0);
    entry.0[..8].copy_from_slice(&round.to_be_bytes());
    assert_eq!(memory.insert(entry, row(5, now), now).unwrap(), Inserted::Done);
    entry
}

pub(super) fn write(memory: &Memory, entry: Entry, now: Duration) {
    for version in 2..50 {
        memory.swap(entry, version, sealed(5, version), now);
        memory.touch(entry, now + Duration::from_secs(IDLE), now + Duration::from_secs(200), now);
    }
}

pub(super) fn swap(memory: &Memory, entry: Entry, now: Duration) -> Swapped {
    memory.swap(entry, 2, sealed(5, 2), now)
}
