//! How a provider is asked: for its key set, and for whatever else.

use std::sync::OnceLock;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::future::BoxFuture;
use reqwest::{Client, RequestBuilder, StatusCode, header, redirect, retry};

/// What came back, or a text for the log.
pub type Fetched = Result<Bytes, String>;

/// What fetches a key set. It must come to an end by itself, whatever the other side does.
pub trait Fetch: Send + Sync {
    /// The body of a 200 reply to a GET of `url`.
    fn fetch<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Fetched>;
}

/// Fetching over HTTP: no redirects, no proxy, 5 s in all, 256 KiB at most.
pub struct Http {
    timeout: Duration,
    client: OnceLock<Result<Client, String>>,
}

/// A reply, read to its end.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

impl Http {
    /// Nothing is opened before the first fetch: reading the machine's CA certificates would hold up the start.
    pub fn new() -> Self {
        Self { timeout: Duration::from_secs(5), client: OnceLock::new() }
    }

    /// The same with another time for each request, all in all.
    pub(crate) fn with_timeout(timeout: Duration) -> Self {
        Self { timeout, ..Self::new() }
    }

    /// The reply to a request, whatever its status. The error is a text for the log, without the address.
    pub(crate) async fn send(
        &self,
        request: impl FnOnce(&Client) -> RequestBuilder,
    ) -> Result<Reply, String> {
        let client = self.client.get_or_init(|| client(self.timeout)).as_ref()?;
        let mut reply = request(client).send().await.map_err(text)?;
        let status = reply.status();
        let mut body = BytesMut::new();
        while let Some(chunk) = reply.chunk().await.map_err(text)? {
            if body.len() + chunk.len() > MAX_BODY {
                return Err("more than 256 KiB".into());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Reply { status, body: body.freeze() })
    }

    async fn get(&self, url: &str) -> Fetched {
        let accept = "application/jwk-set+json, application/json";
        let reply = self.send(|client| client.get(url).header(header::ACCEPT, accept)).await?;
        match reply.status {
            StatusCode::OK => Ok(reply.body),
            status => Err(format!("status {}", status.as_u16())),
        }
    }
}

impl Default for Http {
    fn default() -> Self {
        Self::new()
    }
}

impl Fetch for Http {
    fn fetch<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Fetched> {
        Box::pin(self.get(url))
    }
}

/// Connections are not kept: each worker has a runtime of its own, and a kept one would live on whichever opened it.
fn client(timeout: Duration) -> Result<Client, String> {
    let builder = Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .referer(false)
        .retry(retry::never())
        .pool_max_idle_per_host(0)
        .http1_only()
        .connect_timeout(timeout)
        .timeout(timeout);
    builder.build().map_err(text)
}

/// The error with what caused it, without the address: it may hold a key.
fn text(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

const MAX_BODY: usize = 256 * 1024;
