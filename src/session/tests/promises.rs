//! What sessions promise, in all stores.

use std::sync::Arc;

use super::*;
use crate::fault::Code;
use crate::session::{Found, Key, Live, Who};

fn shop() -> Arc<str> {
    Arc::from("shop")
}

async fn find(instance: &Instance, key: &Key) -> Found {
    instance.sessions().find(key, &shop()).await.unwrap()
}

async fn live(instance: &Instance, key: &Key) -> Arc<Live> {
    match find(instance, key).await {
        Found::Live(live) => live,
        other => panic!("{other:?}"),
    }
}

async fn is_over(instance: &Instance, key: &Key) -> bool {
    matches!(find(instance, key).await, Found::Ended)
}

#[test]
fn a_session_is_found_by_its_cookie_and_nothing_else() {
    everywhere(async |instance, _| {
        let sessions = instance.sessions();
        let began = sessions.begin(&shop(), record("u1", "a")).await.unwrap();
        let cookie = began.key.reveal();
        let key = Key::parse(cookie.as_bytes()).unwrap();
        for _ in 0..2 {
            let found = live(instance, &key).await;
            assert!(found.record == record("u1", "a"));
            assert_eq!(&*found.identity.subject, "u1");
        }
        // Nobody else's frontend, nobody else's key, nothing that was changed.
        let other = sessions.find(&key, &Arc::from("admin")).await.unwrap();
        assert!(matches!(other, Found::Forged));
        for at in 3..cookie.len() {
            let mut bytes = cookie.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let Some(key) = Key::parse(&bytes) else { continue };
            assert!(matches!(find(instance, &key).await, Found::Forged | Found::Ended), "{at}");
        }
        for wrong in ["", "v1.", &cookie[..cookie.len() - 1], &format!("{cookie}A"), &cookie[3..]] {
            assert!(Key::parse(wrong.as_bytes()).is_none());
        }
        assert!(matches!(find(instance, &key).await, Found::Live(_)));
    });
}

#[test]
fn a_session_ends_when_nobody_uses_it_and_at_last_in_any_case() {
    everywhere(async |instance, clock| {
        let sessions = instance.sessions();
        let idle = sessions.begin(&shop(), record("u1", "a")).await.unwrap();
        let busy = sessions.begin(&shop(), record("u2", "b")).await.unwrap();
        let mut seconds = 0;
        while seconds + 600 < ABSOLUTE.as_secs() {
            clock.advance(600);
            seconds += 600;
            let found = live(instance, &busy.key).await;
            assert_eq!(found.absolute_until, busy.absolute_until);
            sessions.touch(&found).await.unwrap();
            instance.settle().await;
            assert_eq!(is_over(instance, &idle.key).await, seconds >= IDLE.as_secs());
        }
        // A refresh moves nothing either.
        let found = live(instance, &busy.key).await;
        let next = sessions.replace(&found, record("u2", "c")).await.unwrap().unwrap();
        assert_eq!(next.absolute_until, busy.absolute_until);
        clock.advance(ABSOLUTE.as_secs() - seconds);
        assert!(is_over(instance, &busy.key).await);
        sessions.touch(&found).await.unwrap();
        instance.settle().await;
        assert!(is_over(instance, &busy.key).await);
        assert!(sessions.replace(&next, record("u2", "d")).await.unwrap().is_none());
        assert!(sessions.list(None).await.unwrap().is_empty());
    });
}

#[test]
fn a_busy_session_is_written_once_a_minute() {
    everywhere(async |instance, clock| {
        let sessions = instance.sessions();
        let began = sessions.begin(&shop(), record("u1", "a")).await.unwrap();
        let mut ends = std::collections::BTreeSet::new();
        for _ in 0..600 {
            clock.advance(1);
            let found = live(instance, &began.key).await;
            sessions.touch(&found).await.unwrap();
            instance.settle().await;
            ends.insert(found.idle_until);
        }
        assert_eq!(ends.len(), 10);
    });
}

#[test]
fn a_second_look_costs_nothing_and_shares_who_it_is() {
    everywhere(async |instance, clock| {
        let sessions = instance.sessions();
        let began = sessions.begin(&shop(), record("u1", "a")).await.unwrap();
        let found = live(instance, &began.key).await;
        assert!(Arc::ptr_eq(&found, &live(instance, &began.key).await));
        clock.advance(100);
        sessions.touch(&found).await.unwrap();
        instance.settle().await;
        let touched = live(instance, &began.key).await;
        assert!(touched.idle_until > found.idle_until);
        assert!(Arc::ptr_eq(&found.identity, &touched.identity));
        let next = sessions.replace(&touched, record("u1", "b")).await.unwrap().unwrap();
        let found = live(instance, &began.key).await;
        assert!(Arc::ptr_eq(&next.identity, &found.identity));
        assert_eq!(found.identity.token.reveal(), "access token b");
    });
}

