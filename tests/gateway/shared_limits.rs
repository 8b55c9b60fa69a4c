//! Limits that several gateways share in Redis, and what they do while it is away.

use std::time::{Duration, Instant};

use crate::harness::*;

/// A gateway that counts in Redis, which has so long to answer.
async fn sharing(redis: &Redis, timeout: &str, policies: &str) -> Gateway {
    let stores = format!(
        "[stores]\nrate_limits = \"redis\"\nredis = {{ url = \"{}\", timeout = \"{timeout}\" }}\n",
        redis.url()
    );
    let text = format!("trusted_proxies = ['127.0.0.1']\n{stores}{policies}");
    let names: Vec<_> =
        policies.lines().filter_map(|line| line.strip_prefix("[rate_limits.")).collect();
    let names: Vec<_> =
        names.iter().map(|name| format!("'{}'", name.trim_end_matches(']'))).collect();
    let route = format!(
        "session = 'optional'\nrate_limits = [{}]\n[get.response]\nshape = '1'\n",
        names.join(", ")
    );
    Gateway::config().gateway(&text).route("x.toml", &route).start().await
}

/// Longer than any machine needs.
const PATIENT: &str = "30s";
const PER_IP: &str = "[rate_limits.per_ip]\nquota = \"20/h\"\n";

async fn let_in(count: usize, gateways: &[&Gateway]) -> usize {
    let mut let_in = 0;
    for number in 0..count {
        let reply = gateways[number % gateways.len()].get("/x").await;
        let_in += usize::from(reply.status == 200);
    }
    let_in
}

#[tokio::test]
async fn two_gateways_on_one_redis_enforce_one_limit() {
    let redis = Redis::start().await;
    let (one, two) =
        (sharing(&redis, PATIENT, PER_IP).await, sharing(&redis, PATIENT, PER_IP).await);
    assert_eq!(let_in(60, &[&one, &two]).await, 20);
    let reply = two.get("/x").await;
    reply.assert_error(429, "RATE_LIMITED").assert_header("retry-after", "180");
    reply.assert_header("ratelimit", "\"per_ip\";r=0;t=180");
    reply.assert_header("ratelimit-policy", "\"per_ip\";q=20;w=3600");
    // Another address has a budget of its own.
    let other = one.get("/x").header("x-forwarded-for", "6.6.6.6").await;
    other.assert_status(200).assert_header("x-ratelimit-remaining", "19");
    other.assert_header("x-ratelimit-reset", "180");
}

#[tokio::test]
async fn ten_seconds_of_load_on_two_gateways_are_exact_to_a_percent() {
    let redis = Redis::start().await;
    let policy = "[rate_limits.per_ip]\nquota = \"50/s\"\n";
    let (one, two) =
        (sharing(&redis, PATIENT, policy).await, sharing(&redis, PATIENT, policy).await);
    let time = async || {
        let (seconds, micros): (u64, u64) = redis.ask(&["TIME"]).await;
        Duration::new(seconds, 0) + Duration::from_micros(micros)
    };
    let before = time().await;
    let until = Instant::now() + Duration::from_secs(10);
    let clients = [&one, &two, &one, &two].map(|gateway| async move {
        let mut let_in = 0_u32;
        while Instant::now() < until {
            let reply = gateway.get("/x").await;
            assert!([200, 429].contains(&reply.status), "{reply:?}");
            let_in += u32::from(reply.status == 200);
        }
        let_in
    });
    let let_in: u32 = futures_util::future::join_all(clients).await.into_iter().sum();
    let elapsed = time().await - before;
    let exact = 50.0 + 50.0 * elapsed.as_secs_f64();
    let off = (f64::from(let_in) - exact).abs() / exact;
    assert!(off < 0.01, "{let_in} were let in within {elapsed:?}, {exact} should have been");
}

#[tokio::test]
async fn redis_holds_hashes_that_expire_and_nothing_in_clear() {
    let redis = Redis::start().await;
    let policies = "[rate_limits.per_ip]\nquota = \"10/s\"\nburst = 5\n\
                    [rate_limits.per_token]\nquota = \"60/min\"\nby = \"credential\"\n\
                    [rate_limits.per_user]\nquota = \"60/min\"\nby = \"session\"\n";
    let gateway = sharing(&redis, PATIENT, policies).await;
    let token = token(json!({"sub": "alice"}));
    gateway.get("/x").bearer(&token).await.assert_status(200);
    // The shortest one may be gone by now.
    let keys: Vec<String> = redis.ask(&["KEYS", "*"]).await;
    assert!((2..=3).contains(&keys.len()), "{keys:?}");
    for key in keys {
        let (name, hash) = key.split_once('{').expect("a hash tag");
        assert!(name.starts_with("frontdesk:limit:per_"), "{key}");
        assert_eq!(hash.len(), 23, "{key}");
        let left: i64 = redis.ask(&["PTTL", &key]).await;
        assert!(left == -2 || (0..=1002).contains(&left), "{key} stays for {left} ms");
    }
}

