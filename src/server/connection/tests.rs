//! Both ends in hand: what passes when.

use std::future::poll_fn;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use super::*;

const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";
const BARE: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

fn pair() -> (DuplexStream, Connection<DuplexStream>) {
    let (client, server) = duplex(1 << 20);
    (client, Connection::new(server))
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
    connection.turns.set_open(Open::Body(10));
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
async fn a_bare_error_gets_a_body_and_the_connection_ends() {
    let (mut client, mut connection) = pair();
    client.write_all(b"nonsense\r\n\r\n").await.unwrap();
    now(&mut connection).await.unwrap();
    client.shutdown().await.unwrap();
    connection.write_all(&[b"[1]", BARE].concat()).await.unwrap();
    let mut reply = String::new();
    client.read_to_string(&mut reply).await.unwrap();
    assert!(reply.starts_with("[1]HTTP/1.1 400 Bad Request\r\n"), "{reply}");
    assert!(reply.contains("BAD_REQUEST"), "{reply}");
}

#[tokio::test]
async fn nobody_is_answered_twice() {
    let (mut client, mut connection) = pair();
    client.write_all(GET).await.unwrap();
    now(&mut connection).await.unwrap();
    client.shutdown().await.unwrap();
    connection.turns.end();
    answer(&connection);
    connection.write_all(&[b"reply", BARE].concat()).await.unwrap();
    let mut reply = String::new();
    client.read_to_string(&mut reply).await.unwrap();
    assert_eq!(reply, "reply");
}

#[tokio::test]
async fn who_has_asked_for_nothing_gets_no_reply() {
    let (mut client, mut connection) = pair();
    client.write_all(b"\r\n").await.unwrap();
    now(&mut connection).await.unwrap();
    client.shutdown().await.unwrap();
    let late = String::from_utf8_lossy(BARE).replace("400 Bad Request", "408 Request Timeout");
    connection.write_all(late.as_bytes()).await.unwrap();
    let mut reply = String::new();
    client.read_to_string(&mut reply).await.unwrap();
    assert_eq!(reply, "");
}
