//! What lines look like, and what cannot get into them.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use tracing_subscriber::layer::SubscriberExt;

use super::line::Line;
use super::{Access, access};

#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is logged, without the time at the start.
fn logged(json: bool, act: impl FnOnce()) -> String {
    let memory = Memory::default();
    let output = memory.clone();
    let line = Line { json, colours: false };
    let subscriber = tracing_subscriber::registry().with(line.layer(move || output.clone()));
    tracing::subscriber::with_default(subscriber, act);
    let text = String::from_utf8(memory.0.lock().unwrap().clone()).unwrap();
    let strip = |line: &str| match json {
        true => format!("{{{}", line.split_once("Z\",").unwrap().1),
        false => line.split_once(' ').unwrap().1.trim_start().to_owned(),
    };
    text.lines().map(strip).collect::<Vec<_>>().join("\n")
}

fn example() -> Access<'static> {
    Access {
        method: "GET",
        route: Some("/api/v1/users/{id}"),
        path: "/api/v1/users/7",
        status: 200,
        duration: Duration::from_micros(12_345),
        request_id: "0192-abc",
        bytes: Some(812),
        partial: None,
        code: None,
        cause: None,
    }
}

#[test]
fn an_access_line_is_flat_json() {
    let faulty = Access {
        status: 502,
        bytes: None,
        partial: Some("stats,team"),
        code: Some("UPSTREAM_ERROR"),
        cause: Some("call `user`: \"connection refused\""),
        ..example()
    };
    let text = logged(true, || {
        access(&example());
        access(&faulty);
    });
    insta::assert_snapshot!(text, @r#"
    {"level":"INFO","target":"frontdesk::access","method":"GET","route":"/api/v1/users/{id}","path":"/api/v1/users/7","status":200,"duration_ms":12.345,"request_id":"0192-abc","bytes":812}
    {"level":"WARN","target":"frontdesk::access","method":"GET","route":"/api/v1/users/{id}","path":"/api/v1/users/7","status":502,"duration_ms":12.345,"request_id":"0192-abc","partial":"stats,team","code":"UPSTREAM_ERROR","cause":"call `user`: \"connection refused\""}
    "#);
}

#[test]
fn an_access_line_for_people() {
    insta::assert_snapshot!(logged(false, || access(&example())), @"INFO frontdesk::access: method=GET route=/api/v1/users/{id} path=/api/v1/users/7 status=200 duration_ms=12.345 request_id=0192-abc bytes=812");
}

#[test]
fn other_lines_name_the_request_they_belong_to() {
    let act = || {
        let span = tracing::info_span!("request", request_id = "r1", route = tracing::field::Empty);
        span.record("route", "/x");
        let _inside = span.enter();
        tracing::warn!(call = "user", tries = 2, ok = false, rate = 0.5, "it {}", "failed");
        tracing::debug!(cause = ?Some("a\nb"), nan = f64::NAN);
    };
    insta::assert_snapshot!(logged(true, act), @r#"
    {"level":"WARN","target":"frontdesk::telemetry::tests","message":"it failed","call":"user","tries":2,"ok":false,"rate":0.5,"request_id":"r1","route":"/x"}
    {"level":"DEBUG","target":"frontdesk::telemetry::tests","cause":"Some(\"a\\nb\")","nan":"NaN","request_id":"r1","route":"/x"}
    "#);
    insta::assert_snapshot!(logged(false, act), @r#"
    WARN frontdesk::telemetry::tests: it failed call=user tries=2 ok=false rate=0.5 request_id=r1 route=/x
    DEBUG frontdesk::telemetry::tests: cause="Some(\"a\\nb\")" nan=NaN request_id=r1 route=/x
    "#);
}

#[test]
fn nothing_from_outside_starts_a_line_or_moves_the_cursor() {
    let evil =
        "/a\r\n2026-01-01T00:00:00Z INFO forged\x1b[2J\u{9b}2J\u{2028}\u{202e}\"},{\"x\":\"\\";
    let act = || {
        access(&Access {
            path: evil,
            method: evil,
            request_id: evil,
            cause: Some(evil),
            ..example()
        });
        tracing::info!(shown = %evil, told = ?evil, "{evil}");
    };
    for json in [true, false] {
        let text = logged(json, act);
        assert_eq!(text.lines().count(), 2, "{text}");
        let plain =
            |c: char| c == '\n' || !(c.is_control() || ('\u{2028}'..='\u{202e}').contains(&c));
        assert!(text.chars().all(plain), "{text:?}");
    }
    let line: serde_json::Value =
        serde_json::from_str(logged(true, act).lines().next().unwrap()).unwrap();
    assert_eq!(line["path"], evil);
}

#[test]
fn long_text_is_cut() {
    let long = "ü".repeat(5000);
    let text = logged(true, || access(&Access { path: &long, ..example() }));
    let line: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(line["path"].as_str().unwrap(), "ü".repeat(2048));
}

proptest! {
    #[test]
    fn any_text_is_one_line_of_valid_json(text: String) {
        let line = logged(true, || access(&Access { path: &text, ..example() }));
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        prop_assert_eq!(&read["path"], &text);
        let line = logged(false, || access(&Access { path: &text, ..example() }));
        prop_assert_eq!(line.lines().count(), 1);
    }
}
