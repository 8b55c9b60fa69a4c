//! Both ends in hand: what passes when.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, DuplexStream, ReadBuf, duplex};

use super::stream::MOST_HELD;
use super::turns::Open;
use super::*;
use crate::fault::Code;

const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";
const STAND_IN: &[u8] = b"GET / HTTP/1.1\r\nhost: -\r\n\r\n";

pub(super) const LIMITS: Limits = Limits {
    max_uri: 100,
    max_header_bytes: 1000,
    max_headers: 200,
    header_timeout: Duration::from_secs(10),
    keep_alive: Duration::from_secs(75),
    max_requests: 0,
    stall: Duration::from_secs(60),
};

fn pair() -> (DuplexStream, Connection<DuplexStream>) {
    let (client, server) = duplex(1 << 20);
    (client, Connection::new(server, LIMITS))
}

/// What can be read now; nothing where reading would wait.
async fn now(connection: &mut Connection<DuplexStream>) -> Option<Vec<u8>> {
    let mut all = Vec::new();
    poll_fn(|context| {
        loop {
            let mut space = [0; 64];
            let mut buffer = ReadBuf::new(&mut space);
            match Pin::new(&mut *connection).poll_read(context, &mut buffer) {
                Poll::Pending => return Poll::Ready((!all.is_empty()).then(|| all.clone())),
                Poll::Ready(_) if buffer.filled().is_empty() => {
                    return Poll::Ready(Some(all.clone()));
                }
                Poll::Ready(_) => all.extend_from_slice(buffer.filled()),
            }
        }
    })
    .await
}

fn answer(connection: &Connection<DuplexStream>) {
    drop(Turn(connection.turns()));
}

#[track_caller]
fn refused(connection: &Connection<DuplexStream>) -> Code {
    assert!(connection.turns.is_last());
    connection.turns.refused().expect("a refusal").fault.parts().code.clone()
}

#[tokio::test]
async fn the_next_request_waits_for_the_reply() {
    let (mut client, mut connection) = pair();
    client.write_all(&[GET, GET].concat()).await.unwrap();
    assert_eq!(now(&mut connection).await.unwrap(), GET);
    assert_eq!(now(&mut connection).await, None);
    connection.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await.unwrap();
    assert_eq!(now(&mut connection).await, None);
    answer(&connection);
    connection.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
    assert_eq!(now(&mut connection).await.unwrap(), GET);
    assert_eq!(now(&mut connection).await, None);
}

#[tokio::test]
async fn a_body_passes_and_not_a_byte_more() {
    let (mut client, mut connection) = pair();
    client.write_all(&[GET, b"0123456789", GET].concat()).await.unwrap();
    assert_eq!(now(&mut connection).await.unwrap(), GET);
    connection.turns.set_open(Open::Bytes(10));
    assert_eq!(now(&mut connection).await.unwrap(), b"0123456789");
    answer(&connection);
    connection.write_all(b"x").await.unwrap();
    assert_eq!(now(&mut connection).await.unwrap(), GET);
}

#[tokio::test]
async fn a_client_that_leaves_is_noticed_out_of_turn() {
    let (mut client, mut connection) = pair();
    client.write_all(&[GET, GET].concat()).await.unwrap();
    assert_eq!(now(&mut connection).await.unwrap(), GET);
    drop(client);
    assert_eq!(now(&mut connection).await.unwrap(), b"");
}

#[tokio::test]
async fn what_comes_early_is_held_in_bounds() {
    let (mut client, mut connection) = pair();
    client.write_all(&[GET, &[b'x'; 1 << 18]].concat()).await.unwrap();
    assert_eq!(now(&mut connection).await.unwrap(), GET);
    assert_eq!(now(&mut connection).await, None);
    assert!(connection.held.len() <= MOST_HELD + 4096);
}

#[tokio::test]
async fn what_is_refused_never_passes() {
    for (text, stand_in) in [
        ("nonsense\r\n\r\n", STAND_IN),
        ("GET / HTTP/1.1\nhost: x\n\n", STAND_IN),
        ("HEAD / HTTP/1.1\r\n\r\n", b"HEAD / HTTP/1.1\r\nhost: -\r\n\r\n"),
    ] {
        let (mut client, mut connection) = pair();
        client.write_all(text.as_bytes()).await.unwrap();
        client.write_all(GET).await.unwrap();
        assert_eq!(now(&mut connection).await.unwrap(), stand_in, "{text:?}");
        assert_eq!(refused(&connection), Code::BadRequest);
        assert_eq!(now(&mut connection).await, None);
        answer(&connection);
        connection.write_all(b"no").await.unwrap();
        assert_eq!(now(&mut connection).await.unwrap(), b"");
    }
}

