//! What is done to sessions, and what comes of it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;

use super::Seconds;
use crate::clock::Clock;
use crate::session::row::{About, Entry, Hash, Inserted, Row, Swapped, Who};
use crate::session::{Entries, Memory};

/// What somebody does: to which session, and of which version.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
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

pub(super) const IDLE: u64 = 100;
pub(super) const ABSOLUTE: u64 = 300;
pub(super) const MARK: u64 = 600;
/// Of a lease, and of what takes place once.
pub(super) const HOLD: u64 = 50;
pub(super) const SESSIONS: u8 = 6;

pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
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
pub(super) enum Came {
    Inserted(Inserted),
    Row(Option<(u64, Duration, Duration, Bytes)>),
    Swapped(Swapped),
    Is(bool),
    Count(usize),
    Entries(BTreeSet<u8>),
    Nothing,
}

pub(super) fn entry(one: u8) -> Entry {
    Entry([one; 32])
}

pub(super) fn subject(one: u8) -> String {
    format!("user {}", one % 2)
}

pub(super) fn by_subject(of: u8) -> Hash {
    Who::Subject("issuer", &subject(of)).index()
}

pub(super) fn sid(of: u8) -> Hash {
    Who::Sid("issuer", &format!("sid {of}")).index()
}

/// The first ones have a provider session that is shared by the sessions of one user; the others have none.
pub(super) fn sid_of(one: u8) -> Option<Hash> {
    (one < 4).then(|| sid(one % 2))
}

pub(super) fn sealed(one: u8, version: u64) -> Bytes {
    Bytes::from(format!("record {one} {version}"))
}

pub(super) fn row(one: u8, now: Duration) -> Row {
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

pub(super) async fn take(
    entries: Entries<'_>,
    step: Step,
    idle_until: Duration,
    now: Duration,
) -> Came {
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

pub(super) fn at(seconds: u64) -> Duration {
    Seconds::default().now() + Duration::from_secs(seconds)
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
