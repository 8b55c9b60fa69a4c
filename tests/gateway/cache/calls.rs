//! Which answers are kept, and how long.

use futures_util::future::join_all;

use super::*;

#[tokio::test]
async fn an_answer_is_asked_for_once_in_its_time() {
    let up = counting().await;
    let gateway = with(&up, &route(r#"{ ttl = "30s" }"#)).await;
    assert_eq!(ask(&gateway).await, is("miss", 1));
    assert_eq!(ask(&gateway).await, is("hit", 1));
    gateway.advance(29);
    assert_eq!(ask(&gateway).await, is("hit", 1));
    gateway.advance(1);
    assert_eq!(ask(&gateway).await, is("miss", 2));
    assert_eq!(ask(&gateway).await, is("hit", 2));
    assert_eq!(up.total(), 2);
}

#[tokio::test]
async fn an_endpoint_without_a_cache_says_nothing_of_one() {
    let up = counting().await;
    let gateway = serving(&up, r#"get.calls.it = { upstream = "up", path = "/it" }"#).await;
    assert_eq!(ask(&gateway).await, is("none", 1));
    assert_eq!(ask(&gateway).await, is("none", 2));
}

#[tokio::test]
async fn a_hit_has_status_and_headers_as_the_answer_had() {
    let up = Upstream::start().await;
    up.on("GET", "/it", Reply::json(json!([1, 2])).with_status(203).header("x-page", "7"));
    let shape = "response.shape = '[$it, $calls.it.status, $calls.it.headers.\"x-page\"]'";
    let gateway = with(&up, &format!("{}[get]\n{shape}\n", route(r#"{ ttl = "30s" }"#))).await;
    for how in ["miss", "hit", "hit"] {
        let reply = gateway.get("/x").await;
        reply.assert_data(200, json!([[1, 2], 203, "7"])).assert_header("frontdesk-cache", how);
    }
    assert_eq!(up.total(), 1);
}

#[tokio::test]
async fn text_and_nothing_are_kept_too_and_each_as_what_it_is() {
    let up = Upstream::start().await;
    up.on("GET", "/it", Reply::text("\"text\""));
    up.on("GET", "/none", Reply::status(204));
    let call = |name: &str, path: &str, expect: &str| {
        format!(
            "[get.calls.{name}]\nupstream = \"up\"\npath = \"{path}\"\nexpect = \"{expect}\"\n\
             cache = {{ ttl = \"30s\" }}\n"
        )
    };
    let calls = [
        call("json", "/it", "json"),
        call("text", "/it", "text"),
        call("none", "/it", "none"),
        call("empty", "/none", "json"),
    ];
    let gateway = with(&up, &format!("session = \"none\"\n{}", calls.concat())).await;
    for _ in 0..2 {
        let all = json!({"json": "text", "text": "\"text\"", "none": null, "empty": null});
        gateway.get("/x").await.assert_data(200, all);
    }
    // As text and as nothing it is asked for alike.
    assert_eq!((up.count("GET /it"), up.count("GET /none")), (2, 1));
    gateway.get("/x").await.assert_header("frontdesk-cache", "hit");
}

/// What the second of two requests is: `hit` where the first answer was kept.
async fn second(reply: Reply, cache: &str, more: &str) -> String {
    let up = Upstream::start().await;
    up.on("GET", "/it", reply);
    let gateway = with(&up, &format!("{}{more}\n", route(cache))).await;
    gateway.get("/x").await;
    let how = said_how(&gateway.get("/x").await);
    assert_eq!(how == "hit", up.total() == 1, "{how} after {} requests", up.total());
    how
}

fn said_how(reply: &Answer) -> String {
    reply.header("frontdesk-cache").unwrap_or("none").to_owned()
}

#[tokio::test]
async fn only_successes_are_kept_and_404_and_410_where_asked_for() {
    let plain = r#"{ ttl = "30s" }"#;
    let negative = r#"{ ttl = "30s", negative_ttl = "10s" }"#;
    for (status, cache, kept) in [
        (200, plain, true),
        (201, plain, true),
        (206, plain, false),
        (301, plain, false),
        (404, plain, false),
        (404, negative, true),
        (410, negative, true),
        (409, negative, false),
        (400, negative, false),
        (401, negative, false),
        (403, negative, false),
        (429, negative, false),
        (500, negative, false),
        (503, negative, false),
    ] {
        let reply = Reply::json(json!({"n": 1})).with_status(status);
        let up = Upstream::start().await;
        up.on("GET", "/it", reply);
        let gateway = with(&up, &route(cache)).await;
        let first = gateway.get("/x").await;
        let second = gateway.get("/x").await;
        assert_eq!(first.status, second.status, "{status}");
        assert_eq!(up.total(), if kept { 1 } else { 2 }, "{status} {cache}");
        let how = if kept { ("miss", "hit") } else { ("bypass", "bypass") };
        assert_eq!((&*said_how(&first), &*said_how(&second)), how, "{status} {cache}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_asked_for_again_after_its_own_time() {
    let up = Upstream::start().await;
    up.on("GET", "/it", Reply::status(404));
    let cache = r#"{ ttl = "1h", stale = "1h", stale_if_error = "1h", negative_ttl = "10s" }"#;
    let gateway = with(&up, &route(cache)).await;
    for _ in 0..3 {
        gateway.get("/x").await.assert_error(404, "NOT_FOUND");
    }
    assert_eq!(up.total(), 1);
    gateway.advance(10);
    gateway.get("/x").await.assert_error(404, "NOT_FOUND");
    assert_eq!(up.total(), 2, "what is not there is never stale");
    up.on("GET", "/it", Reply::json(json!({"n": 1})));
    gateway.advance(10);
    assert_eq!(ask(&gateway).await, is("miss", 1));
}

#[tokio::test]
async fn a_fault_is_from_the_cache_only_where_it_is_what_a_kept_answer_says() {
    let up = counting().await;
    let text = route(r#"{ ttl = "1h", negative_ttl = "10s" }"#)
        + "[get.calls.other]\nupstream = \"up\"\npath = \"/other\"\nneeds = [\"it\"]\n";
    let gateway = with(&up, &text).await;
    up.on("GET", "/other", Reply::status(404));
    for _ in 0..2 {
        let reply = gateway.get("/x").await;
        reply.assert_error(404, "NOT_FOUND").assert_header("frontdesk-cache", "bypass");
        reply.assert_no_header("age");
    }
    gateway.advance(3600);
    up.on("GET", "/it", Reply::status(410));
    let first = gateway.get("/x").await;
    first.assert_status(410).assert_header("frontdesk-cache", "miss").assert_no_header("age");
    gateway.advance(7);
    let second = gateway.get("/x").await;
    second.assert_status(410).assert_header("frontdesk-cache", "hit");
    second.assert_header("age", "7").assert_header("cache-control", "no-store");
}

#[tokio::test]
async fn a_404_that_means_null_is_kept_as_one() {
    let up = Upstream::start().await;
    up.on("GET", "/it", Reply::status(404));
    let text =
        route(r#"{ ttl = "1h", negative_ttl = "10s" }"#) + "on_status = { 404 = \"null\" }\n";
    let gateway = with(&up, &text).await;
    for how in ["miss", "hit"] {
        let reply = gateway.get("/x").await;
        reply.assert_data(200, Value::Null).assert_header("frontdesk-cache", how);
    }
    assert_eq!(up.total(), 1);
}

#[tokio::test]
async fn what_on_status_calls_a_failure_is_not_kept() {
    let reply = || Reply::json(json!({"n": 1})).with_status(202);
    let cache = r#"{ ttl = "30s" }"#;
    assert_eq!(second(reply(), cache, "").await, "hit");
    assert_eq!(second(reply(), cache, "on_status = { 202 = \"fail\" }").await, "bypass");
    let fault = r#"on_status = { 202 = { status = 409, code = "LATER" } }"#;
    assert_eq!(second(reply(), cache, fault).await, "bypass");
    assert_eq!(second(reply(), cache, "on_status = { 202 = { value = { n = 3 } } }").await, "hit");
}

#[tokio::test]
async fn a_written_ttl_wins_over_what_the_upstream_says_and_not_over_cookies() {
    let reply = |name: &str, value: &str| Reply::json(json!({"n": 1})).header(name, value);
    for cache in [r#"{ ttl = "30s" }"#, r#"{ ttl = "30s", scope = "shared" }"#] {
        for (name, value, how) in [
            ("cache-control", "no-store", "hit"),
            ("cache-control", "private, max-age=0", "hit"),
            ("expires", "0", "hit"),
            ("vary", "accept, x-tenant", "hit"),
            ("vary", "authorization", "hit"),
            ("vary", "accept, *", "bypass"),
            ("vary", "X-Request-Id", "bypass"),
            ("vary", "traceparent", "bypass"),
            ("set-cookie", "a=1", "bypass"),
        ] {
            assert_eq!(second(reply(name, value), cache, "").await, how, "{cache} {name}: {value}");
        }
    }
}

#[tokio::test]
async fn k9_an_error_or_a_part_of_an_answer_is_never_stored_as_an_answer() {
    let whole = || Reply::json(json!({"n": 1}));
    let broken = [
        whole().with_status(500),
        whole().with_status(502),
        whole().with_status(429),
        whole().with_status(206),
        whole().truncated(),
        Reply::text("{\"n\": 1"),
        Reply::text(""),
        Reply::close(),
        Reply::reset(),
        Reply::raw("nonsense", Then::Close),
        Reply::json("x".repeat(3000)),
    ];
    for (nth, reply) in broken.into_iter().enumerate() {
        let up = counting().await;
        up.on("GET", "/it", reply);
        let text = route(r#"{ ttl = "1h", negative_ttl = "1h" }"#) + "max_response = \"2KiB\"\n";
        let gateway = with(&up, &text).await;
        let first = gateway.get("/x").await;
        assert!(first.status == 206 || first.status >= 500 || nth == 3, "{nth}: {first:?}");
        count(&up, "/it", |reply| reply);
        assert_eq!(ask(&gateway).await, is("miss", 1), "{nth}");
        assert_eq!(ask(&gateway).await, is("hit", 1), "{nth}");
    }
}

#[tokio::test]
async fn items_are_kept_one_by_one_and_shared_by_all_who_ask_for_them() {
    let up = Upstream::start().await;
    up.reply_with("GET", "/i/{any}", |request| Reply::json(request.path()));
    let text = r#"
        session = "none"
        input.query.ids = { type = "array", items = { type = "string" } }
        [get.calls.it]
        upstream = "up"
        each = '$query.ids'
        path = "/i/{$item}"
        cache = { ttl = "30s", tags = ["i:{$item}"] }
    "#;
    let gateway = with(&up, text).await;
    let first = gateway.get("/x?ids=1&ids=2&ids=1").await;
    first
        .assert_data(200, json!(["/i/1", "/i/2", "/i/1"]))
        .assert_header("frontdesk-cache", "miss");
    assert_eq!(up.total(), 2);
    let second = gateway.get("/x?ids=2&ids=3").await;
    second.assert_data(200, json!(["/i/2", "/i/3"])).assert_header("frontdesk-cache", "miss");
    assert_eq!(up.total(), 3);
    let third = gateway.get("/x?ids=3&ids=1&ids=2").await;
    third.assert_data(200, json!(["/i/3", "/i/1", "/i/2"])).assert_header("frontdesk-cache", "hit");
    assert_eq!(up.total(), 3);
}

#[tokio::test]
async fn a_reply_is_as_good_as_the_worst_of_its_calls() {
    let up = counting().await;
    let call = |name: &str, ttl: u32| {
        format!(
            "[get.calls.{name}]\nupstream = \"up\"\npath = \"/{name}\"\n\
             cache = {{ ttl = \"{ttl}s\", stale = \"10s\" }}\n"
        )
    };
    let text = format!("session = \"none\"\n{}{}", call("a", 10), call("b", 100));
    let gateway = with(&up, &text).await;
    let how = async || said_how(&gateway.get("/x").await);
    assert_eq!((how().await, how().await), ("miss".to_owned(), "hit".to_owned()));
    gateway.advance(15);
    assert_eq!(how().await, "stale");
    // Once the refresh behind has ended.
    while how().await != "hit" {
        tokio::task::yield_now().await;
    }
    gateway.advance(90);
    assert_eq!(how().await, "miss");
}

#[tokio::test]
async fn a_post_that_reads_is_kept_by_its_body() {
    let up = counting().await;
    let text = r#"
        session = "none"
        input.query.q = { type = "string" }
        [get.calls.it]
        upstream = "up"
        method = "POST"
        reads = true
        path = "/search"
        json = '{q: $query.q}'
        cache = { ttl = "30s" }
    "#;
    let gateway = with(&up, text).await;
    let ask = async |q: &str| said(&gateway.get(&format!("/x?q={q}")).await);
    assert_eq!(ask("a").await, is("miss", 1));
    assert_eq!(ask("b").await, is("miss", 2));
    assert_eq!(ask("a").await, is("hit", 1));
    assert_eq!(ask("b").await, is("hit", 2));
}

#[tokio::test]
async fn a_thousand_keys_are_a_thousand_answers() {
    let up = Upstream::start().await;
    up.reply_with("GET", "/i/{any}", |request| Reply::json(request.path()));
    let text = r#"
        session = "none"
        get.calls.it = { upstream = "up", path = "/i/{$query.id}", cache = { ttl = "30s" } }
        input.query.id = { type = "integer" }
    "#;
    let gateway = with(&up, text).await;
    for round in 0..2 {
        for from in (0..1000).step_by(100) {
            let asked =
                (from..from + 100).map(async |id| (id, gateway.get(&format!("/x?id={id}")).await));
            for (id, reply) in join_all(asked).await {
                reply.assert_data(200, json!(format!("/i/{id}")));
            }
        }
        assert_eq!(up.total(), 1000, "{round}");
    }
}
