//! Where Redis is: one server, the master that sentinels name, or a cluster.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use redis::cluster::ClusterClient;
use redis::sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType};
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, IntoConnectionInfo, RedisError, TlsCertificates,
    TlsMode,
};
use url::Url;

use super::redis::Connection;

/// `[stores] redis`: where it is, and how patient we are.
#[derive(Clone)]
pub struct Target {
    kind: Kind,
    ca: Option<Vec<u8>>,
    /// How long one question may take, all in all.
    pub timeout: Duration,
}

#[derive(Clone)]
enum Kind {
    One(String),
    Sentinel { nodes: Vec<ConnectionAddr>, master: String, database: i64, of: Url },
    Cluster(Vec<String>),
}

impl Target {
    /// Reads `redis://[user:password@]host:port[/db]`, `rediss://…` (TLS) or
    /// `redis+sentinel://[user:password@]host:port[,host:port…]/master[/db]` (`rediss+sentinel://`); several are nodes of
    /// a cluster. `ca` is PEM, in the place of the system's roots.
    ///
    /// # Errors
    /// What is wrong, without the URL: it may hold a password.
    pub fn parse(urls: &[String], ca: Option<Vec<u8>>, timeout: Duration) -> Result<Self, String> {
        let kind = match urls {
            [] => return Err("there is no URL".to_owned()),
            [one] if is_sentinel(one) => sentinel(one)?,
            [one] => Kind::One(checked(one)?),
            nodes => Kind::Cluster(nodes.iter().map(|url| checked(url)).collect::<Result<_, _>>()?),
        };
        let target = Self { kind, ca, timeout };
        // What the client itself does not take is told now.
        match &target.kind {
            Kind::One(url) => drop(target.client(url).map_err(|error| error.to_string())?),
            Kind::Sentinel { .. } => {
                drop(target.sentinels().map_err(|error| error.to_string())?);
            }
            Kind::Cluster(urls) => drop(target.cluster(urls).map_err(|error| error.to_string())?),
        }
        Ok(target)
    }

    /// Whether all that is there is one server, with one clock: neither a cluster nor a master that may be followed by
    /// another one.
    pub fn is_one_server(&self) -> bool {
        matches!(self.kind, Kind::One(_))
    }

    /// Whether keys of one script must be on one server.
    pub fn is_cluster(&self) -> bool {
        matches!(self.kind, Kind::Cluster(_))
    }

    pub(super) async fn connect(&self) -> Result<Connection, RedisError> {
        // How long anything may take, whoever asks says.
        let patience =
            AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
        match &self.kind {
            Kind::One(url) => {
                let client = self.client(url)?;
                let one = client.get_multiplexed_async_connection_with_config(&patience).await?;
                Ok(Connection::One(one))
            }
            Kind::Sentinel { .. } => {
                let mut sentinels = self.sentinels()?;
                let one = sentinels.get_async_connection_with_config(&patience).await?;
                Ok(Connection::One(one))
            }
            Kind::Cluster(urls) => {
                let cluster = self.cluster(urls)?.get_async_connection().await?;
                Ok(Connection::Cluster(cluster))
            }
        }
    }

    /// Of each server that may be asked for messages, the first first.
    pub(super) async fn clients(&self) -> Result<Vec<Client>, RedisError> {
        match &self.kind {
            Kind::One(url) => Ok(vec![self.client(url)?]),
            Kind::Sentinel { .. } => Ok(vec![self.sentinels()?.async_get_client().await?]),
            Kind::Cluster(urls) => urls.iter().map(|url| self.client(url)).collect(),
        }
    }

    fn client(&self, url: &str) -> Result<Client, RedisError> {
        match self.certificates() {
            Some(certificates) => Client::build_with_tls(url, certificates),
            None => Client::open(url),
        }
    }

    fn cluster(&self, urls: &[String]) -> Result<ClusterClient, RedisError> {
        let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
        let builder = ClusterClient::builder(urls)
            .connection_timeout(self.timeout.max(Duration::from_secs(1)))
            .response_timeout(self.timeout)
            .retries(2);
        match self.certificates() {
            Some(certificates) => builder.certs(certificates).build(),
            None => builder.build(),
        }
    }

