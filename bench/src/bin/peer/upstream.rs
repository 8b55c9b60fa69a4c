//! The private services.

use std::time::Duration;

use reqwest::Client;
use reqwest::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use reqwest::redirect::Policy;
use serde::de::DeserializeOwned;

use crate::settings::Settings;

/// The services that the dashboard asks.
pub(crate) struct Upstreams {
    pub(crate) users: Upstream,
    pub(crate) analytics: Upstream,
    pub(crate) notifications: Upstream,
}

/// A service, and the key that it wants.
pub(crate) struct Upstream {
    client: Client,
    url: String,
    key: HeaderValue,
    timeout: Duration,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// What the service said instead.
    Status(u16),
    /// It was too slow.
    Timeout,
    /// It cannot be reached, or its answer cannot be read.
    Broken,
}

impl Upstreams {
    pub(crate) fn new(settings: &Settings) -> Self {
        let client = client();
        let upstream = |url: &str, name: &str, milliseconds| {
            let mut key = HeaderValue::from_str(&format!("{name}-demo-key"))
                .unwrap_or(HeaderValue::from_static(""));
            key.set_sensitive(true);
            let timeout = Duration::from_millis(milliseconds);
            Upstream { client: client.clone(), url: url.to_owned(), key, timeout }
        };
        Self {
            users: upstream(&settings.users, "users", 2000),
            analytics: upstream(&settings.analytics, "analytics", 800),
            notifications: upstream(&settings.notifications, "notifications", 500),
        }
    }
}

/// One for each worker: a connection that is driven by another thread costs more.
fn client() -> Client {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(USER_AGENT, HeaderValue::from_static("dashboard/1.0"));
    let builder = Client::builder().default_headers(headers).no_proxy().redirect(Policy::none());
    let builder = builder.connect_timeout(Duration::from_millis(500)).tcp_nodelay(true);
    builder.pool_idle_timeout(Duration::from_secs(4)).build().unwrap_or_default()
}

impl Upstream {
    /// Gets what is at this path, with the request's own headers.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        headers: &HeaderMap,
    ) -> Result<T, Failure> {
        let request = self.client.get(format!("{}{path}", self.url)).headers(headers.clone());
        let request = request.header(API_KEY, self.key.clone()).timeout(self.timeout);
        let response = request.send().await.map_err(Failure::from)?;
        if !response.status().is_success() {
            return Err(Failure::Status(response.status().as_u16()));
        }
        let body = response.bytes().await.map_err(Failure::from)?;
        serde_json::from_slice(&body).map_err(|_| Failure::Broken)
    }
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        if error.is_timeout() { Self::Timeout } else { Self::Broken }
    }
}

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
