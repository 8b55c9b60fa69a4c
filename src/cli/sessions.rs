//! `sessions`: asks the admin listener of a running gateway who is logged in, or ends it.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::times::duration;
use crate::plan::Server;

/// What is done with sessions.
#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Show who is logged in
    List(Whose),
    /// End sessions: whoever has one must log in again
    Revoke {
        #[command(flatten)]
        whose: Whose,
        /// The session with this id
        #[arg(long, value_name = "ID", conflicts_with_all = ["sub", "iss", "frontend", "all"])]
        id: Option<String>,
        /// Everybody's
        #[arg(long)]
        all: bool,
    },
}

/// Whose sessions are meant.
#[derive(Debug, Args)]
pub(super) struct Whose {
    /// Of this subject
    #[arg(long)]
    sub: Option<String>,
    /// Of this issuer
    #[arg(long)]
    iss: Option<String>,
    /// Of this frontend
    #[arg(long, value_name = "NAME")]
    frontend: Option<String>,
}

/// The JSON that the gateway has answered with, or what it says about what is wrong.
type Answer = Result<Value, String>;

/// For each step: the connection, and the wait for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Asks the gateway that has this config.
///
/// # Errors
/// What the system says where it cannot be reached.
pub(super) fn ask(server: &Server, action: &Action) -> io::Result<Answer> {
    let (method, target) = match action {
        Action::List(whose) => ("GET", format!("/sessions?{}", query(whose, false))),
        Action::Revoke { id: Some(id), .. } => {
            let id = percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC);
            ("DELETE", format!("/sessions/{id}"))
        }
        Action::Revoke { whose, all, .. } => {
            ("DELETE", format!("/sessions?{}", query(whose, *all)))
        }
    };
    let token = server
        .admin_token
        .as_ref()
        .map_or(String::new(), |token| format!("authorization: Bearer {}\r\n", token.reveal()));
    let request =
        format!("{method} {target} HTTP/1.1\r\nhost: admin\r\n{token}connection: close\r\n\r\n");
    let answer = exchange(&server.admin, request.as_bytes())?;
    read(&answer).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// A table of sessions, or how many have ended.
pub(super) fn describe(answer: &Value) -> String {
    if let Some(ended) = answer["ended"].as_u64() {
        let one = if ended == 1 { "session has" } else { "sessions have" };
        return format!("{ended} {one} ended\n");
    }
    let empty = Vec::new();
    let sessions = answer["sessions"].as_array().unwrap_or(&empty);
    let text = |session: &Value, key: &str| match session[key].as_str() {
        Some("") | None => "-".to_owned(),
        // They are of the provider's making: none breaks out of its line.
        Some(text) => text.escape_debug().to_string(),
    };
    let time = |session: &Value, key: &str| {
        duration(Duration::from_secs(session[key].as_u64().unwrap_or(0)))
    };
    let head = ["SUB", "ISS", "FRONTEND", "AGE", "IDLE LEFT", "LEFT", "ID"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(sessions.iter().map(|session| {
        vec![
            text(session, "sub"),
            text(session, "iss"),
            text(session, "frontend"),
            time(session, "age"),
            time(session, "idle_left"),
            time(session, "absolute_left"),
            text(session, "id"),
        ]
    }));
    let mut table = super::routes::align(&rows);
    let total = answer["total"].as_u64().unwrap_or(0);
    if total > sessions.len() as u64 {
        table.push_str(&format!("and {} more\n", total - sessions.len() as u64));
    }
    table
}

fn query(whose: &Whose, all: bool) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    let pairs = [("sub", &whose.sub), ("iss", &whose.iss), ("frontend", &whose.frontend)];
    for (name, value) in pairs {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    if all {
        query.append_pair("all", "true");
    }
    query.finish()
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
