//! Replies kept in Redis: instances share them.

use super::*;

/// Patient, so that a busy machine is no Redis that is away.
fn config(up: &Upstream, redis: &Redis, route: &str) -> Config {
    waiting(up, redis, "10s", route)
}

fn waiting(up: &Upstream, redis: &Redis, timeout: &str, route: &str) -> Config {
    let url = redis.url();
    Gateway::config()
        .gateway(&format!(
            "[stores]\nidempotency = \"redis\"\nredis = {{ url = \"{url}\", timeout = \"{timeout}\" }}\n"
        ))
        .upstream("up", up)
        .open_route("x.toml", route)
}

/// The only key, without its prefix.
async fn only_key(redis: &Redis) -> String {
    let keys: Vec<String> = redis.ask(&["KEYS", "*"]).await;
    assert_eq!(keys.len(), 1, "{keys:?}");
    keys[0].clone()
}

#[tokio::test]
async fn instances_share_what_is_kept() {
    let (up, redis) = (shop().await, Redis::start().await);
    let one = config(&up, &redis, ORDER).start().await;
    let other = config(&up, &redis, ORDER).start().await;

    let first = order(&one, "k").await;
    first.assert_data(201, json!({"id": 1}));
    assert_replay(&order(&other, "k").await, &first);
    other.post("/x", json!({"sku": 2})).key("k").await.assert_error(422, "UNPROCESSABLE");
    one.stopping().await;
    assert_replay(&order(&other, "k").await, &first);
    assert_eq!(up.total(), 1);
}

#[tokio::test]
async fn a_hundred_equal_requests_to_two_instances_are_one_change() {
    let (up, redis) = (shop().await, Redis::start().await);
    let instances =
        [config(&up, &redis, ORDER).start().await, config(&up, &redis, ORDER).start().await];

    for key in ["a", "b", "c"] {
        up.forget();
        let asked: Vec<_> = (0..100).map(|at| order(&instances[at % 2], key).sent()).collect();
        let mut served = 0;
        for reply in asked {
            let reply = reply.await;
            match (reply.status, reply.header("idempotency-replayed")) {
                (201, None) => served += 1,
                (201, Some("true")) => {}
                _ => drop(reply.assert_error(409, "CONFLICT")),
            }
        }
        assert_eq!((served, up.total()), (1, 1));
    }
}

#[tokio::test]
async fn a_key_in_flight_at_another_instance_is_409() {
    let (up, redis, gate) = (Upstream::start().await, Redis::start().await, Gate::new());
    up.on("POST", "/orders", Reply::json(json!({"id": 1})).when(&gate));
    let one = config(&up, &redis, ORDER).start().await;
    let other = config(&up, &redis, ORDER).start().await;

    let first = order(&one, "k").sent();
    up.wait_for(1).await;
    order(&other, "k").await.assert_error(409, "CONFLICT").assert_header("retry-after", "1");
    other.post("/x", json!({"sku": 2})).key("k").await.assert_error(422, "UNPROCESSABLE");
    gate.open();
    let first = first.await;
    assert_replay(&order(&other, "k").await, &first);
}

#[tokio::test]
async fn a_key_in_flight_outlives_a_short_time_to_keep_its_reply() {
    let (up, redis, gate) = (Upstream::start().await, Redis::start().await, Gate::new());
    up.on("POST", "/orders", Reply::json(json!({"id": 1})).when(&gate));
    let gateway = config(&up, &redis, &short()).start().await;

    let first = order(&gateway, "k").sent();
    up.wait_for(1).await;
    // All that its lease has, and not what the reply will be kept for.
    let left: i64 = redis.ask(&["PTTL", &only_key(&redis).await]).await;
    assert!((30_001..=40_000).contains(&left), "{left}");
    order(&gateway, "k").await.assert_error(409, "CONFLICT");
    gate.open();
    first.await.assert_data(201, json!({"id": 1}));
    let left: i64 = redis.ask(&["PTTL", &only_key(&redis).await]).await;
    assert!(left <= 30_000, "{left}");
}

