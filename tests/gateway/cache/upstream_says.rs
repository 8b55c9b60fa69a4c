//! `ttl = "upstream"`: what an upstream lets be kept (RFC 9111).

use super::*;

/// How the second request is served where the first answer had these headers, so many seconds later.
async fn later(scope: &str, headers: &[(&str, &str)], seconds: u64) -> String {
    let up = Upstream::start().await;
    let headers: Vec<_> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    count(&up, "/it", move |reply| {
        headers.iter().fold(reply, |reply, (name, value)| reply.header(name, value))
    });
    let cache = format!(
        r#"{{ ttl = "upstream", stale = "1m", stale_if_error = "1h", scope = "{scope}" }}"#
    );
    let gateway = with(&up, &route(&cache)).await;
    gateway.get("/x").await.assert_status(200);
    gateway.advance(seconds);
    said(&gateway.get("/x").await).0
}

#[tokio::test]
async fn an_answer_is_good_for_as_long_as_its_headers_say() {
    for (scope, value, seconds, how) in [
        ("session", "max-age=60", 59, "hit"),
        ("session", "max-age=60", 61, "stale"),
        ("session", "max-age=60", 121, "miss"),
        ("session", "Max-Age=60", 59, "hit"),
        ("session", "max-age=\"60\"", 59, "hit"),
        ("session", "max-age=60, s-maxage=10", 30, "hit"),
        ("shared", "max-age=60, s-maxage=10", 30, "stale"),
        ("shared", "max-age=10, s-maxage=60", 30, "hit"),
        ("session", "private, max-age=60", 59, "hit"),
        ("shared", "private, max-age=60", 0, "bypass"),
        ("shared", "PRIVATE, max-age=60", 0, "bypass"),
        ("session", "no-store, max-age=60", 0, "bypass"),
        ("session", "No-Store", 0, "bypass"),
        ("shared", "no-store", 0, "bypass"),
        ("session", "max-age=60, must-revalidate", 59, "hit"),
        ("session", "max-age=60, must-revalidate", 61, "miss"),
        ("shared", "max-age=60, Must-Revalidate", 61, "miss"),
        ("session", "max-age=60, proxy-revalidate", 61, "stale"),
        ("session", "no-cache, max-age=60", 0, "miss"),
        ("session", "max-age=0", 0, "miss"),
        ("session", "max-age=-5", 0, "miss"),
        ("session", "max-age=x", 0, "miss"),
        ("session", "public", 0, "miss"),
    ] {
        let said = later(scope, &[("cache-control", value)], seconds).await;
        let is_as_said = said == how || (how == "miss" && said == "bypass");
        assert!(is_as_said, "{scope}, {value}, after {seconds} s: {said} and not {how}");
    }
}

#[tokio::test]
async fn what_says_nothing_is_not_kept() {
    assert_ne!(later("session", &[], 0).await, "hit");
    assert_ne!(
        later("shared", &[("last-modified", "Thu, 01 Jan 1970 00:00:00 GMT")], 0).await,
        "hit"
    );
    assert_ne!(later("session", &[("etag", "\"a\"")], 0).await, "hit");
}

#[tokio::test]
async fn expires_and_age_count() {
    let date = ("date", "Thu, 19 Nov 2026 10:00:00 GMT");
    let expires = ("expires", "Thu, 19 Nov 2026 10:01:00 GMT");
    assert_eq!(later("session", &[date, expires], 59).await, "hit");
    assert_eq!(later("session", &[date, expires], 61).await, "stale");
    assert_ne!(later("session", &[date, ("expires", "0")], 0).await, "hit");
    let both = [date, expires, ("cache-control", "max-age=10")];
    assert_eq!(later("session", &both, 11).await, "stale", "`max-age` wins over `expires`");
    let aged = [("cache-control", "max-age=60"), ("age", "50")];
    assert_eq!(later("session", &aged, 9).await, "hit");
    assert_eq!(later("session", &aged, 11).await, "stale");
    let over = [("cache-control", "max-age=60"), ("age", "70")];
    assert_ne!(later("session", &over, 0).await, "hit");
}

#[tokio::test]
async fn what_may_not_be_served_stale_is_not_excused_either() {
    let up = Upstream::start().await;
    let reply = Reply::json(json!({"n": 1}));
    up.on("GET", "/it", Reply::status(500));
    up.once("GET", "/it", reply.header("cache-control", "max-age=60, must-revalidate"));
    let gateway = with(&up, &route(r#"{ ttl = "upstream", stale_if_error = "1h" }"#)).await;
    assert_eq!(ask(&gateway).await, is("miss", 1));
    gateway.advance(61);
    gateway.get("/x").await.assert_error(502, "UPSTREAM_ERROR");
}

#[tokio::test]
async fn what_the_upstream_lets_nobody_share_is_not_handed_to_who_waits_for_it() {
    let up = Upstream::start().await;
    let gate = Gate::new();
    let held = gate.clone();
    count(&up, "/it", move |reply| {
        reply.header("cache-control", "private, max-age=60").when(&held)
    });
    let gateway = with(&up, &route(r#"{ ttl = "upstream", scope = "shared" }"#)).await;
    let (first, second) = (gateway.get("/x").sent(), gateway.get("/x").sent());
    up.wait_for(1).await;
    gate.open();
    let (first, second) = (said(&first.await).1, said(&second.await).1);
    assert_ne!(first, second);
}
