//! A whole request without a server: its first line is the target, then come headers, an empty line and the body. What
//! programs see of it is what other parsers see, and nothing a client sends is an error of ours.

#![no_main]

use std::future::{Future, ready};
use std::path::Path;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use frontdesk::clock::SystemClock;
use frontdesk::compile;
use frontdesk::pipeline::{self, Body, BodyError, Gateway, Head, Ongoing, Payload, Request, State};
use frontdesk::token::Http;
use frontdesk::telemetry::Trace;
use frontdesk::value::{DuplicateKeys, Limits, MAX_DEPTH, Value, parse};
use fuzz::{FOLDER, Memory, first_line, wait};
use http::{Method, Uri};
use libfuzzer_sys::fuzz_target;
use percent_encoding::percent_decode_str;
use url::form_urlencoded;

const CONFIG: &str = r#"
=== routes/[[...path]].toml
session = "none"
[post.input.query]
q = { type = "string" }
tags = { type = "array" }
n = { type = "integer", minimum = -5 }
word = { pattern = "^[a-z]+$", default = "x" }
[post.input.cookies]
c = { type = "string" }
[post.input.headers]
x-text = { type = "string" }
[post.input.body]
properties.name = { type = "string" }
properties.items = { type = "array", items = { type = "object", properties.n = { type = "number" } } }
[post.response]
shape = '{path: $params.path, query: $query, cookies: $cookies, headers: $headers, body: $body}'
"#;

fuzz_target!(|input: &str| {
    let (head, body) = input.split_once("\n\n").unwrap_or((input, ""));
    let (target, headers) = first_line(head);
    let Ok(uri) = target.parse::<Uri>() else { return };
    let headers = headers.lines().filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
    let sent = Rc::new(Sent { uri, headers: headers.collect() });
    let reply = wait(pipeline::run(gateway(), request(&sent, body)));
    assert!([200, 400, 404, 413, 415].contains(&reply.status), "{}", reply.status);
    let limits = Limits { max_depth: MAX_DEPTH, duplicate_keys: DuplicateKeys::Refuse };
    let reply_body = parse(&reply.body, &limits).expect("the reply is JSON");
    if reply.status == 200 {
        let data = reply_body.get("data").expect("data");
        path_is(&sent, data.get("path"));
        query_is(&sent, data.get("query").expect("query"));
        if let Some(cookie) = data.get("cookies").and_then(|it| it.get("c")?.as_str()) {
            assert!(!cookie.contains(';'), "{cookie}");
        }
    }
});

fn path_is(sent: &Sent, path: Option<&Value>) {
    let seen = path.and_then(Value::as_array).expect("segments");
    let seen: Vec<_> = seen.iter().filter_map(Value::as_str).collect();
    let raw = sent.path()[1..].split('/').filter(|_| sent.path() != "/");
    let decoded: Vec<_> = raw.map(|it| percent_decode_str(it).decode_utf8_lossy()).collect();
    assert_eq!(seen, decoded);
    for segment in seen {
        assert!(!["", ".", ".."].contains(&segment), "{segment}");
        assert!(!segment.contains(['/', '\\']) && !segment.contains(char::is_control), "{segment}");
    }
}

fn query_is(sent: &Sent, query: &Value) {
    let pairs: Vec<_> = form_urlencoded::parse(sent.query().as_bytes()).collect();
    let of =
        |name: &str| pairs.iter().filter(|pair| pair.0 == *name).map(|pair| &*pair.1).collect();
    let (q, tags): (Vec<_>, Vec<_>) = (of("q"), of("tags"));
    assert!(q.len() < 2);
    assert_eq!(query.get("q").and_then(Value::as_str), q.first().copied());
    let seen = query.get("tags").and_then(Value::as_array).unwrap_or_default();
    let seen: Vec<_> = seen.iter().filter_map(Value::as_str).collect();
    assert_eq!(seen, tags);
}

fn gateway() -> Rc<Gateway> {
    thread_local! {
        static GATEWAY: Rc<Gateway> = start();
    }
    GATEWAY.with(Rc::clone)
}

fn start() -> Rc<Gateway> {
    let files = Memory::split(CONFIG);
    let (sources, plan) = compile::load(Path::new(FOLDER), &files, &files);
    let plan = plan.unwrap_or_else(|mistakes| panic!("{}", sources.render(&mistakes, false)));
    let state = State::new(plan, Arc::new(SystemClock), Arc::new(Http::new())).expect("a state");
    Rc::new(Gateway::new(Arc::new(state)).expect("a gateway"))
}

fn request(sent: &Rc<Sent>, body: &str) -> Request {
    Request {
        method: Method::POST,
        head: Rc::clone(sent) as Rc<dyn Head>,
        body: Body::new(Whole(Bytes::from(body.to_owned()))),
        id: "id".into(),
        trace: Trace::start(sent.header("traceparent").first().and_then(text), &[7; 16]),
        client: None,
        started: wait(async { tokio::time::Instant::now() }),
        ongoing: Ongoing::new(()),
    }
}

fn text<'a>(bytes: &&'a [u8]) -> Option<&'a str> {
    std::str::from_utf8(bytes).ok()
}

/// A head as it was sent.
struct Sent {
    uri: Uri,
    headers: Vec<(String, String)>,
}

impl Head for Sent {
    fn path(&self) -> &str {
        self.uri.path()
    }

    fn query(&self) -> &str {
        self.uri.query().unwrap_or_default()
    }

    fn host(&self) -> &str {
        "gateway"
    }

    fn header(&self, name: &str) -> Vec<&[u8]> {
        let all = self.headers.iter().filter(|header| header.0 == name);
        all.map(|header| header.1.as_bytes()).collect()
    }
}

/// A body that is all there.
struct Whole(Bytes);

impl Payload for Whole {
    fn read(&mut self, max: usize) -> Pin<Box<dyn Future<Output = Result<Bytes, BodyError>> + '_>> {
        let whole = self.0.clone();
        Box::pin(ready(if whole.len() > max { Err(BodyError::TooLarge) } else { Ok(whole) }))
    }
}
