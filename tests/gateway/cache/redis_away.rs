//! What becomes of the cache while its Redis is away, silent or slow.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};

use super::shared::{ADMIN, PATIENT, Posts, change, is_missing, linked, read, until};
use super::*;

#[tokio::test]
async fn without_redis_it_serves_keeps_nothing_for_long_and_readyz_names_it() {
    let (mut redis, posts) = (Redis::start().await, Posts::start().await);
    redis.kill();
    let gateway = posts.behind(&[redis.url()], "50ms").await;
    assert!(is_missing(&gateway).await);
    assert_eq!(read(&gateway, "a").await.0, "miss");
    until(async || read(&gateway, "a").await.0 == "hit").await;
    gateway.advance(1);
    assert_eq!(read(&gateway, "a").await.0, "miss", "older than away_ttl");
    let n = change(&gateway).await;
    assert_eq!(read(&gateway, "a").await, is("miss", n));
    let told = gateway.admin_with("POST", "/revalidate").bearer(ADMIN);
    let told = told.json(json!({ "tags": ["posts"] })).await;
    told.assert_json(200, json!({ "revalidated": 1, "instances": 1, "pending": true }));
    // It is no excuse for an upstream that is away, too.
    posts.up.on("GET", "/posts/a", Reply::status(503));
    gateway.advance(1);
    gateway.get("/posts/a").await.assert_status(503);
    redis.begin().await;
    linked(&gateway).await;
    let known: Vec<String> = redis.ask(&["KEYS", "frontdesk:cache:tag:*"]).await;
    let all: bool = redis.ask(&["EXISTS", "frontdesk:cache:all"]).await;
    assert!(!known.is_empty() || all, "what could not be told is told");
    read(&gateway, "b").await;
    gateway.advance(60);
    assert_eq!(read(&gateway, "b").await.0, "hit");
}

/// Changes that were over, and when.
type Changes = Mutex<Vec<(Instant, usize)>>;

/// Nothing that was changed so long ago is still there as it was, where Redis has gone and says so.
const GONE: Duration = Duration::from_secs(1);
/// The same where Redis is silent, which is noticed after half of that; and some for a busy machine.
const SILENT: Duration = Duration::from_millis(1500);

/// Reads until it is told to stop: no reply is an error, and none is older than it may be.
async fn reads(gateway: &Gateway, fresh: Duration, changes: &Changes, stop: &Mutex<bool>) -> usize {
    let mut count = 0;
    while !*stop.lock().expect("a lock") {
        let asked = Instant::now();
        let (_, n) = read(gateway, "a").await;
        let changes = changes.lock().expect("a lock");
        let least = changes.iter().rev().find(|(at, _)| *at + fresh < asked);
        let least = least.map_or(0, |(_, n)| *n);
        assert!(n.as_u64() >= Some(least as u64), "{n} after {least} was there for {fresh:?}");
        count += 1;
    }
    count
}

/// Reads on two gateways and changes on one of them while this goes on.
async fn under_load(
    posts: &Posts,
    gateways: [&Gateway; 2],
    fresh: Duration,
    what: impl Future<Output = ()>,
) {
    let (changes, stop) = (Changes::default(), Mutex::new(false));
    let [one, two] = gateways;
    let reading =
        join_all([one, two, one, two].map(|gateway| reads(gateway, fresh, &changes, &stop)));
    let changing = async {
        while !*stop.lock().expect("a lock") {
            let n = change(one).await;
            changes.lock().expect("a lock").push((Instant::now(), n));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let ending = async {
        what.await;
        *stop.lock().expect("a lock") = true;
    };
    let (counts, _) = join(reading, join(changing, ending)).await;
    assert!(counts.iter().all(|count| *count > 100), "{counts:?}");
    let n = posts.now();
    for gateway in gateways {
        until(async || read(gateway, "a").await == is("hit", n)).await;
    }
}

#[tokio::test]
async fn redis_is_killed_and_back_under_load_and_nobody_gets_an_error_or_something_old() {
    let (mut redis, posts) = (Redis::start().await, Posts::start().await);
    let urls = [redis.url()];
    let (one, two) = (posts.behind(&urls, "50ms").await, posts.behind(&urls, "50ms").await);
    linked(&one).await;
    linked(&two).await;
    let killing = async {
        for _ in 0..2 {
            redis.kill();
            until(async || is_missing(&one).await && is_missing(&two).await).await;
            // Long enough for something old to show.
            tokio::time::sleep(2 * GONE).await;
            redis.begin().await;
            linked(&one).await;
            linked(&two).await;
        }
    };
    under_load(&posts, [&one, &two], GONE, killing).await;
}

#[tokio::test]
async fn redis_is_silent_under_load_and_nobody_gets_an_error_or_something_old() {
    let (redis, posts) = (Redis::start().await, Posts::start().await);
    let urls = [redis.url()];
    let (one, two) = (posts.behind(&urls, "50ms").await, posts.behind(&urls, "50ms").await);
    linked(&one).await;
    linked(&two).await;
    let freezing = async {
        redis.freeze();
        until(async || is_missing(&one).await && is_missing(&two).await).await;
        tokio::time::sleep(2 * SILENT).await;
        redis.thaw();
        linked(&one).await;
        linked(&two).await;
    };
    under_load(&posts, [&one, &two], SILENT, freezing).await;
}

#[tokio::test]
async fn a_slow_redis_holds_nobody_up_for_longer_than_its_timeout() {
    let (redis, posts) = (Redis::start().await, Posts::start().await);
    let wire = Slow::start(redis.port()).await;
    let url = format!("redis://127.0.0.1:{}", wire.port());
    let gateway = posts.behind(&[url], "50ms").await;
    linked(&gateway).await;
    read(&gateway, "kept").await;
    wire.delay(Duration::from_millis(80));
    let (mut reads, mut changes) = (Vec::new(), Vec::new());
    for id in 0..20 {
        // Each is a chance for the connection to be tried again.
        tokio::time::sleep(Duration::from_millis(30)).await;
        let start = Instant::now();
        let n = posts.now();
        assert_eq!(read(&gateway, &id.to_string()).await, is("miss", n));
        reads.push(start.elapsed());
        let start = Instant::now();
        change(&gateway).await;
        changes.push(start.elapsed());
    }
    for times in [&mut reads, &mut changes] {
        times.sort();
        assert!(times[times.len() / 2] < Duration::from_millis(110), "{times:?}");
        assert!(times[times.len() - 1] < Duration::from_secs(2), "{times:?}");
    }
    // What was not known to be told was told all the same.
    wire.delay(Duration::ZERO);
    let other = posts.behind(&[redis.url()], PATIENT).await;
    linked(&other).await;
    let n = posts.now();
    until(async || read(&other, "kept").await.1 == json!(n)).await;
}
