//! Instances that share their entries in a real Redis.

mod instance;
mod server;
mod untold;

use std::sync::Arc;
use std::time::Duration;

use super::announce::named;
use super::recorded;
use crate::cache::{Begun, Entry, Lives, Look, Tag};
use crate::clock::{Clock, SystemClock};
use crate::store::cmd;
use instance::{Instance, LARGE, NEW, Note, OLD, OWN, UNKNOWN, a_minute, key, shown, tag, until};
use server::Server;

#[tokio::test]
async fn what_one_makes_others_have() {
    let server = Server::start();
    let (one, two) = (Instance::start(&server).await, Instance::start(&server).await);
    let lease = one.ours().await;
    assert_eq!(shown(&two.begin().await), "theirs");
    assert_eq!(shown(&one.begin().await), "theirs", "it is one instance's, not all its questions'");
    let ten_seconds_ago = SystemClock.steady() - Duration::from_secs(10);
    let lives = Lives { stale: Duration::from_secs(7), ..a_minute() };
    let tick = one.entries.tags.now();
    let entry = Entry::new(Note(NEW), [tag()].into(), tick, ten_seconds_ago, lives);
    one.keep(&entry, lease).await;
    let Begun::Found(found) = two.begin().await else { panic!() };
    assert_eq!((&found.payload, &found.lives, &*found.tags), (&Note(NEW), &lives, &[tag()][..]));
    let age = found.age(SystemClock.steady());
    assert!(age >= Duration::from_secs(10) && age < Duration::from_secs(40), "{age:?}");
    assert!(matches!(two.entries.look(&key()), Look::Fresh(_)), "this process has it, too");
    let keys: Vec<String> = one.ask(&["KEYS", "frontdesk:cache:lease:*"]).await;
    assert!(keys.is_empty());
    let lasts: u64 = one.ask(&["PTTL", &recorded(&key())]).await;
    assert!((27_000..=57_000).contains(&lasts), "{lasts}");
}

#[tokio::test]
async fn what_was_given_back_falls_to_the_next() {
    let server = Server::start();
    let (one, two) = (Instance::start(&server).await, Instance::start(&server).await);
    let lease = one.ours().await;
    one.shared.release(&one.redis, &key(), lease).await;
    let lease = two.ours().await;
    // This one's is not for others.
    two.keep(&two.entry(OWN, a_minute()), lease).await;
    let lease = one.ours().await;
    one.keep(&one.entry(LARGE, a_minute()), lease).await;
    let lease = one.ours().await;
    // What nobody can read is nothing.
    one.keep(&one.entry(UNKNOWN, a_minute()), lease).await;
    let lease = two.ours().await;
    two.keep(&two.entry(NEW, a_minute()), lease).await;
    assert_eq!(shown(&one.begin().await), "found new");
}

#[tokio::test]
async fn a_lease_that_nobody_holds_ends_and_one_that_is_held_does_not() {
    let server = Server::start();
    let (one, two) = (Instance::start(&server).await, Instance::start(&server).await);
    let _lost = one.ours().await;
    let lease = async || match two.begin().await {
        Begun::Ours(lease, _) => Some(lease),
        _ => None,
    };
    let mut got = None;
    let taking = async {
        while got.is_none() {
            got = lease().await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), taking).await.unwrap();
    let held = got.unwrap();
    let making = tokio::time::sleep(Duration::from_millis(2500));
    two.shared.hold(&two.redis, &key(), &held, making).await;
    assert_eq!(shown(&one.begin().await), "theirs");
}

#[tokio::test]
async fn a_lease_that_was_not_answered_in_time_is_given_back_all_the_same() {
    let server = Server::start();
    let (one, two) = (Instance::start(&server).await, Instance::start(&server).await);
    let hasty = server.connect_for(Duration::from_millis(50));
    until(async || hasty.ask::<()>(&cmd("PING")).await.is_ok()).await;
    let () = one.ask(&["CLIENT", "PAUSE", "150", "ALL"]).await;
    let now = one.entries.tags.now();
    let begun = one.shared.begin(&hasty, &one.entries, &key(), (now, now), true).await;
    let Begun::Away(Some(lease)) = begun else { panic!("{}", shown(&begun)) };
    one.shared.release(&hasty, &key(), lease).await;
    two.ours().await;
}

#[tokio::test]
async fn what_is_over_may_be_served_while_another_instance_makes_another_one() {
    let server = Server::start();
    let (one, two) = (Instance::start(&server).await, Instance::start(&server).await);
    let stale = Lives { fresh: Duration::ZERO, stale: Duration::from_secs(60), ..Lives::default() };
    one.keep(&one.entry(OLD, stale), one.ours().await).await;
    let three = Instance::start(&server).await;
    assert_eq!(shown(&two.begin().await), "ours, with old");
    assert!(matches!(two.entries.look(&key()), Look::Stale(_)));
    assert_eq!(shown(&three.begin().await), "theirs, with old");
    assert!(matches!(three.entries.look(&key()), Look::Stale(_)));
}

#[tokio::test]
async fn who_was_cut_off_believes_no_record_from_before_until_all_have_told_what_they_could_not() {
    let server = Server::start();
    let (one, two) = (Instance::start(&server).await, Instance::start(&server).await);
    one.keep(&one.entry(OLD, a_minute()), one.ours().await).await;
    let _: i64 = one.ask(&["CLIENT", "KILL", "TYPE", "pubsub"]).await;
    for instance in [&one, &two] {
        until(async || !instance.shared.is_here()).await;
    }
    for instance in [&one, &two] {
        until(async || instance.shared.is_here()).await;
    }
    one.ours().await;
    // Nobody had anything to tell.
    until(async || shown(&two.begin().await) == "found old").await;
}

