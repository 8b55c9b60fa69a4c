//! Requests byte by byte, for what HTTP clients refuse to send.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::gateway::Gateway;

impl Gateway {
    /// Writes these bytes on a connection of their own and gives all that comes back until it is closed.
    /// Send `connection: close`, or something that makes the gateway close.
    pub async fn raw(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut stream = self.connect().await;
        stream.write_all(bytes.as_ref()).await.expect("it is written");
        let mut reply = Vec::new();
        // A reset after the reply is a close, too.
        let _ = stream.read_to_end(&mut reply).await;
        String::from_utf8_lossy(&reply).into_owned()
    }

    /// A GET of a target that is sent as it stands, with a bearer token where `user` is one.
    pub async fn raw_get(&self, target: &str, headers: &str) -> String {
        let host = self.address;
        let head =
            format!("GET {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{headers}\r\n");
        self.raw(head).await
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
