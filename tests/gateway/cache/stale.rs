//! What is over, and served all the same: while another one is fetched, or because none can be had.

use std::time::Duration;

use super::*;

/// Waits until the refresh behind has ended: the answer is a new one.
async fn refreshed(gateway: &Gateway, n: usize) {
    while ask(gateway).await.1 != json!(n) {
        tokio::task::yield_now().await;
    }
}

/// The time that all but three of 300 requests stay below, each of which gets the first answer.
async fn p99(gateway: &Gateway, how: &str) -> Duration {
    let mut times = Vec::new();
    for _ in 0..300 {
        let began = std::time::Instant::now();
        assert_eq!(ask(gateway).await, is(how, 1));
        times.push(began.elapsed());
    }
    times.sort_unstable();
    times[296]
}

#[tokio::test]
async fn a_stale_answer_is_served_at_once_while_one_request_fetches_another() {
    let up = Upstream::start().await;
    let gate = Gate::new();
    let held = gate.clone();
    let so_far = std::sync::atomic::AtomicUsize::new(0);
    up.reply_with("GET", "/it", move |_| {
        let n = so_far.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
        let reply = Reply::json(json!({ "n": n }));
        if n == 1 { reply } else { reply.when(&held) }
    });
    let gateway = Gateway::config().workers(4).upstream("up", &up);
    let gateway = gateway.route("x.toml", &route(r#"{ ttl = "10s", stale = "1m" }"#)).start().await;
    assert_eq!(ask(&gateway).await, is("miss", 1));
    let hit = p99(&gateway, "hit").await;
    gateway.advance(10);
    // The gate is closed: whoever waited for the upstream would wait for ever.
    let stale = p99(&gateway, "stale").await;
    up.wait_for(2).await;
    assert_eq!(up.total(), 2);
    assert!(stale < 3 * hit + Duration::from_millis(50), "p99 {stale:?}, of a hit {hit:?}");
    gate.open();
    refreshed(&gateway, 2).await;
    assert_eq!((ask(&gateway).await, up.total()), (is("hit", 2), 2));
}

#[tokio::test]
async fn after_its_stale_time_an_answer_is_waited_for() {
    let up = counting().await;
    let gateway = with(&up, &route(r#"{ ttl = "10s", stale = "1m" }"#)).await;
    assert_eq!(ask(&gateway).await, is("miss", 1));
    gateway.advance(70);
    assert_eq!(ask(&gateway).await, is("miss", 2));
}

#[tokio::test]
async fn a_refresh_that_fails_is_not_tried_by_every_request() {
    let up = counting().await;
    let gateway = with(&up, &route(r#"{ ttl = "10s", stale = "1h" }"#)).await;
    assert_eq!(ask(&gateway).await, is("miss", 1));
    gateway.advance(10);
    up.on("GET", "/it", Reply::status(500));
    assert_eq!(ask(&gateway).await, is("stale", 1));
    up.wait_for(2).await;
    // That it has failed is known a moment later; a few may still try.
    for _ in 0..50 {
        assert_eq!(ask(&gateway).await, is("stale", 1));
    }
    let tried = up.total();
    assert!(tried < 10, "{tried}");
    for _ in 0..50 {
        assert_eq!(ask(&gateway).await, is("stale", 1));
    }
    assert_eq!(up.total(), tried);
    gateway.advance(60);
    count(&up, "/it", |reply| reply);
    assert_eq!(ask(&gateway).await, is("stale", 1));
    up.wait_for(tried + 1).await;
    while ask(&gateway).await.0 == "stale" {
        tokio::task::yield_now().await;
    }
    assert_eq!(up.total(), tried + 1);
}

#[tokio::test]
async fn every_kind_of_error_is_excused_by_what_was_there() {
    let whole = || Reply::json(json!({"n": 9}));
    for (what, reply, is_excused) in [
        ("500", whole().with_status(500), true),
        ("503", whole().with_status(503), true),
        ("429", whole().with_status(429), true),
        ("a connection that ends", Reply::close(), true),
        ("a reset", Reply::reset(), true),
        ("no HTTP", Reply::raw("nonsense", Then::Close), true),
        ("half a body", whole().truncated(), true),
        ("no JSON", Reply::text("{"), true),
        ("too much", Reply::json("x".repeat(3000)), true),
        ("no answer in time", Reply::hang(), true),
        ("404", Reply::status(404), false),
        ("410", Reply::status(410), false),
        ("403", Reply::status(403), false),
        ("409", Reply::status(409), false),
    ] {
        let up = counting().await;
        let more = "max_response = \"2KiB\"\ntimeout = \"300ms\"\n";
        let gateway = with(&up, &(route(r#"{ ttl = "10s", stale_if_error = "1h" }"#) + more)).await;
        assert_eq!(ask(&gateway).await, is("miss", 1));
        up.on("GET", "/it", reply);
        gateway.advance(10);
        let reply = gateway.get("/x").await;
        if is_excused {
            assert_eq!(said(&reply), is("stale", 1), "{what}: {reply:?}");
            let asked = up.total();
            assert_eq!((ask(&gateway).await, up.total()), (is("stale", 1), asked), "{what} rests");
            gateway.advance(3600);
            assert!(gateway.get("/x").await.status >= 500, "{what} after an hour");
        } else {
            assert!(reply.status >= 400, "{what}: {reply:?}");
            // Such an answer ends the entry: an error after it has no excuse.
            up.on("GET", "/it", whole().with_status(500));
            assert!(gateway.get("/x").await.status >= 400, "{what}");
        }
    }
}

#[tokio::test]
async fn an_upstream_that_is_away_is_excused_until_it_is_back() {
    let up = counting().await;
    let address = up.address();
    let gateway = with(&up, &route(r#"{ ttl = "10s", stale_if_error = "1h" }"#)).await;
    assert_eq!(ask(&gateway).await, is("miss", 1));
    drop(up);
    gateway.advance(10);
    assert_eq!(ask(&gateway).await, is("stale", 1));
    let up = Upstream::start_at(address).await.expect("the address");
    up.on("GET", "/it", Reply::json(json!({"n": 7})));
    gateway.advance(2);
    assert_eq!(ask(&gateway).await, is("miss", 7));
}

#[tokio::test]
async fn who_waits_for_another_is_excused_when_its_own_time_is_over() {
    let of_reply = "session = \"none\"\ndeadline = \"DEADLINE\"\n[get.calls.it]\nupstream = \"up\"\n\
                    path = \"/it\"\ntimeout = \"30s\"\n";
    let cache = r#"cache = { ttl = "10s", stale_if_error = "1h", scope = "shared" }"#;
    let of_call = format!("{of_reply}{cache}\n")
        .replace("DEADLINE", "30s")
        .replace("timeout = \"30s\"", "timeout = \"TIMEOUT\"");
    for (text, is_reply) in
        [(format!("{of_reply}[get.response]\n{cache}\n"), true), (of_call, false)]
    {
        let (up, gate) = (Upstream::start().await, Gate::new());
        gate.open();
        let held = gate.clone();
        count(&up, "/it", move |reply| reply.when(&held));
        let config = Gateway::config().upstream_with("up", &up, "timeout = \"30s\"");
        // Of one route all have the same patience; whoever comes later has more of it left.
        let config = match is_reply {
            true => config.route("x.toml", &text.replace("DEADLINE", "1s")),
            false => {
                let text = |own: &str| text.replace("TIMEOUT", own);
                config.route("long.toml", &text("30s")).route("x.toml", &text("300ms"))
            }
        };
        let gateway = config.start().await;
        assert_eq!(ask(&gateway).await, is("miss", 1));
        gate.close();
        gateway.advance(10);
        let leader = gateway.get(if is_reply { "/x" } else { "/long" }).sent();
        up.wait_for(2).await;
        assert_eq!(ask(&gateway).await, is("stale", 1));
        assert_eq!(up.total(), 2, "it has waited for the one that was under way");
        gate.open();
        leader.await.assert_status(200);
    }
}