#[tokio::test]
async fn who_is_refused_by_one_policy_has_spent_nothing_of_another_in_redis() {
    let redis = Redis::start().await;
    let policies = "[rate_limits.wide]\nquota = \"100/h\"\n[rate_limits.narrow]\nquota = \"2/h\"\ncost = 2\nburst = 5\n";
    let gateway = sharing(&redis, PATIENT, policies).await;
    assert_eq!(let_in(20, &[&gateway]).await, 2);
    let reply = gateway.get("/x").await;
    let standing = reply.assert_error(429, "RATE_LIMITED").header("ratelimit").expect("a standing");
    assert!(
        standing.contains("\"wide\";r=98;t=72") && standing.contains("\"narrow\";r=1;t="),
        "{standing}"
    );
    reply.assert_header("x-ratelimit-limit", "5").assert_header("x-ratelimit-remaining", "1");
}

#[tokio::test]
async fn without_redis_each_gateway_counts_for_itself() {
    let mut redis = Redis::start().await;
    let (one, two) = (sharing(&redis, "5s", PER_IP).await, sharing(&redis, "5s", PER_IP).await);
    assert_eq!(let_in(30, &[&one, &two]).await, 20);
    redis.kill();
    assert_eq!(let_in(30, &[&one]).await, 20);
    assert_eq!(let_in(30, &[&two]).await, 20);
    one.get("/x").await.assert_error(429, "RATE_LIMITED").assert_header("x-ratelimit-limit", "20");
    // It is back, empty: they count together again.
    redis.begin().await;
    until_it_answers(&redis, &one).await;
    until_it_answers(&redis, &two).await;
    assert!(let_in(60, &[&one, &two]).await <= 20);
    one.get("/x").await.assert_error(429, "RATE_LIMITED");
}

/// Asks until Redis has counted a request of this gateway.
async fn until_it_answers(redis: &Redis, gateway: &Gateway) {
    let asking = async {
        let mut number = 0_u64;
        let _: () = redis.ask(&["FLUSHALL"]).await;
        while redis.ask::<u64>(&["DBSIZE"]).await == 0 {
            number += 1;
            let address = format!("10.{}.{}.{}", number >> 16, (number >> 8) & 255, number & 255);
            gateway.get("/x").header("x-forwarded-for", &address).await;
        }
        let _: () = redis.ask(&["FLUSHALL"]).await;
    };
    tokio::time::timeout(Duration::from_secs(30), asking).await.expect("it is found again");
}

#[tokio::test]
async fn without_redis_everybody_is_let_in_where_that_is_written() {
    let mut redis = Redis::start().await;
    let policy = format!("{PER_IP}on_store_failure = \"allow\"\n");
    let gateway = sharing(&redis, "5s", &policy).await;
    assert_eq!(let_in(30, &[&gateway]).await, 20);
    redis.kill();
    assert_eq!(let_in(30, &[&gateway]).await, 30);
    gateway.get("/x").await.assert_status(200).assert_no_header("ratelimit");
    redis.begin().await;
    until_it_answers(&redis, &gateway).await;
    assert_eq!(let_in(30, &[&gateway]).await, 20);
}

#[tokio::test]
async fn without_redis_nobody_is_let_in_where_that_is_written() {
    let mut redis = Redis::start().await;
    let policy = format!("{PER_IP}on_store_failure = \"deny\"\n");
    let gateway = sharing(&redis, "5s", &policy).await;
    gateway.get("/x").await.assert_status(200);
    redis.kill();
    for _ in 0..3 {
        let reply = gateway.get("/x").await;
        reply.assert_error(503, "STORE_UNAVAILABLE").assert_header("retry-after", "1");
        assert!(!reply.body.contains("redis"), "{reply:?}");
    }
    redis.begin().await;
    until_it_answers(&redis, &gateway).await;
    assert_eq!(let_in(30, &[&gateway]).await, 20);
}

#[tokio::test]
async fn a_redis_that_was_never_there_holds_up_nobody() {
    let mut redis = Redis::start().await;
    redis.kill();
    let gateway = sharing(&redis, "5s", PER_IP).await;
    assert_eq!(let_in(30, &[&gateway]).await, 20);
    redis.begin().await;
    until_it_answers(&redis, &gateway).await;
}

#[tokio::test]
async fn a_redis_that_is_frozen_costs_one_request_its_timeout_and_the_others_nothing() {
    let redis = Redis::start().await;
    for (what, status, let_in_meanwhile) in
        [("allow", 200, 41), ("local", 200, 20), ("deny", 503, 0)]
    {
        let policy = format!("{PER_IP}on_store_failure = \"{what}\"\n");
        let gateway = sharing(&redis, "1s", &policy).await;
        until_it_answers(&redis, &gateway).await;
        assert_eq!(let_in(30, &[&gateway]).await, 20);
        redis.freeze();
        let start = Instant::now();
        gateway.get("/x").await.assert_status(status);
        assert!(start.elapsed() >= Duration::from_secs(1), "{:?}", start.elapsed());
        let further = let_in(40, &[&gateway]).await;
        // All of them within a few timeouts; if each had waited it would have been forty.
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
        redis.thaw();
        let first = usize::from(status == 200);
        assert_eq!(further + first, let_in_meanwhile, "{what}");
        until_it_answers(&redis, &gateway).await;
        assert_eq!(let_in(30, &[&gateway]).await, 20, "{what}");
    }
}
