//! `ttl = "upstream"`: what an upstream lets be kept (RFC 9111).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use frontdesk::clock::{Clock as _, SystemClock};
use httpdate::fmt_http_date;

use super::*;

fn now() -> SystemTime {
    UNIX_EPOCH + SystemClock.now()
}

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
        // More than a number can be is very long (RFC 9111 §1.2.2), and nothing is kept for more than a year.
        ("session", "max-age=18446744073709551616", 30_000_000, "hit"),
        ("session", "max-age=99999999999999999999999", 31_536_001, "stale"),
        ("shared", "s-maxage=\"99999999999999999999999\"", 30_000_000, "hit"),
        ("session", "max-age=60, x=\u{e9}", 59, "hit"),
        ("session", "no-store, x=\u{e9}", 0, "bypass"),
        ("shared", "x=\u{e9}, private, max-age=60", 0, "bypass"),
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
    let now = now();
    let (date, expires) = (fmt_http_date(now), fmt_http_date(now + Duration::from_secs(60)));
    let (date, expires) = (("date", date.as_str()), ("expires", expires.as_str()));
    assert_eq!(later("session", &[date, expires], 50).await, "hit");
    assert_eq!(later("session", &[date, expires], 61).await, "stale");
    assert_ne!(later("session", &[date, ("expires", "0")], 0).await, "hit");
    let both = [date, expires, ("cache-control", "max-age=10")];
    assert_eq!(later("session", &both, 11).await, "stale", "`max-age` wins over `expires`");
    let aged = [("cache-control", "max-age=60"), ("age", "50")];
    assert_eq!(later("session", &aged, 9).await, "hit");
    assert_eq!(later("session", &aged, 11).await, "stale");
    let over = [("cache-control", "max-age=60"), ("age", "70")];
    assert_ne!(later("session", &over, 0).await, "hit");
    let endless = [("cache-control", "max-age=60"), ("age", "99999999999999999999999")];
    assert_ne!(later("session", &endless, 0).await, "hit", "an `age` that is no number any more");
}

#[tokio::test]
async fn a_date_of_long_ago_is_an_age() {
    let ago = |seconds| fmt_http_date(now() - Duration::from_secs(seconds));
    let (recent, old, long) = (ago(20), ago(70), ago(365 * 24 * 60 * 60));
    let with = |date| [("date", date), ("cache-control", "max-age=60")];
    assert_eq!(later("session", &with(recent.as_str()), 30).await, "hit");
    assert_eq!(later("session", &with(recent.as_str()), 45).await, "stale");
    assert_ne!(later("session", &with(old.as_str()), 0).await, "hit");
    assert_ne!(later("session", &with(long.as_str()), 0).await, "hit");
    let future = fmt_http_date(now() + Duration::from_secs(1000));
    assert_eq!(later("session", &with(future.as_str()), 59).await, "hit");
    assert_eq!(later("session", &with(future.as_str()), 61).await, "stale");
}

#[tokio::test]
async fn the_age_that_is_told_counts_what_the_upstream_has_told() {
    let of_call = |ttl: &str| route(&format!(r#"{{ ttl = "{ttl}", scope = "shared" }}"#));
    let of_reply = |ttl: &str| {
        let cache = format!(r#"{{ ttl = "{ttl}", scope = "shared" }}"#);
        let call = "session = \"none\"\n[get.calls.it]\nupstream = \"up\"\npath = \"/it\"\n";
        format!("{call}[get.response]\ncache = {cache}\n")
    };
    for (text, least) in [
        (of_call("upstream"), 60),
        (of_reply("upstream"), 60),
        (of_call("100s"), 10),
        (of_reply("100s"), 10),
    ] {
        let up = Upstream::start().await;
        count(&up, "/it", |reply| reply.header("cache-control", "max-age=100").header("age", "50"));
        let gateway = with(&up, &text).await;
        gateway.get("/x").await.assert_header("frontdesk-cache", "miss").assert_no_header("age");
        gateway.advance(10);
        let hit = gateway.get("/x").await;
        hit.assert_header("frontdesk-cache", "hit");
        let age: u64 = hit.header("age").and_then(|age| age.parse().ok()).expect("an age");
        assert!((least..least + 5).contains(&age), "{age}: {text}");
    }
}

#[tokio::test]
async fn a_reply_is_told_to_be_good_for_a_year_at_most() {
    let up = Upstream::start().await;
    count(&up, "/it", |reply| reply.header("cache-control", "max-age=99999999999999999999999"));
    let gateway = with(
        &up,
        &("session = \"none\"\n[get.calls.it]\nupstream = \"up\"\npath = \"/it\"\n[get.response]\n"
            .to_owned() + "cache = { ttl = \"upstream\", scope = \"shared\" }\n"),
    )
    .await;
    let reply = gateway.get("/x").await;
    reply.assert_header("frontdesk-cache", "miss");
    let control = reply.header("cache-control").expect("a header");
    let rest = control.strip_prefix("public, max-age=").and_then(|rest| rest.parse::<u64>().ok());
    assert!(rest.is_some_and(|rest| (31_535_990..=31_536_000).contains(&rest)), "{control}");
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
