//! Connections to one upstream.

use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, Method};
use reqwest::redirect::Policy;
use url::Url;

use super::answer::Answer;
use super::body;
use super::error::Error;

/// How an upstream is connected to. Equal settings share one client.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Settings {
    /// To open a connection, TLS included.
    pub connect_timeout: Duration,
    /// How long an idle connection is kept; shorter than the upstream's own.
    pub idle_timeout: Duration,
    /// HTTP/2 without asking first.
    pub http2: bool,
    /// Whether TLS may be spoken, to the upstream or to the proxy. It costs reading the machine's CA certificates.
    pub tls: bool,
    /// PEM text of further certificate authorities.
    pub ca: Option<String>,
    /// An egress proxy.
    pub proxy: Option<String>,
}

/// A request, ready to be sent. It may hold secrets, and cannot be printed.
#[derive(Clone)]
pub struct Request {
    /// Its method.
    pub method: Method,
    /// The whole URL.
    pub url: Url,
    /// Its headers; `host` and `content-length` are the client's.
    pub headers: HeaderMap,
    /// Its body; empty for none.
    pub body: Bytes,
    /// Decoded bytes of the answer.
    pub max_response: usize,
}

/// A pool of connections. Cheap to clone; made once per worker, so that no connection is driven by another thread.
#[derive(Debug, Clone)]
pub struct Client(reqwest::Client);

impl Client {
    /// A client that follows nothing, remembers nothing and reads nothing from the environment.
    ///
    /// # Errors
    /// Why the settings cannot be used: a certificate or a proxy address that is none.
    pub fn new(settings: &Settings) -> Result<Self, String> {
        let mut builder = reqwest::Client::builder()
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .connect_timeout(settings.connect_timeout)
            .pool_idle_timeout(settings.idle_timeout)
            .tcp_nodelay(true);
        if settings.http2 {
            builder = builder.http2_prior_knowledge();
        }
        if !settings.tls {
            builder = builder.tls_certs_only([]);
        } else if let Some(pem) = &settings.ca {
            let certificates = reqwest::Certificate::from_pem_bundle(pem.as_bytes());
            for certificate in certificates.map_err(|error| error.to_string())? {
                builder = builder.add_root_certificate(certificate);
            }
        }
        if let Some(proxy) = &settings.proxy {
            builder = builder.proxy(reqwest::Proxy::all(proxy).map_err(|error| error.to_string())?);
        }
        builder.build().map(Self).map_err(|error| error.to_string())
    }

    /// Sends a request and reads the answer to its end. There is no timeout here: the caller drops the future.
    ///
    /// A GET or HEAD is sent once more when the connection died before any answer, since an upstream may close an idle
    /// connection in the moment in which it is used again (RFC 9112 §9.3.1).
    ///
    /// # Errors
    /// See [`Error`]. An answer of any status is none.
    pub async fn send(&self, request: &Request) -> Result<Answer, Error> {
        let repeatable = matches!(request.method, Method::GET | Method::HEAD);
        let response = match self.head(request).await {
            Err(Error::Closed(_)) if repeatable => self.head(request).await?,
            result => result?,
        };
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let body = body::read(response, request.max_response).await?;
        Ok(Answer::new(status, headers, body))
    }

    async fn head(&self, request: &Request) -> Result<reqwest::Response, Error> {
        let mut sent = reqwest::Request::new(request.method.clone(), request.url.clone());
        *sent.headers_mut() = request.headers.clone();
        if !request.body.is_empty() {
            *sent.body_mut() = Some(request.body.clone().into());
        } else if matches!(request.method, Method::POST | Method::PUT | Method::PATCH) {
            // These usually have a body: that there is none is said (RFC 9110 §8.6).
            sent.headers_mut().insert(CONTENT_LENGTH, 0.into());
        }
        self.0.execute(sent).await.map_err(Error::before_answer)
    }
}