#[tokio::test]
async fn what_is_revalidated_is_gone_everywhere() {
    let server = Server::start();
    let (one, two) = (Instance::start(&server).await, Instance::start(&server).await);
    one.keep(&one.entry(OLD, a_minute()), one.ours().await).await;
    assert_eq!(shown(&two.begin().await), "found old");
    assert_eq!(one.revalidate("others").await, 2);
    assert_eq!(shown(&two.begin().await), "found old");
    assert_eq!(one.revalidate("posts").await, 2);
    until(async || matches!(two.entries.look(&key()), Look::Nothing)).await;
    let (one, two) = (&one, &two);
    two.keep(&two.entry(NEW, a_minute()), two.ours().await).await;
    assert_eq!(shown(&one.begin().await), "found new");
    // Who comes later has heard nothing, and is told by Redis.
    two.revalidate("posts").await;
    let three = Instance::start(&server).await;
    three.ours().await;
}

#[tokio::test]
async fn what_was_begun_before_a_revalidation_is_neither_waited_for_nor_believed() {
    let server = Server::start();
    let (one, two) = (Instance::start(&server).await, Instance::start(&server).await);
    let before = one.ours().await;
    let tick = two.entries.tags.now();
    assert_eq!(shown(&two.begin_since(tick).await), "theirs");
    two.revalidate("posts").await;
    let after = two.ours().await;
    // It comes when another one is being made, and when there is another one.
    one.keep(&one.entry(OLD, a_minute()), before).await;
    assert_eq!(shown(&one.begin_since(0).await), "theirs", "the lease of the other one stays");
    two.keep(&two.entry(NEW, a_minute()), after).await;
    assert_eq!(shown(&one.begin().await), "found new");
    assert_eq!(shown(&two.begin().await), "found new");
}

#[tokio::test]
async fn what_is_made_of_something_older_than_its_lease_is_not_believed_after_a_revalidation() {
    let server = Server::start();
    let (one, two) = (Instance::start(&server).await, Instance::start(&server).await);
    // As a whole reply that was made of a kept answer before the revalidation was heard.
    let unheard = one.entry(OLD, a_minute());
    two.revalidate("posts").await;
    one.keep(&unheard, one.ours().await).await;
    assert_eq!(shown(&two.begin().await), "ours");
}

#[tokio::test]
async fn an_older_one_does_not_replace_a_newer_one() {
    let server = Server::start();
    let (one, two) = (Instance::start(&server).await, Instance::start(&server).await);
    let before = one.ours().await;
    two.revalidate("others").await;
    let after = two.ours().await;
    two.keep(&two.entry(NEW, a_minute()), after).await;
    one.keep(&one.entry(OLD, a_minute()), before).await;
    assert_eq!(shown(&one.begin().await), "found new");
}

#[tokio::test]
async fn what_is_over_is_there_to_ask_whether_it_is_still_good() {
    let server = Server::start();
    let (one, two) = (Instance::start(&server).await, Instance::start(&server).await);
    let over = Lives { fresh: Duration::ZERO, reuse: Duration::from_secs(60), ..Lives::default() };
    one.keep(&one.entry(OLD, over), one.ours().await).await;
    let Begun::Ours(lease, Some(old)) = two.begin().await else { panic!() };
    assert_eq!(old.payload, Note(OLD));
    two.shared.release(&two.redis, &key(), lease).await;
    // But not after a revalidation.
    one.revalidate("posts").await;
    two.ours().await;
}

#[tokio::test]
async fn while_redis_is_away_nothing_old_is_served_and_then_all_is_gone() {
    let server = Server::start();
    let one = Instance::start(&server).await;
    let lives = Lives { if_error: Duration::from_secs(60), ..a_minute() };
    let now = SystemClock.steady();
    let kept = |age| {
        let made_at = now - Duration::from_millis(age);
        let tick = one.entries.tags.now();
        Arc::new(Entry::new(Note(OLD), [tag()].into(), tick, made_at, lives))
    };
    let (young, old) = (kept(0), kept(10_000));
    one.entries.keep(key(), &old);
    assert!(matches!(one.entries.look(&key()), Look::Fresh(_)) && one.entries.excuses(&old));
    let killed: i64 = one.ask(&["CLIENT", "KILL", "TYPE", "pubsub"]).await;
    assert_eq!(killed, 1);
    until(async || !one.shared.is_here()).await;
    assert!(matches!(one.entries.look(&key()), Look::Old(_) | Look::Nothing));
    assert!(!one.entries.excuses(&old));
    let told = one.shared.announce(&one.redis, &one.entries.tags, &[Tag::of("others")]).await;
    assert!(told.is_pending);
    assert!(matches!(one.begin().await, Begun::Away(None)));
    one.entries.keep(key(), &young);
    until(async || one.shared.is_here()).await;
    assert!(matches!(one.entries.look(&key()), Look::Nothing));
    // What could not be told was told first.
    let known: bool = one.ask(&["EXISTS", &named(&Tag::of("others"))]).await;
    assert!(known);
}

#[tokio::test]
async fn servers_that_took_over_are_not_believed_what_they_may_have_missed() {
    let server = Server::start();
    let one = Instance::start(&server).await;
    one.keep(&one.entry(OLD, a_minute()), one.ours().await).await;
    let () = one.ask(&["SET", "frontdesk:cache:run", "another"]).await;
    let two = Instance::start(&server).await;
    until(async || shown(&two.begin().await) != "found old").await;
    until(async || shown(&one.begin().await) != "found old").await;
}
