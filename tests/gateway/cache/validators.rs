//! An answer whose time is over is asked for by its validators.

use super::*;

/// An upstream whose answers have these validators, and that knows when it is asked by one.
async fn validating(etag: Option<&'static str>, modified: Option<&'static str>) -> Upstream {
    let up = Upstream::start().await;
    up.reply_with("*", "/it", move |request| {
        let known = request.header("if-none-match") == etag && etag.is_some()
            || request.header("if-modified-since") == modified && modified.is_some();
        let reply = match known {
            true => Reply::status(304).header("x-page", "2"),
            false => Reply::json(json!({"n": 1})).header("x-page", "1"),
        };
        let reply = etag.into_iter().fold(reply, |reply, etag| reply.header("etag", etag));
        modified.into_iter().fold(reply, |reply, date| reply.header("last-modified", date))
    });
    up
}

const DATE: &str = "Thu, 19 Nov 2026 10:00:00 GMT";

#[tokio::test]
async fn a_304_makes_an_answer_good_again_with_its_headers() {
    let shape = "[get]\nresponse.shape = '{n: [$it.n, $calls.it.headers.\"x-page\"]}'\n";
    for (etag, date) in [(Some("\"a\""), None), (Some("W/\"a\""), Some(DATE)), (None, Some(DATE))] {
        let up = validating(etag, date).await;
        let gateway = with(&up, &(route(r#"{ ttl = "10s" }"#) + shape)).await;
        for (how, page) in [("miss", "1"), ("hit", "1")] {
            assert_eq!(ask(&gateway).await, (how.to_owned(), json!([1, page])));
        }
        for round in 2..5 {
            gateway.advance(10);
            for how in ["miss", "hit"] {
                assert_eq!(ask(&gateway).await, (how.to_owned(), json!([1, "2"])));
            }
            let requests = up.requests();
            assert_eq!(requests.len(), round);
            assert_eq!(requests[round - 1].header("if-none-match"), etag);
            assert_eq!(requests[round - 1].header("if-modified-since"), date);
        }
        // Not for ever.
        gateway.advance(10 + 61);
        assert_eq!(ask(&gateway).await, ("miss".to_owned(), json!([1, "1"])));
    }
}

#[tokio::test]
async fn another_answer_takes_the_place_of_the_old_one() {
    let up = Upstream::start().await;
    up.once("GET", "/it", Reply::json(json!({"n": 1})).header("etag", "\"a\""));
    up.once("GET", "/it", Reply::json(json!({"n": 2})).header("etag", "\"b\""));
    up.once("GET", "/it", Reply::status(304).header("etag", "\"b\""));
    let gateway = with(&up, &route(r#"{ ttl = "10s" }"#)).await;
    for (n, condition) in [(1, None), (2, Some("\"a\"")), (2, Some("\"b\""))] {
        assert_eq!(ask(&gateway).await, is("miss", n));
        assert_eq!(ask(&gateway).await, is("hit", n));
        assert_eq!(up.requests().last().expect("one").header("if-none-match"), condition);
        gateway.advance(10);
    }
}

#[tokio::test]
async fn a_304_about_another_answer_is_asked_for_once_more() {
    let up = Upstream::start().await;
    up.once("GET", "/it", Reply::json(json!({"n": 1})).header("etag", "\"a\""));
    up.once("GET", "/it", Reply::status(304).header("etag", "\"b\""));
    up.once("GET", "/it", Reply::json(json!({"n": 2})).header("etag", "\"b\""));
    let gateway = with(&up, &route(r#"{ ttl = "10s" }"#)).await;
    assert_eq!(ask(&gateway).await, is("miss", 1));
    gateway.advance(10);
    assert_eq!(ask(&gateway).await, is("miss", 2));
    assert_eq!(up.requests()[2].header("if-none-match"), None);
}

#[tokio::test]
async fn the_body_of_a_304_has_no_say_and_its_cookie_ends_the_keeping() {
    let up = Upstream::start().await;
    up.on("GET", "/it", Reply::status(304).header("etag", "\"a\"").header("set-cookie", "a=1"));
    up.once("GET", "/it", Reply::json(json!({"n": 1})).header("etag", "\"a\""));
    let gateway = with(&up, &route(r#"{ ttl = "10s" }"#)).await;
    assert_eq!(ask(&gateway).await, is("miss", 1));
    gateway.advance(10);
    assert_eq!(ask(&gateway).await, is("bypass", 1));
}

#[tokio::test]
async fn after_a_revalidation_nobody_asks_whether_the_old_one_is_good() {
    let up = validating(Some("\"a\""), None).await;
    up.on("POST", "/it", Reply::status(204));
    let change = "[post.calls.it]\nupstream = \"up\"\nmethod = \"POST\"\npath = \"/it\"\n\
                  [post]\nrevalidate = [\"t\"]\n";
    let text = route(r#"{ ttl = "10s", tags = ["t"] }"#) + change;
    let gateway = with(&up, &text).await;
    assert_eq!(ask(&gateway).await, is("miss", 1));
    gateway.advance(10);
    gateway.poke("/x").await.assert_status(200);
    assert_eq!(ask(&gateway).await, is("miss", 1));
    assert_eq!(up.requests()[2].header("if-none-match"), None);
}

#[tokio::test]
async fn no_cache_of_the_upstream_is_asked_for_each_time() {
    let up = Upstream::start().await;
    let reply = Reply::json(json!({"n": 1})).header("etag", "\"a\"");
    up.on("GET", "/it", Reply::status(304).header("etag", "\"a\""));
    up.once("GET", "/it", reply.header("cache-control", "no-cache"));
    let gateway = with(&up, &route(r#"{ ttl = "upstream", stale = "1h" }"#)).await;
    for asked in 1..4 {
        assert_eq!((ask(&gateway).await, up.total()), (is("miss", 1), asked));
    }
    assert_eq!(up.requests()[2].header("if-none-match"), Some("\"a\""));
}

#[tokio::test]
async fn how_old_an_answer_was_is_not_how_old_it_is_once_it_is_good_again() {
    let up = Upstream::start().await;
    let aged = |reply: Reply| reply.header("etag", "\"a\"").header("cache-control", "max-age=60");
    up.on("GET", "/it", aged(Reply::status(304)));
    up.once("GET", "/it", aged(Reply::json(json!({"n": 1}))).header("age", "50"));
    let gateway = with(&up, &route(r#"{ ttl = "upstream" }"#)).await;
    assert_eq!(ask(&gateway).await, is("miss", 1));
    gateway.advance(11);
    assert_eq!(ask(&gateway).await, is("miss", 1));
    gateway.advance(55);
    assert_eq!((ask(&gateway).await, up.total()), (is("hit", 1), 2));
}