#[test]
fn of_two_changes_one_is_made() {
    everywhere(async |instance, _| {
        let sessions = instance.sessions();
        let began = sessions.begin(&shop(), record("u1", "a")).await.unwrap();
        let (one, other) = (live(instance, &began.key).await, live(instance, &began.key).await);
        assert!(sessions.replace(&one, record("u1", "b")).await.unwrap().is_some());
        assert!(sessions.replace(&other, record("u1", "c")).await.unwrap().is_none());
        assert_eq!(live(instance, &began.key).await.record.access_token, "access token b");
    });
}

#[test]
fn what_has_ended_is_never_written_back() {
    everywhere(async |instance, clock| {
        let sessions = instance.sessions();
        let began = sessions.begin(&shop(), record("u1", "a")).await.unwrap();
        clock.advance(300);
        let found = live(instance, &began.key).await;
        assert!(sessions.end(began.key.entry()).await.unwrap());
        assert!(!sessions.end(began.key.entry()).await.unwrap());
        sessions.touch(&found).await.unwrap();
        instance.settle().await;
        assert!(sessions.replace(&found, record("u1", "b")).await.unwrap().is_none());
        assert!(is_over(instance, &began.key).await);
        assert!(sessions.list(None).await.unwrap().is_empty());
    });
}

#[test]
fn all_of_a_user_end_and_nobody_elses() {
    everywhere(async |instance, _| {
        let sessions = instance.sessions();
        let mut keys = Vec::new();
        for (subject, token) in [("u1", "a"), ("u1", "b"), ("u2", "c")] {
            let began = sessions.begin(&shop(), record(subject, token)).await.unwrap();
            keys.push(began.key.clone());
        }
        let mut none = record("u1", "d");
        none.sid = None;
        let none = sessions.begin(&shop(), none).await.unwrap();
        let issuer = "https://id.example.com";
        let listed = sessions.list(Some(Who::Subject(issuer, "u1"))).await.unwrap();
        assert_eq!(listed.len(), 3);
        assert!(listed.iter().all(|one| one.about.subject == "u1" && one.about.frontend == "shop"));
        assert_eq!(sessions.end_all(Who::Subject("https://evil", "u1")).await.unwrap(), 0);
        assert_eq!(sessions.end_all(Who::Sid(issuer, "sid of u1")).await.unwrap(), 2);
        assert!(is_over(instance, &keys[0]).await && is_over(instance, &keys[1]).await);
        assert_eq!(sessions.end_all(Who::Subject(issuer, "u1")).await.unwrap(), 1);
        assert!(is_over(instance, &none.key).await);
        assert!(!is_over(instance, &keys[2]).await);
        assert_eq!(sessions.list(None).await.unwrap().len(), 1);
        // Who was logged out may log in again.
        let mut again = record("u1", "e");
        again.sid = Some("another".to_owned());
        sessions.begin(&shop(), again).await.unwrap();
    });
}

#[test]
fn a_logout_that_is_faster_than_the_login_counts() {
    everywhere(async |instance, clock| {
        let sessions = instance.sessions();
        let who = Who::Sid("https://id.example.com", "sid of u1");
        assert_eq!(sessions.end_all(who).await.unwrap(), 0);
        let fault = sessions.begin(&shop(), record("u1", "a")).await.unwrap_err();
        assert_eq!(fault.parts().code, Code::Unauthorized);
        assert!(sessions.list(None).await.unwrap().is_empty());
        assert!(sessions.begin(&shop(), record("u2", "b")).await.is_ok());
        if instance.redis.is_none() {
            clock.advance(601);
            assert!(sessions.begin(&shop(), record("u1", "c")).await.is_ok());
        }
    });
}

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
        let live = super::model::insert(&memory, round, now);
        std::thread::scope(|scope| {
            scope.spawn(|| super::model::write(&memory, live, now));
            scope.spawn(|| super::model::write(&memory, live, now));
            scope.spawn(|| assert!(memory.end(live, now)));
        });
        assert!(memory.get(live, now).is_none());
        assert_eq!(super::model::swap(&memory, live, now), crate::session::Swapped::Ended);
    }
    assert!(memory.list(None, now).is_empty());
    memory.assert_empties(now + ABSOLUTE);
}