#[tokio::test]
async fn what_is_kept_ends_by_itself_and_names_nobody() {
    let (up, redis) = (shop().await, Redis::start().await);
    let route = ORDER.replace("[post]", "[post]\nidempotency_keep = \"1h\"");
    let gateway = config(&up, &redis, &route).start().await;

    order(&gateway, "my-key").await.assert_status(201);
    let key = only_key(&redis).await;
    let hash = key.strip_prefix("frontdesk:idempotency:").expect("our prefix");
    assert!(hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{key}");
    let left: i64 = redis.ask(&["PTTL", &key]).await;
    assert!((3_500_000..=3_600_000).contains(&left), "{left}");
    let _: i64 = redis.ask(&["PEXPIRE", &key, "1"]).await;
    while redis.ask::<i64>(&["EXISTS", &key]).await == 1 {}
    order(&gateway, "my-key").await.assert_data(201, json!({"id": 2}));
}

#[tokio::test]
async fn before_a_change_was_sent_the_key_is_free_again() {
    let (up, redis) = (shop().await, Redis::start().await);
    up.on("GET", "/checked", Reply::json(json!(true)));
    up.once("GET", "/checked", Reply::status(500));
    let route = format!(
        "{}\n[post.calls.checked]\nupstream = \"up\"\npath = \"/checked\"",
        ORDER.replace("json =", "needs = [\"checked\"], json =")
    );
    let gateway = config(&up, &redis, &route).start().await;

    order(&gateway, "k").await.assert_error(502, "UPSTREAM_ERROR");
    assert_eq!(redis.ask::<i64>(&["DBSIZE"]).await, 0);
    let first = order(&gateway, "k").await;
    first.assert_status(201);
    assert_replay(&order(&gateway, "k").await, &first);
}

#[tokio::test]
async fn killed_after_a_change_was_sent_it_is_409_and_no_second_change() {
    let (up, redis) = (Upstream::start().await, Redis::start().await);
    up.on("POST", "/orders", Reply::hang());
    let program = config(&up, &redis, ORDER).launch();
    let asked = tokio::spawn(
        reqwest::Client::new()
            .post(format!("http://{}/x", program.address))
            .header("idempotency-key", "k")
            .header("content-type", "application/json")
            .body("{\"sku\":1}")
            .send(),
    );
    up.wait_for(1).await;
    program.signal("KILL");
    drop(program);
    assert!(asked.await.unwrap().is_err());

    let gateway = config(&up, &redis, ORDER).start().await;
    order(&gateway, "k").await.assert_error(409, "CONFLICT").assert_header("retry-after", "1");
    // Once whoever had begun cannot be at it any more, this is what is said.
    let _: i64 = redis.ask(&["HSET", &only_key(&redis).await, "lease", "1"]).await;
    let reply = order(&gateway, "k").await;
    reply.assert_error(409, "CONFLICT").assert_no_header("retry-after");
    assert!(reply.body.contains("interrupted"), "{reply:?}");
    assert_eq!(up.total(), 1);
}

#[tokio::test]
async fn killed_before_a_change_was_sent_the_key_is_free_after_its_lease() {
    let (up, redis) = (shop().await, Redis::start().await);
    up.on("GET", "/checked", Reply::json(json!(true)));
    up.once("GET", "/checked", Reply::hang());
    let route = format!(
        "deadline = \"5s\"\n{}\n[post.calls.checked]\nupstream = \"up\"\npath = \"/checked\"",
        ORDER.replace("json =", "needs = [\"checked\"], json =")
    );
    let program = config(&up, &redis, &route).launch();
    let asked = tokio::spawn(
        reqwest::Client::new()
            .post(format!("http://{}/x", program.address))
            .header("idempotency-key", "k")
            .header("content-type", "application/json")
            .body("{\"sku\":1}")
            .send(),
    );
    up.wait_for(1).await;
    program.signal("KILL");
    drop(program);
    assert!(asked.await.unwrap().is_err());

    let gateway = config(&up, &redis, &route).start().await;
    order(&gateway, "k").await.assert_error(409, "CONFLICT");
    let key = only_key(&redis).await;
    let left: i64 = redis.ask(&["PTTL", &key]).await;
    assert!((0..=15_000).contains(&left), "{left}");
    let _: i64 = redis.ask(&["PEXPIRE", &key, "1"]).await;
    while redis.ask::<i64>(&["EXISTS", &key]).await == 1 {}
    order(&gateway, "k").await.assert_status(201);
    assert_eq!(up.count("POST /orders"), 1);
}

#[tokio::test]
async fn a_redis_that_is_away_is_503_and_nothing_is_sent() {
    let (up, mut redis) = (shop().await, Redis::start().await);
    let gateway = config(&up, &redis, ORDER).start().await;
    order(&gateway, "k").await.assert_status(201);
    redis.kill();

    for key in ["k", "new"] {
        let reply = order(&gateway, key).await;
        reply.assert_error(503, "STORE_UNAVAILABLE");
        assert!(reply.header("retry-after").is_some(), "{reply:?}");
    }
    assert_eq!(up.total(), 1);
    // What has no key needs no store.
    gateway.post("/x", json!({"sku": 1})).await.assert_status(201);

    redis.begin().await;
    while order(&gateway, "back").await.status == 503 {}
    order(&gateway, "back").await.assert_header("idempotency-replayed", "true");
}

#[tokio::test]
async fn a_redis_that_is_away_at_start_is_503_until_it_is_there() {
    let (up, mut redis) = (shop().await, Redis::start().await);
    redis.kill();
    let gateway = config(&up, &redis, ORDER).start().await;
    order(&gateway, "k").await.assert_error(503, "STORE_UNAVAILABLE");
    assert_eq!(up.total(), 0);
    redis.begin().await;
    while order(&gateway, "k").await.status == 503 {}
    assert_eq!(up.total(), 1);
}

#[tokio::test]
async fn a_redis_that_hangs_is_503_and_leaves_no_key_behind() {
    let (up, redis) = (shop().await, Redis::start().await);
    let gateway = waiting(&up, &redis, "2s", ORDER).start().await;
    while order(&gateway, "warm").await.status == 503 {}
    up.forget();
    redis.freeze();
    order(&gateway, "k").await.assert_error(503, "STORE_UNAVAILABLE");
    assert_eq!(up.total(), 0);
    redis.thaw();
    let reply = loop {
        let reply = order(&gateway, "k").await;
        if ![409, 503].contains(&reply.status) {
            break reply;
        }
    };
    reply.assert_status(201).assert_no_header("idempotency-replayed");
    assert_eq!(up.total(), 1);
}

#[tokio::test]
async fn a_redis_lost_before_the_change_is_503_and_nothing_is_sent() {
    let (up, mut redis, gate) = (shop().await, Redis::start().await, Gate::new());
    up.on("GET", "/checked", Reply::json(json!(true)).when(&gate));
    let route = format!(
        "{}\n[post.calls.checked]\nupstream = \"up\"\npath = \"/checked\"",
        ORDER.replace("json =", "needs = [\"checked\"], json =")
    );
    let gateway = config(&up, &redis, &route).start().await;

    let asked = order(&gateway, "k").sent();
    up.wait_for(1).await;
    redis.kill();
    gate.open();
    asked.await.assert_error(503, "STORE_UNAVAILABLE");
    assert_eq!(up.count("POST /orders"), 0);
}

#[tokio::test]
async fn a_redis_lost_after_the_change_does_not_take_the_reply_away() {
    let (up, redis, gate) = (Upstream::start().await, Redis::start().await, Gate::new());
    up.on("POST", "/orders", Reply::json(json!({"id": 1})).when(&gate));
    let gateway = waiting(&up, &redis, "2s", ORDER).start().await;
    up.once("POST", "/orders", Reply::json(json!({"id": 0})));
    while order(&gateway, "warm").await.status == 503 {}
    up.forget();

    let asked = order(&gateway, "k").sent();
    up.wait_for(1).await;
    redis.freeze();
    gate.open();
    let first = asked.await;
    first.assert_data(201, json!({"id": 1}));
    order(&gateway, "k").await.assert_error(503, "STORE_UNAVAILABLE");
    redis.thaw();
    // It is kept as soon as Redis is back.
    let replayed = loop {
        let reply = order(&gateway, "k").await;
        if ![409, 503].contains(&reply.status) {
            break reply;
        }
    };
    assert_replay(&replayed, &first);
    assert_eq!(up.total(), 1);
}
