use std::io;
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use url::Url;

use super::Provider;
use super::state::Session;
use super::tokens::random;
use crate::scripted::lock;

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
const TTL: i64 = 120;
const PATIENCE: Duration = Duration::from_secs(5);

/// A logout token on its way to a client.
pub(super) struct Delivery {
    url: Url,
    token: String,
}

impl Provider {
    /// One for each client of these sessions (Back-Channel Logout 1.0 §2.4); none where no client
    /// wants to hear.
    pub(super) fn logout_tokens(&self, ended: &[Session]) -> Vec<Delivery> {
        let url = lock(&self.backchannel).clone();
        let Some(url) = url.and_then(|url| Url::parse(&url).ok()) else {
            return Vec::new();
        };
        let clients = ended.iter().flat_map(|session| {
            session.clients.iter().map(move |client| (session, client.as_str()))
        });
        let token = |(session, client)| self.logout_token(session, client);
        let delivery = |token| Delivery { url: url.clone(), token };
        clients.filter_map(token).map(delivery).collect()
    }

    fn logout_token(&self, session: &Session, client: &str) -> Option<String> {
        let now = self.clock.now();
        let claims = json!({
            "iss": self.settings.issuer, "sub": session.sub, "aud": client, "iat": now,
            "exp": now + TTL, "jti": random().ok()?, "sid": session.sid, "events": {EVENT: {}},
        });
        self.signed("logout+jwt", [claims]).ok()
    }
}

impl Delivery {
    /// The status of the answer; none where there was no answer.
    pub(super) async fn send(self) -> Option<u16> {
        tokio::time::timeout(PATIENCE, self.post()).await.ok()?.ok()
    }

    pub(super) fn send_beside(self) {
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(self.send());
        }
    }

    /// A JWT needs no encoding in a form.
    async fn post(&self) -> io::Result<u16> {
        let wrong = || io::Error::other("plain http only");
        let host = self.url.host_str().filter(|_| self.url.scheme() == "http").ok_or_else(wrong)?;
        let port = self.url.port_or_known_default().ok_or_else(wrong)?;
        let name = host.trim_start_matches('[').trim_end_matches(']');
        let mut stream = TcpStream::connect((name, port)).await?;
        let body = format!("logout_token={}", self.token);
        let head = format!(
            "POST {} HTTP/1.1\r\nhost: {host}:{port}\r\nconnection: close\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n",
            self.url.path(),
            body.len(),
        );
        stream.write_all((head + &body).as_bytes()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        let answer = String::from_utf8_lossy(&answer);
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
        status.ok_or_else(|| io::Error::other("no HTTP"))
    }
}
