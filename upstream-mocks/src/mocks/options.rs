use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::services::Settings;

/// How [`Mocks`](super::Mocks) are started. The defaults are a test's: free ports, and every key
/// `SERVICE-demo-key`.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen. Default: 127.0.0.1.
    pub ip: IpAddr,
    /// The port of the first service, `token`; the others follow. 0, the default: any free ports.
    pub base_port: u16,
    /// The API keys of services that shall not have their default.
    pub keys: BTreeMap<String, String>,
    /// How many requests each service keeps in its log. Default: 10,000.
    pub keep: usize,
    /// The `iss` of tokens. Default: `https://id.demo.test/`.
    pub issuer: String,
    /// The `aud` of tokens. Default: `dashboard-api`.
    pub audience: String,
    /// The issuer that `id` says it is, where that is not the default: `http://127.0.0.1:PORT`.
    pub id_issuer: Option<String>,
    /// The clients of `id`, and their secrets. Default: `dashboard` alone, with
    /// `dashboard-demo-client-secret`.
    pub clients: BTreeMap<String, String>,
    /// Where a login or a logout at `id` may lead beside loopback addresses. Default: nowhere.
    pub redirect_uris: Vec<String>,
    /// Where `id` tells clients of a logout, over plain http. Default: nowhere.
    pub backchannel_logout_uri: Option<String>,
    /// How long the access tokens of `id` live. Default: 5 minutes.
    pub access_ttl: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            ip: Ipv4Addr::LOCALHOST.into(),
            base_port: 0,
            keys: BTreeMap::new(),
            keep: 10_000,
            issuer: "https://id.demo.test/".to_owned(),
            audience: "dashboard-api".to_owned(),
            id_issuer: None,
            clients: [("dashboard".to_owned(), "dashboard-demo-client-secret".to_owned())].into(),
            redirect_uris: Vec::new(),
            backchannel_logout_uri: None,
            access_ttl: Duration::from_secs(300),
        }
    }
}

impl Options {
    /// The port of the service that is this far behind the first one.
    pub(super) fn port(&self, offset: u16) -> u16 {
        if self.base_port == 0 { 0 } else { self.base_port.saturating_add(offset) }
    }

    pub(super) fn key(&self, service: &str) -> String {
        self.keys.get(service).cloned().unwrap_or_else(|| format!("{service}-demo-key"))
    }

    /// What `id` is told, which listens there. Who listens everywhere is found at loopback.
    pub(super) fn provider(&self, mut at: SocketAddr) -> Settings {
        if at.ip().is_unspecified() {
            at.set_ip(Ipv4Addr::LOCALHOST.into());
        }
        Settings {
            issuer: self.id_issuer.clone().unwrap_or_else(|| format!("http://{at}")),
            audience: self.audience.clone(),
            clients: self.clients.clone(),
            redirect_uris: self.redirect_uris.clone(),
            backchannel_logout_uri: self.backchannel_logout_uri.clone(),
            access_ttl: self.access_ttl.as_secs().try_into().unwrap_or(i64::MAX),
        }
    }
}
