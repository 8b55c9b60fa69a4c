//! What passes is read by actix-http as it is read here.

use actix_http::h1::{Codec, Message, MessageType};
use actix_http::{HttpMessage, Request, ServiceConfig};
use bytes::BytesMut;
use proptest::prelude::*;
use tokio::task::LocalSet;
use tokio_util::codec::Decoder;

use super::chunks::{Chunks, Found};
use super::head::check;
use super::stand_in::StandIn;
use super::tests::LIMITS;
use super::turns::Open;

thread_local! {
    /// Its clock is a task, which never runs here.
    static CONFIG: (LocalSet, ServiceConfig) = {
        let tasks = LocalSet::new();
        let config = { let _entered = tasks.enter(); ServiceConfig::default() };
        (tasks, config)
    };
}

/// As actix-http reads it.
fn read(head: &[u8]) -> Result<(Request, MessageType), TestCaseError> {
    let mut codec = Codec::new(CONFIG.with(|(_, config)| config.clone()));
    let mut bytes = BytesMut::from(head);
    match codec.decode(&mut bytes) {
        Ok(Some(Message::Item(request))) if bytes.is_empty() => Ok((request, codec.message_type())),
        other => Err(TestCaseError::fail(format!("{other:?}, left: {bytes:?}"))),
    }
}

/// Whether it passes, and then both readings are one.
fn agree(head: &[u8]) -> Result<bool, TestCaseError> {
    let shown = String::from_utf8_lossy(head);
    let Ok(good) = check(head, &LIMITS) else { return Ok(false) };
    let (request, kind) = read(good.aside.as_ref().map_or(head, |aside| aside.head.as_slice()))?;

    let aside = good.aside.as_ref().map_or(0, |aside| aside.headers.len());
    let lines = head.split(|byte| *byte == b'\n').count() - 3;
    prop_assert_eq!(request.headers().len() + aside, lines, "{:?}", shown);
    prop_assert!(!request.head().expect(), "{:?}", shown);
    let is_connect = request.method() == "CONNECT";
    match good.body {
        Open::Nothing if is_connect => {}
        Open::Nothing => prop_assert_eq!(kind, MessageType::None, "{:?}", shown),
        Open::Chunks => prop_assert!(request.chunked().unwrap_or(false), "{:?}", shown),
        Open::Bytes(length) => {
            let said = request.headers().get("content-length").and_then(|v| v.to_str().ok());
            prop_assert_eq!(said.and_then(|said| said.parse().ok()), Some(length), "{:?}", shown);
        }
        other => return Err(TestCaseError::fail(format!("{shown:?}: {other:?}"))),
    }
    if matches!(good.body, Open::Chunks | Open::Bytes(_)) {
        prop_assert_eq!(kind, MessageType::Payload, "{:?}", shown);
    }
    Ok(true)
}

#[test]
fn good_heads_pass() {
    let many: String = (0..150).map(|number| format!("x-{number}: a\r\n")).collect();
    for head in [
        "GET / HTTP/1.1\r\nhost: x\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n",
        "GET http://x/y HTTP/1.1\r\nhost: x\r\n\r\n",
        "CONNECT x:80 HTTP/1.1\r\nhost: x:80\r\n\r\n",
        "GET /?q={\"a\":1} HTTP/1.1\r\nhost: x\r\n\r\n",
        "POST / HTTP/1.1\r\nhost:x\r\ncontent-length:12\r\n\r\n",
        "POST / HTTP/1.1\r\nhost:x\r\nTransfer-Encoding: CHUNKED\r\n\r\n",
        "POST / HTTP/1.1\r\nhost:x\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n",
        "GET / HTTP/1.1\r\nhost:x\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
        "GET / HTTP/1.1\r\nhost:x\r\nupgrade: websocket\r\ncontent-length: 3\r\n\r\n",
        &format!("GET / HTTP/1.1\r\nhost:x\r\n{many}\r\n"),
        &format!("POST / HTTP/1.1\r\n{many}content-length: 3\r\nhost:x\r\n\r\n"),
    ] {
        match agree(head.as_bytes()) {
            Ok(passes) => assert_eq!(passes, !head.contains("{\"a"), "{head}"),
            Err(why) => panic!("{why}"),
        }
    }
}

/// Pieces of heads, good and bad, so that many put together are good.
fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        "(a|x-b|cookie): [ -~]{0,6}",
        "(Content-Length|content-length): ?[0-9+x, -]{0,2}[0-9]",
        "(Transfer-Encoding|transfer-encoding)[: ]:? ?(chunked|Chunked|identity|gzip|chunked, chunked)",
        "(host|Host): ?[a-z.:@ ]{0,5}",
        "(connection|Connection): (close|keep-alive|upgrade|te, upgrade|x)",
        "(expect|Upgrade): (100-continue|websocket|h2c)",
        "[!-~]{1,4}:[ -~\t\u{80}-\u{ff}]{0,8}",
        "[ -~]{0,8}",
    ]
}

