use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};

use super::request::{Input, Parts};
use super::{Answer, Log, Recorded, Reply, Then};

/// Serves one connection until either side ends it.
pub(super) async fn serve(mut stream: TcpStream, number: usize, log: Arc<Log>, answer: Answer) {
    let _ = stream.set_nodelay(true);
    let (read, mut write) = stream.split();
    let mut input = Input { stream: read, buffer: BytesMut::with_capacity(4096) };

    for nth in 1.. {
        let parts = match receive(&mut input, &mut write).await {
            Ok(Some(parts)) => parts,
            Ok(None) => return,
            Err(_) => {
                let refusal = Reply::status(400).then(Then::Close);
                let _ = send(&refusal, false, &mut write).await;
                return;
            }
        };
        let last = parts.version != "HTTP/1.1"
            || parts.header("connection").is_some_and(|x| x.eq_ignore_ascii_case("close"));
        let request = Arc::new(recorded(parts, number, nth));
        if !request.path().starts_with(crate::CONTROL) {
            log.requested(&request);
        }
        let reply = answer(&request);
        let bodiless = request.method == "HEAD";
        let outcome = tokio::select! {
            biased;
            outcome = send(&reply, bodiless, &mut write) => outcome,
            () = input.gone() => Err(io::ErrorKind::ConnectionAborted.into()),
        };
        match outcome {
            Ok(true) if !last => {}
            Ok(_) => return,
            Err(_) => return log.cancelled(&request),
        }
    }
}

async fn receive(
    input: &mut Input<ReadHalf<'_>>,
    write: &mut WriteHalf<'_>,
) -> io::Result<Option<Parts>> {
    let Some(mut parts) = input.head().await? else {
        return Ok(None);
    };
    if parts.header("expect").is_some() {
        write.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
    }
    parts.body = input.body(&parts).await?;
    Ok(Some(parts))
}

fn recorded(parts: Parts, connection: usize, nth: usize) -> Recorded {
    let Parts { method, target, headers, body, head, .. } = parts;
    Recorded { method, target, headers, body, head, connection, nth }
}

/// Says whether the connection goes on. An error means that the client has left.
async fn send(reply: &Reply, bodiless: bool, write: &mut WriteHalf<'_>) -> io::Result<bool> {
    if reply.delay > Duration::ZERO {
        tokio::time::sleep(reply.delay).await;
    }
    if let Some(gate) = &reply.gate {
        gate.opened().await;
    }
    let (head, body) = reply.bytes(bodiless);
    match reply.drip {
        None => write.write_all(&[head, body].concat()).await?,
        Some(interval) => {
            write.write_all(&head).await?;
            for byte in body {
                tokio::time::sleep(interval).await;
                write.write_all(&[byte]).await?;
            }
        }
    }
    match reply.then {
        Then::KeepAlive => {}
        Then::Close => write.shutdown().await?,
        Then::Hang => std::future::pending().await,
        Then::Reset => write.as_ref().set_zero_linger()?,
    }
    Ok(reply.then == Then::KeepAlive)
}
