//! Requests byte by byte, for what HTTP clients refuse to send.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::gateway::Gateway;
use super::secrets;

impl Gateway {
    /// Writes these bytes on a connection of their own and gives all that comes back until it is closed.
    /// Send `connection: close`, or something that makes the gateway close.
    pub async fn raw(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut stream = self.connect().await;
        secrets::sent(bytes.as_ref());
        stream.write_all(bytes.as_ref()).await.expect("it is written");
        let mut reply = Vec::new();
        // A reset after the reply is a close, too.
        let _ = stream.read_to_end(&mut reply).await;
        secrets::received(&reply);
        String::from_utf8_lossy(&reply).into_owned()
    }

    /// A GET of a target that is sent as it stands, with a bearer token where `user` is one.
    pub async fn raw_get(&self, target: &str, headers: &str) -> String {
        let host = self.address;
        let head =
            format!("GET {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{headers}\r\n");
        self.raw(head).await
    }

    /// All replies to these bytes until the connection is closed; `methods` are those that they ask with.
    pub async fn exchange(&self, bytes: impl AsRef<[u8]>, methods: &str) -> Vec<RawReply> {
        let mut stream = self.connect().await;
        secrets::sent(bytes.as_ref());
        stream.write_all(bytes.as_ref()).await.expect("it is written");
        read_until_closed(&mut stream, methods).await
    }

    /// The status that answers such a GET.
    pub async fn raw_status(&self, target: &str, headers: &str) -> u16 {
        let reply = self.raw_get(target, headers).await;
        let status = reply.split(' ').nth(1).and_then(|status| status.parse().ok());
        status.unwrap_or_else(|| panic!("no status for {target}: {reply:?}"))
    }

    pub async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("a connection")
    }
}

/// No reply takes that long; a test that waits in vain should say so.
const LONGEST: Duration = Duration::from_secs(30);

/// A reply as it came over the wire.
#[derive(Clone, Debug)]
pub struct RawReply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl RawReply {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(own, _)| own == name);
        let value = found.next().map(|(_, value)| value.as_str());
        assert!(found.next().is_none(), "two {name} in {self:?}");
        value
    }

    /// The error shape with this code, and the request id that the header has too.
    #[track_caller]
    pub fn assert_error(&self, status: u16, code: &str) -> &Self {
        assert_eq!(self.status, status, "{self:?}");
        let body: serde_json::Value =
            serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"));
        assert_eq!(body["error"]["code"], code, "{self:?}");
        assert!(body["error"]["message"].is_string(), "{self:?}");
        let id = self.header("x-request-id").unwrap_or_else(|| panic!("no id in {self:?}"));
        assert_eq!(body["error"]["request_id"], id, "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/json"), "{self:?}");
        self
    }

    /// It says that the connection ends.
    #[track_caller]
    pub fn assert_last(&self) -> &Self {
        assert_eq!(self.header("connection"), Some("close"), "{self:?}");
        self
    }
}

/// What is left on a connection, as replies to these methods, in order; where more came than was asked, to GET.
pub async fn read_until_closed(stream: &mut TcpStream, methods: &str) -> Vec<RawReply> {
    let mut bytes = Vec::new();
    let read = timeout(LONGEST, stream.read_to_end(&mut bytes)).await;
    assert!(read.is_ok(), "still open after {:?}", String::from_utf8_lossy(&bytes));
    parse_replies(&bytes, methods)
}

/// All replies in these bytes, as those to these methods; where there are more, to GET.
pub fn parse_replies(bytes: &[u8], methods: &str) -> Vec<RawReply> {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let (mut rest, mut methods, mut replies) =
        (text.as_str(), methods.split_whitespace(), Vec::new());
    while !rest.is_empty() {
        let (reply, after) = split(rest, methods.next().unwrap_or("GET"))
            .unwrap_or_else(|| panic!("half a reply: {rest:?} in {text:?}"));
        replies.push(reply);
        rest = after;
    }
    replies
}

/// Replies to these methods on a connection that may stay open.
pub async fn read_replies(stream: &mut TcpStream, methods: &str) -> Vec<RawReply> {
    let mut text = String::new();
    let mut replies = Vec::new();
    for method in methods.split_whitespace() {
        loop {
            if let Some((reply, rest)) = split(&text, method) {
                replies.push(reply);
                text = rest.to_owned();
                break;
            }
            let mut some = [0; 4096];
            let read = timeout(LONGEST, stream.read(&mut some)).await;
            let read = read.unwrap_or_else(|_| panic!("silent after {replies:?} and {text:?}"));
            let length = read.expect("it can be read");
            assert!(length > 0, "closed after {replies:?} and {text:?}");
            text.push_str(&String::from_utf8_lossy(&some[..length]));
        }
    }
    assert_eq!(text, "", "more than was asked for");
    replies
}

/// The first reply of a text, and what is behind it.
fn split<'a>(text: &'a str, method: &str) -> Option<(RawReply, &'a str)> {
    let (head, rest) = text.split_once("\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let header = |line: &str| {
        let (name, value) = line.split_once(": ").expect("a header");
        (name.to_ascii_lowercase(), value.to_owned())
    };
    let headers: Vec<_> = lines.map(header).collect();
    let mut reply = RawReply { status, headers, body: String::new() };
    if method == "HEAD" || matches!(status, 100..200 | 204 | 304) {
        secrets::received(head.as_bytes());
        return Some((reply, rest));
    }
    let length = reply.header("content-length")?.parse().ok()?;
    reply.body = rest.get(..length)?.to_owned();
    secrets::received(head.as_bytes());
    secrets::received(reply.body.as_bytes());
    Some((reply, &rest[length..]))
}