#[tokio::test]
async fn a_head_passes_when_it_is_whole() {
    let (mut client, mut connection) = pair();
    client.write_all(b"\r\n\r").await.unwrap();
    assert_eq!(now(&mut connection).await, None);
    client.write_all(b"\nGET / HTTP/1.1\r\nhost: x\r\n\r").await.unwrap();
    assert_eq!(now(&mut connection).await, None);
    client.write_all(b"\n").await.unwrap();
    assert_eq!(now(&mut connection).await.unwrap(), GET);
}

const SHORT: Duration = Duration::from_millis(20);

/// What can be read once there is something.
async fn next(connection: &mut Connection<DuplexStream>) -> Vec<u8> {
    let mut space = [0; 64];
    let length = connection.read(&mut space).await.unwrap();
    space[..length].to_vec()
}

#[tokio::test]
async fn a_head_that_takes_too_long_is_refused() {
    let (mut client, server) = duplex(1 << 20);
    let limits = Limits { header_timeout: SHORT, ..LIMITS };
    let mut connection = Connection::new(server, limits);
    client.write_all(b"GET /").await.unwrap();
    assert_eq!(next(&mut connection).await, STAND_IN);
    assert_eq!(refused(&connection), Code::RequestTimeout);
}

#[tokio::test]
async fn who_has_asked_for_nothing_gets_no_reply() {
    for text in ["", "\r\n", "\r\n\r"] {
        let (mut client, server) = duplex(1 << 20);
        let limits = Limits { header_timeout: SHORT, ..LIMITS };
        let mut connection = Connection::new(server, limits);
        client.write_all(text.as_bytes()).await.unwrap();
        assert_eq!(next(&mut connection).await, b"");
        assert!(connection.turns.refused().is_none());
    }
}

#[tokio::test]
async fn between_requests_there_is_time_but_not_in_one() {
    let (mut client, server) = duplex(1 << 20);
    let limits = Limits { header_timeout: SHORT, ..LIMITS };
    let mut connection = Connection::new(server, limits);
    client.write_all(GET).await.unwrap();
    assert_eq!(next(&mut connection).await, GET);
    answer(&connection);
    connection.write_all(b"x").await.unwrap();
    assert_eq!(now(&mut connection).await, None);
    tokio::time::sleep(SHORT * 3).await;
    assert_eq!(now(&mut connection).await, None);
    client.write_all(b"G").await.unwrap();
    assert_eq!(next(&mut connection).await, STAND_IN);
    assert_eq!(refused(&connection), Code::RequestTimeout);
}

#[tokio::test]
async fn an_idle_connection_ends() {
    let (mut client, server) = duplex(1 << 20);
    let mut connection = Connection::new(server, Limits { keep_alive: SHORT, ..LIMITS });
    client.write_all(GET).await.unwrap();
    assert_eq!(next(&mut connection).await, GET);
    answer(&connection);
    connection.write_all(b"x").await.unwrap();
    assert_eq!(next(&mut connection).await, b"");
}

#[tokio::test]
async fn a_client_that_takes_nothing_of_its_reply_is_left() {
    let (_client, server) = duplex(10);
    let mut connection = Connection::new(server, Limits { stall: SHORT, ..LIMITS });
    let error = connection.write_all(&[0; 100]).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
}

#[tokio::test]
async fn a_connection_may_have_so_many_requests() {
    let (mut client, server) = duplex(1 << 20);
    let mut connection = Connection::new(server, Limits { max_requests: 2, ..LIMITS });
    client.write_all(&GET.repeat(3)).await.unwrap();
    for is_last in [false, true] {
        assert_eq!(now(&mut connection).await.unwrap(), GET);
        assert_eq!(connection.turns.is_last(), is_last);
        answer(&connection);
        connection.write_all(b"x").await.unwrap();
    }
    assert_eq!(now(&mut connection).await.unwrap(), b"");
}

#[tokio::test]
async fn a_body_is_invited_when_it_is_wanted() {
    let (mut client, mut connection) = pair();
    let head = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n";
    client.write_all(format!("{head}expect: 100-continue\r\n\r\n").as_bytes()).await.unwrap();
    let passed = String::from_utf8(now(&mut connection).await.unwrap()).unwrap();
    assert!(!passed.contains("expect"), "{passed}");
    connection.turns.set_open(Open::Bytes(2));
    assert_eq!(now(&mut connection).await, None);
    connection.turns.invite();
    assert_eq!(now(&mut connection).await, None);
    let mut invitation = [0; 25];
    client.read_exact(&mut invitation).await.unwrap();
    assert_eq!(&invitation, b"HTTP/1.1 100 Continue\r\n\r\n");
    client.write_all(b"[]").await.unwrap();
    assert_eq!(now(&mut connection).await.unwrap(), b"[]");
}
