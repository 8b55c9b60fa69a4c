//! What single stores promise.

use std::sync::Arc;

use super::promises::{find, is_over, live, shop};
use super::*;
use crate::fault::Code;
use crate::session::{Found, Who};

#[test]
fn keys_change_without_a_logout() {
    let (clock, folder) = (Arc::new(Seconds::default()), tempfile::tempdir().unwrap());
    let path = folder.path().join("x.redb");
    let with = |bytes: &[u8]| {
        let store = Store::File(file(&path, &clock));
        let shared = Shared::new(store, keys(bytes), (IDLE, ABSOLUTE), clock.clone());
        Instance { shared, redis: None }
    };
    run(async {
        let first = with(&[1]);
        let changed = first.sessions().begin(&shop(), record("u1", "a")).await.unwrap();
        let same = first.sessions().begin(&shop(), record("u2", "b")).await.unwrap();
        drop(first);
        let both = with(&[2, 1]);
        let found = live(&both, &changed.key).await;
        assert!(both.sessions().replace(&found, record("u1", "c")).await.unwrap().is_some());
        assert!(matches!(find(&both, &same.key).await, Found::Live(_)));
        drop(both);
        let second = with(&[2]);
        assert_eq!(live(&second, &changed.key).await.record.access_token, "access token c");
        assert!(matches!(find(&second, &same.key).await, Found::Forged));
    });
}

/// What has been answered is on the disk: a copy of the file, made at any moment, is what a killed process leaves.
#[test]
fn a_file_that_nobody_closed_has_all_that_was_answered() {
    let (clock, folder) = (Arc::new(Seconds::default()), tempfile::tempdir().unwrap());
    let [path, copy] = ["x.redb", "copy.redb"].map(|name| folder.path().join(name));
    run(async {
        let instance = Instance::new(Store::File(file(&path, &clock)), &clock, None);
        let sessions = instance.sessions();
        let kept = sessions.begin(&shop(), record("u1", "a")).await.unwrap();
        let ended = sessions.begin(&shop(), record("u2", "b")).await.unwrap();
        let changed = sessions.begin(&shop(), record("u3", "c")).await.unwrap();
        assert!(sessions.replace(&changed, record("u3", "d")).await.unwrap().is_some());
        assert!(sessions.end(ended.key.entry()).await.unwrap());
        assert!(sessions.once(&[b"state"], IDLE).await.unwrap());
        std::fs::copy(&path, &copy).unwrap();

        let instance = Instance::new(Store::File(file(&copy, &clock)), &clock, None);
        assert!(live(&instance, &kept.key).await.record == record("u1", "a"));
        assert!(live(&instance, &changed.key).await.record == record("u3", "d"));
        assert!(is_over(&instance, &ended.key).await);
        assert!(!instance.sessions().once(&[b"state"], IDLE).await.unwrap());
        assert_eq!(instance.sessions().list(None).await.unwrap().len(), 2);
    });
}

#[test]
fn memory_that_is_full_takes_nobody_in_and_throws_nobody_out() {
    let clock = Arc::new(Seconds::default());
    let memory = Memory::new(20_000);
    run(async {
        let instance = Instance::new(Store::Memory(memory), &clock, None);
        let (sessions, mut began) = (instance.sessions(), Vec::new());
        let fault = loop {
            match sessions.begin(&shop(), record("u1", "a")).await {
                Ok(live) => began.push(live.key.clone()),
                Err(fault) => break fault,
            }
        };
        assert_eq!(fault.parts().code, Code::StoreUnavailable);
        assert!((10..30).contains(&began.len()), "{}", began.len());
        for key in &began {
            let found = live(&instance, key).await;
            assert!(sessions.replace(&found, record("u1", "b")).await.unwrap().is_some());
        }
        // Marks of what has ended take some room for a while.
        for key in &began[..2] {
            assert!(sessions.end(key.entry()).await.unwrap());
        }
        sessions.begin(&shop(), record("u1", "c")).await.unwrap();
        clock.advance(IDLE.as_secs());
        for _ in &began {
            sessions.begin(&shop(), record("u1", "d")).await.unwrap();
        }
    });
}

#[test]
fn another_instance_sees_at_once_what_one_has_done() {
    let (clock, server) = (Arc::new(Seconds::default()), Server::start());
    let instance = || Instance::new(Store::Redis, &clock, Some(server.connect()));
    let (one, other) = (instance(), instance());
    run(async {
        let began = one.sessions().begin(&shop(), record("u1", "a")).await.unwrap();
        let found = live(&other, &began.key).await;
        assert!(other.sessions().replace(&found, record("u1", "b")).await.unwrap().is_some());
        assert_eq!(live(&one, &began.key).await.record.access_token, "access token b");
        let (owner, another) = ([1; 32], [2; 32]);
        let entry = began.key.entry();
        let keep = Duration::from_secs(60);
        assert!(one.sessions().lease(entry, owner, keep).await.unwrap());
        assert!(!other.sessions().lease(entry, another, keep).await.unwrap());
        other.sessions().release(entry, another).await.unwrap();
        assert!(!other.sessions().lease(entry, another, keep).await.unwrap());
        one.sessions().release(entry, owner).await.unwrap();
        assert!(other.sessions().lease(entry, another, keep).await.unwrap());
        assert!(other.sessions().end(entry).await.unwrap());
        assert!(is_over(&one, &began.key).await);
    });
}