/// Pieces of a body in chunks, good and bad.
fn chunk() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => "[a-z]{1,20}".prop_map(|data| format!("{:x}\r\n{data}\r\n", data.len())),
        1 => "0{0,3}[1-3][ \t]?(;[a-z=\"]{0,4})?\r\n[a-z\r\n]{0,3}\r\n",
        1 => "0(;x)?\r\n([a-z]{1,3}:[ -~]{0,3}\r\n){0,2}\r\n",
        1 => "[0-9a-f+x \r\n;]{0,4}",
    ]
}

/// Where actix-http sees the end of a body in chunks, and where it is seen here; nothing where that is nowhere.
fn body_end(body: &[u8]) -> Option<(Result<usize, String>, usize)> {
    let Found::End(end) = Chunks::default().scan(body) else { return None };
    let mut codec = Codec::new(CONFIG.with(|(_, config)| config.clone()));
    let mut bytes =
        BytesMut::from("POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n");
    bytes.extend_from_slice(&body[..end]);
    let read = loop {
        match codec.decode(&mut bytes) {
            Ok(Some(Message::Chunk(None))) => break Ok(end - bytes.len()),
            Ok(Some(_)) => {}
            other => break Err(format!("{other:?}")),
        }
    };
    Some((read, end))
}

fn target() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "/[a-z%/?#&=.;]{0,12}",
        1 => "/[!-~]{0,12}",
        1 => "https?://[a-z:@\\[\\].]{0,5}(/[!-~]{0,3})?",
        1 => "[!-~]{1,6}",
    ]
}

fn start() -> impl Strategy<Value = String> {
    let method = "(GET|POST|HEAD|PUT|CONNECT|OPTIONS|[!-~]{1,5})";
    (method, target(), "HTTP/1\\.[01]")
        .prop_map(|(method, target, version)| format!("{method} {target} {version}\r\n"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn what_passes_is_read_alike(
        start in start(), host in "(host: [a-z]{1,3}\r\n)?", lines in prop::collection::vec(line(), 0..6),
    ) {
        let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
        agree(format!("{start}{host}{lines}\r\n").as_bytes())?;
    }

    #[test]
    fn what_stands_in_is_always_good(bytes: Vec<u8>, start in start(), line in line()) {
        for refused in [bytes, format!("{start}Origin: {line}\r\n{line}\r\n").into_bytes()] {
            let stand_in = StandIn::new(&refused, &LIMITS).head;
            prop_assert!(agree(&stand_in)?, "{:?}", String::from_utf8_lossy(&stand_in));
            prop_assert_eq!(check(&stand_in, &LIMITS).map(|good| good.body).ok(), Some(Open::Nothing));
        }
    }

    #[test]
    fn a_changed_byte_makes_no_other_reading(at in 0..200usize, byte: u8, insert: bool) {
        let mut head = b"POST /a/b?c=d HTTP/1.1\r\nhost: x\r\nconnection: keep-alive\r\ncontent-length: 12\r\n\
                         cookie: a=b; c=d\r\nexpect: 100-continue\r\n\r\n".to_vec();
        let at = at % (head.len() - 4);
        if insert { head.insert(at, byte) } else { head[at] = byte }
        // Only whole heads without bare line feeds come here.
        prop_assume!(byte != b'\n');
        agree(&head)?;
    }

    #[test]
    fn bodies_in_chunks_end_alike(lines in prop::collection::vec(chunk(), 0..6)) {
        let body = lines.concat() + "0\r\n\r\n";
        if let Some((read, at)) = body_end(body.as_bytes()) {
            prop_assert_eq!(read, Ok(at), "{:?}", body);
        }
    }

    #[test]
    fn a_changed_byte_of_a_body_makes_no_other_end(at in 0..100usize, byte: u8, insert: bool) {
        let mut body = b"3;a=b\r\nabc\r\n0A\r\n0\r\n\r\n67890\r\n00\r\nx: y\r\n\r\n".to_vec();
        let at = at % body.len();
        if insert { body.insert(at, byte) } else { body[at] = byte }
        body.extend_from_slice(b"\r\n\r\n0\r\n\r\n");
        if let Some((read, at)) = body_end(&body) {
            prop_assert_eq!(read, Ok(at), "{:?}", String::from_utf8_lossy(&body));
        }
    }

    #[test]
    fn takes_any_bytes(bytes: Vec<u8>) {
        let _ = check(&bytes, &LIMITS);
    }
}
