//! What sessions promise, in all stores.

use std::sync::Arc;

use super::*;
use crate::fault::Code;
use crate::session::{Found, Key, Live, Who};

pub(super) fn shop() -> Arc<str> {
    Arc::from("shop")
}

pub(super) async fn find(instance: &Instance, key: &Key) -> Found {
    instance.sessions().find(key, &shop()).await.unwrap()
}

pub(super) async fn live(instance: &Instance, key: &Key) -> Arc<Live> {
    match find(instance, key).await {
        Found::Live(live) => live,
        other => panic!("{other:?}"),
    }
}

pub(super) async fn is_over(instance: &Instance, key: &Key) -> bool {
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

/// Who can write to the store cannot bring back what was, nor make it last.
#[test]
fn a_record_counts_in_its_own_place_until_its_own_end() {
    let clock = Arc::new(Seconds::default());
    let now = clock.now();
    run(async {
        let memory = Store::Memory(Memory::new(1 << 20));
        let instance = Instance::new(memory, &clock, None);
        let sessions = instance.sessions();
        let Store::Memory(memory) = &instance.shared.store else { panic!("memory") };
        let began = sessions.begin(&shop(), record("u1", "a")).await.unwrap();
        let other = sessions.begin(&shop(), record("u2", "b")).await.unwrap();
        let kept = memory.get(began.key.entry(), now).unwrap();
        assert!(sessions.replace(&began, record("u1", "c")).await.unwrap().is_some());
        // Another instance, which has nothing at hand, and a store that somebody has written to.
        let read = async |entry, row: crate::session::Row| {
            let forged = Memory::new(1 << 20);
            forged.insert(entry, row, now).unwrap();
            let instance = Instance::new(Store::Memory(forged), &clock, None);
            matches!(find(&instance, &began.key).await, Found::Live(_))
        };
        let entry = began.key.entry();
        let row = memory.get(entry, now).unwrap();
        assert!(read(entry, row.clone()).await);
        let old = crate::session::Row { sealed: kept.sealed.clone(), ..row.clone() };
        assert!(!read(entry, old).await);
        let longer = row.absolute_until + Duration::from_secs(1);
        assert!(!read(entry, crate::session::Row { absolute_until: longer, ..row }).await);
        assert!(!read(entry, memory.get(other.key.entry(), now).unwrap()).await);
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
fn who_closes_a_session_gets_the_tokens_that_it_has_had_last() {
    everywhere(async |instance, _| {
        let sessions = instance.sessions();
        let read = sessions.begin(&shop(), record("u1", "a")).await.unwrap();
        // Refreshed after the one who closes it has read it.
        sessions.replace(&read, record("u1", "b")).await.unwrap().unwrap();
        assert!(sessions.close(&read).await.unwrap() == record("u1", "b"));
        assert!(is_over(instance, &read.key).await);
        // And one that comes too late finds nothing to write to.
        assert!(sessions.replace(&read, record("u1", "c")).await.unwrap().is_none());
        assert!(is_over(instance, &read.key).await);
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