/// Logouts, refreshes and touches of one session at the same time, from many threads.
#[test]
fn no_race_brings_a_session_back() {
    let memory = Memory::new(1 << 24);
    let now = Seconds::default().now();
    for round in 0..200_u64 {
        let live = steps::insert(&memory, round, now);
        std::thread::scope(|scope| {
            scope.spawn(|| steps::write(&memory, live, now));
            scope.spawn(|| steps::write(&memory, live, now));
            scope.spawn(|| assert!(memory.end(live, now)));
        });
        assert!(memory.get(live, now).is_none());
        assert_eq!(steps::swap(&memory, live, now), crate::session::Swapped::Ended);
    }
    assert!(memory.list(None, now).is_empty());
    memory.assert_empties(now + ABSOLUTE);
}

#[test]
fn what_anybody_can_have_marked_gives_way_and_keeps_nothing_else_from_being_marked() {
    let clock = Arc::new(Seconds::default());
    run(async {
        let instance = Instance::new(Store::Memory(Memory::new(200_000)), &clock, None);
        let (sessions, second) = (instance.sessions(), std::time::Duration::from_secs(1));
        for number in 0..10_000_u32 {
            let parts: [&[u8]; 1] = [&number.to_be_bytes()];
            assert!(sessions.once_lately(&parts, IDLE + second * number).await.unwrap());
            assert!(!sessions.once_lately(&parts, IDLE).await.unwrap());
        }
        assert!(sessions.once_lately(&[&0_u32.to_be_bytes()], IDLE).await.unwrap());
        // What must never come again is refused where it cannot be noted.
        let mut marked = 0_u32;
        let fault = loop {
            match sessions.once(&[&marked.to_be_bytes()], IDLE).await {
                Ok(first) => assert!(first),
                Err(fault) => break fault,
            }
            marked += 1;
        };
        assert!(marked > 1000, "{marked}");
        assert_eq!(fault.parts().code, Code::StoreUnavailable);
        assert!(sessions.seen(&[&0_u32.to_be_bytes()]).await.unwrap());
        assert!(!sessions.seen(&[&marked.to_be_bytes()]).await.unwrap());
        assert!(sessions.once_lately(&[b"another"], IDLE).await.unwrap());
    });
}

#[test]
fn what_was_marked_is_seen() {
    everywhere(async |instance, clock| {
        let sessions = instance.sessions();
        for parts in [[&b"a"[..], b"b"], [b"ab", b""]] {
            assert!(!sessions.seen(&parts).await.unwrap());
            assert!(sessions.once(&parts, IDLE).await.unwrap());
            assert!(sessions.seen(&parts).await.unwrap());
        }
        assert!(sessions.once_lately(&[b"c"], IDLE).await.unwrap());
        assert!(!sessions.once_lately(&[b"c"], IDLE).await.unwrap());
        if instance.redis.is_none() {
            clock.advance(IDLE.as_secs());
            assert!(!sessions.seen(&[b"a", b"b"]).await.unwrap());
            assert!(sessions.once(&[b"a", b"b"], IDLE).await.unwrap());
        }
    });
}

#[test]
fn sessions_without_a_sid_end_apart_from_those_with_one() {
    everywhere(async |instance, _| {
        let sessions = instance.sessions();
        let mut began = Vec::new();
        for (subject, sid) in [("u1", None), ("u1", Some("s")), ("u2", None)] {
            let record = Record { sid: sid.map(str::to_owned), ..record(subject, "a") };
            began.push(sessions.begin(&shop(), record).await.unwrap().key.clone());
        }
        let without = Who::WithoutSid("https://id.example.com", "u1");
        assert_eq!(sessions.end_all(without).await.unwrap(), 1);
        let mut over = Vec::new();
        for key in &began {
            over.push(is_over(instance, key).await);
        }
        assert_eq!(over, [true, false, false]);
        // It is not the end of those to come.
        let again = Record { sid: None, ..record("u1", "b") };
        let again = sessions.begin(&shop(), again).await.unwrap();
        assert_eq!(
            sessions.end_all(Who::Subject("https://id.example.com", "u1")).await.unwrap(),
            2
        );
        assert!(is_over(instance, &again.key).await);
    });
}