    fn sentinels(&self) -> Result<SentinelClient, RedisError> {
        let Kind::Sentinel { nodes, master, database, of } = &self.kind else {
            return Err((redis::ErrorKind::InvalidClientConfig, "no sentinels").into());
        };
        let kind = SentinelServerType::Master;
        let mut builder = SentinelClientBuilder::new(nodes.clone(), master, kind)?;
        builder = builder.set_client_to_redis_db(*database);
        if of.scheme().starts_with("rediss") {
            builder = builder.set_client_to_redis_tls_mode(TlsMode::Secure);
        }
        if !of.username().is_empty() {
            builder = builder.set_client_to_redis_username(decoded(of.username()));
        }
        if let Some(password) = of.password() {
            builder = builder.set_client_to_redis_password(decoded(password));
        }
        if let Some(certificates) = self.certificates() {
            builder = builder.set_client_to_redis_certificates(certificates);
        }
        builder.build()
    }

    fn certificates(&self) -> Option<TlsCertificates> {
        let root_cert = Some(self.ca.clone()?);
        Some(TlsCertificates { client_tls: None, root_cert })
    }
}

fn is_sentinel(url: &str) -> bool {
    url.starts_with("redis+sentinel:") || url.starts_with("rediss+sentinel:")
}

fn checked(url: &str) -> Result<String, String> {
    let known = ["redis://", "rediss://", "redis+unix://", "unix://"];
    if !known.iter().any(|scheme| url.starts_with(scheme)) {
        return Err("it must start with redis:// or rediss:// (or redis+sentinel://)".to_owned());
    }
    let info = url.into_connection_info();
    let info = info.map_err(|_| "it is no URL of a Redis server".to_owned())?;
    match DATABASES.contains(&info.redis_settings().db()) {
        true => Ok(url.to_owned()),
        false => Err(NO_DATABASE.to_owned()),
    }
}

/// Redis itself takes no greater number.
const DATABASES: RangeInclusive<i64> = 0..=i32::MAX as i64;

const NO_DATABASE: &str = "the number of a database is 0 or more: redis://host:6379/0";

/// Several hosts are no URL: the further ones are taken out first.
fn sentinel(written: &str) -> Result<Kind, String> {
    const WRONG: &str = "it must look like redis+sentinel://host:26379/mymaster";
    let (scheme, rest) = written.split_once("://").ok_or(WRONG)?;
    let (authority, path) = rest.split_once('/').ok_or(WRONG)?;
    let (credentials, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
    let mut nodes = Vec::new();
    for host in hosts.split(',') {
        let one = Url::parse(&format!("redis://{host}")).map_err(|_| WRONG)?;
        let name = one.host_str().filter(|name| !name.is_empty()).ok_or(WRONG)?;
        nodes.push(ConnectionAddr::Tcp(name.to_owned(), one.port().unwrap_or(26379)));
    }
    let of = Url::parse(&format!("{scheme}://{credentials}@host/{path}")).map_err(|_| WRONG)?;
    if of.query().is_some() || of.fragment().is_some() {
        return Err("it has a `?` or a `#`, which mean nothing there".to_owned());
    }
    let mut path = of.path().split('/').skip(1);
    let master = path.next().filter(|name| !name.is_empty()).ok_or(WRONG)?;
    let database = path.next().filter(|text| !text.is_empty()).unwrap_or("0").parse();
    let database = database.ok().filter(|number| DATABASES.contains(number)).ok_or(NO_DATABASE)?;
    if path.next().is_some() {
        return Err(WRONG.to_owned());
    }
    Ok(Kind::Sentinel { nodes, master: decoded(master), database, of })
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Without the URLs: they may hold a password.
impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::One(_) => "one server",
            Kind::Sentinel { .. } => "sentinels",
            Kind::Cluster(_) => "a cluster",
        };
        write!(f, "Target({kind})")
    }
}
