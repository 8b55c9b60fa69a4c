//! What must be true of keys, whatever happens in which order.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use tempfile::TempDir;

use super::{Begun, Claim, File, Hash, Memory, Records};
use crate::clock::Clock;
use crate::store;

#[derive(Default)]
struct Seconds(AtomicU64);

impl Clock for Seconds {
    fn now(&self) -> Duration {
        Duration::from_secs(1_000_000 + self.0.load(Ordering::SeqCst))
    }
}

const LEASE: Duration = Duration::from_secs(10);
const KEEP: Duration = Duration::from_secs(100);

/// A step of a request: its number, which key it is for, and which payload.
#[derive(Clone, Copy, Debug)]
enum Step {
    Begin(u8, u8, u8),
    Sent(u8, u8, u8),
    Finish(u8, u8, u8),
    Release(u8, u8, u8),
    Wait(u64),
    /// Only where the store outlives it.
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let request = || (0..3_u8, 0..2_u8, prop_oneof![4 => Just(0_u8), 1 => Just(1)]);
    let step = prop_oneof![
        4 => request().prop_map(|(who, key, print)| Step::Begin(who, key, print)),
        3 => request().prop_map(|(who, key, print)| Step::Sent(who, key, print)),
        2 => request().prop_map(|(who, key, print)| Step::Finish(who, key, print)),
        2 => request().prop_map(|(who, key, print)| Step::Release(who, key, print)),
        2 => prop_oneof![Just(4), Just(11), Just(60), Just(101)].prop_map(Step::Wait),
        1 => Just(Step::Restart),
    ];
    vec(step, 1..40)
}

fn claim(who: u8, key: u8, print: u8) -> Claim {
    let hash = |byte: u8| -> Hash { [byte; 32] };
    Claim { key: hash(key), fingerprint: hash(print), owner: format!("request {who}") }
}

fn record(who: u8) -> Bytes {
    Bytes::from(vec![who; 3])
}

/// What a step has come to, so that stores can be compared.
#[derive(Debug, PartialEq)]
enum Came {
    Begun(Begun),
    Ours(bool),
    Nothing,
}

async fn take(records: Records<'_>, step: Step) -> Came {
    match step {
        Step::Begin(who, key, print) => {
            Came::Begun(records.begin(&claim(who, key, print), LEASE).await.unwrap())
        }
        Step::Sent(who, key, print) => {
            Came::Ours(records.sent(&claim(who, key, print), KEEP).await.unwrap())
        }
        Step::Finish(who, key, print) => {
            Came::Ours(records.finish(&claim(who, key, print), record(who), KEEP).await.unwrap())
        }
        Step::Release(who, key, print) => {
            records.release(&claim(who, key, print)).await.unwrap();
            Came::Nothing
        }
        Step::Wait(_) | Step::Restart => Came::Nothing,
    }
}

/// Who may have changed something under a key, and until when nobody else may.
#[derive(Default)]
struct Model(HashMap<u8, (u8, Duration)>);

impl Model {
    /// At most one request changes something for a key as long as it is kept.
    fn check(&mut self, step: Step, came: &Came, now: Duration) {
        let held = |model: &Self, key| model.0.get(&key).filter(|(_, until)| *until > now).copied();
        match (step, came) {
            (Step::Sent(who, key, _) | Step::Finish(who, key, _), Came::Ours(true)) => {
                assert!(held(self, key).is_none_or(|(owner, _)| owner == who), "{step:?}");
                self.0.insert(key, (who, now + KEEP));
            }
            (Step::Begin(_, key, _), Came::Begun(Begun::New)) => {
                assert!(held(self, key).is_none(), "{step:?}");
            }
            (Step::Begin(_, key, _), Came::Begun(Begun::Done(kept))) => {
                assert_eq!(Some(kept), held(self, key).map(|(owner, _)| record(owner)).as_ref());
            }
            (Step::Release(who, key, _), _) => {
                // Who says that it has changed nothing is believed, until it has kept a record.
                let still = Some(who) == held(self, key).map(|(owner, _)| owner);
                if still && !self.done(key) {
                    self.0.remove(&key);
                }
            }
            _ => {}
        }
        if let (Step::Finish(_, key, _), Came::Ours(true)) = (step, came) {
            self.0.insert(key + DONE, (0, now + KEEP));
        } else if let (Step::Sent(_, key, _), Came::Ours(true)) = (step, came) {
            self.0.remove(&(key + DONE));
        }
    }

