//! Asks the admin listener of a running gateway that has this config.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use serde_json::Value;

use crate::plan::Server;

/// The JSON that the gateway has answered with, or what it says about what is wrong.
pub(super) type Answer = Result<Value, String>;

/// For each step: the connection, and the wait for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Asks it, with its token.
///
/// # Errors
/// What the system says where it cannot be reached.
pub(super) fn ask(
    server: &Server,
    method: &str,
    target: &str,
    body: Option<&Value>,
) -> io::Result<Answer> {
    let token = server
        .admin_token
        .as_ref()
        .map_or(String::new(), |token| format!("authorization: Bearer {}\r\n", token.reveal()));
    let body = body.map(Value::to_string).unwrap_or_default();
    let length = match body.len() {
        0 => String::new(),
        length => format!("content-type: application/json\r\ncontent-length: {length}\r\n"),
    };
    let request = format!(
        "{method} {target} HTTP/1.1\r\nhost: admin\r\n{token}{length}connection: close\r\n\r\n{body}"
    );
    let answer = exchange(&server.admin, request.as_bytes())?;
    read(&answer).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

fn exchange(address: &str, request: &[u8]) -> io::Result<Vec<u8>> {
    let mut answer = Vec::new();
    if let Some(path) = address.strip_prefix("unix:") {
        let mut stream = UnixStream::connect(path)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(request)?;
        stream.read_to_end(&mut answer)?;
        return Ok(answer);
    }
    let address: SocketAddr =
        address.parse().map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    let mut stream = TcpStream::connect_timeout(&reachable(address), PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(request)?;
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}

/// Who listens everywhere is on this machine too.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => [127, 0, 0, 1].into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

/// Nothing where it is not what the admin listener says.
fn read(answer: &[u8]) -> Option<Answer> {
    let text = std::str::from_utf8(answer).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/1.1 ")?.split(' ').next()?;
    let body: Value = serde_json::from_str(body).ok()?;
    Some(match status {
        "200" => Ok(body),
        _ => Err(body["error"]["message"].as_str().unwrap_or("no reason is given").to_owned()),
    })
}