    fn done(&self, key: u8) -> bool {
        self.0.contains_key(&(key + DONE))
    }
}

/// Marks the entries that say that a key is done.
const DONE: u8 = 100;

fn open(folder: &TempDir, clock: &Arc<Seconds>) -> File {
    let tables = vec![File::tables(clock.clone())];
    let file = store::File::open(&folder.path().join("kept.redb"), tables).unwrap();
    File::new(Arc::new(file), clock.clone())
}

fn run(future: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(future);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn in_memory_no_key_is_two_changes(steps in steps()) {
        run(async {
            let clock = Arc::new(Seconds::default());
            let memory = Memory::new(1 << 20, clock.clone());
            let mut model = Model::default();
            for step in steps {
                if let Step::Wait(seconds) = step {
                    clock.0.fetch_add(seconds, Ordering::SeqCst);
                }
                let came = take(Records::Memory(&memory), step).await;
                model.check(step, &came, clock.now());
            }
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn in_a_file_no_key_is_two_changes_also_over_restarts(steps in steps()) {
        run(async {
            let (clock, folder) = (Arc::new(Seconds::default()), tempfile::tempdir().unwrap());
            let mut file = Some(open(&folder, &clock));
            let mut model = Model::default();
            for step in steps {
                match step {
                    Step::Wait(seconds) => drop(clock.0.fetch_add(seconds, Ordering::SeqCst)),
                    Step::Restart => {
                        drop(file.take());
                        file = Some(open(&folder, &clock));
                    }
                    _ => {}
                }
                let came = take(Records::File(file.as_ref().unwrap()), step).await;
                model.check(step, &came, clock.now());
            }
        });
    }

    #[test]
    fn a_file_and_memory_say_the_same(steps in steps()) {
        run(async {
            let (clock, folder) = (Arc::new(Seconds::default()), tempfile::tempdir().unwrap());
            let (file, memory) = (open(&folder, &clock), Memory::new(1 << 20, clock.clone()));
            for step in steps {
                if let Step::Wait(seconds) = step {
                    clock.0.fetch_add(seconds, Ordering::SeqCst);
                }
                let came = take(Records::Memory(&memory), step).await;
                assert_eq!(take(Records::File(&file), step).await, came, "{step:?}");
            }
        });
    }
}

#[test]
fn a_mark_that_comes_late_takes_no_key() {
    run(async {
        let clock = Arc::new(Seconds::default());
        let memory = Memory::new(1 << 20, clock.clone());
        let (records, claim) = (Records::Memory(&memory), claim(1, 1, 0));
        assert!(!records.sent(&claim, KEEP).await.unwrap());
        assert_eq!(records.begin(&claim, LEASE).await.unwrap(), Begun::New);
        records.release(&claim).await.unwrap();
        assert!(!records.sent(&claim, KEEP).await.unwrap());
        assert_eq!(records.begin(&claim, LEASE).await.unwrap(), Begun::New);
        clock.0.fetch_add(11, Ordering::SeqCst);
        assert!(!records.sent(&claim, KEEP).await.unwrap());
        assert_eq!(records.begin(&claim, LEASE).await.unwrap(), Begun::New);
        assert!(records.sent(&claim, KEEP).await.unwrap());
    });
}

#[test]
fn what_has_ended_leaves_the_file() {
    run(async {
        let (clock, folder) = (Arc::new(Seconds::default()), tempfile::tempdir().unwrap());
        let path = folder.path().join("kept.redb");
        let file = open(&folder, &clock);
        for who in 0..20 {
            assert!(file.finish(&claim(who, who, 0), record(who), KEEP).await.unwrap());
        }
        clock.0.fetch_add(101, Ordering::SeqCst);
        assert!(file.finish(&claim(50, 50, 0), record(50), KEEP).await.unwrap());
        drop(file);
        assert_eq!(rows(&path), (1, 1));
    });
}

fn rows(path: &Path) -> (u64, u64) {
    super::file::count(path).unwrap()
}
