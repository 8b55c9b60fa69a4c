//! A connection to Redis, opened when it is first needed and again when it is lost.

use std::cell::RefCell;
use std::fmt;
use std::pin::pin;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster_async::ClusterConnection;
use redis::{Cmd, FromRedisValue, Pipeline, RedisError, RedisFuture, ScriptInvocation, Value};
use tokio::time::{Instant, timeout, timeout_at};

use super::target::Target;
use crate::fault::{Code, Fault};

/// A worker's connection to Redis. Questions share it; each waits for `timeout` at most, connecting included.
///
/// A server that did not answer is away until it does: one question in 250 ms tries it again, and no other waits
/// meanwhile. In a cluster, where one server of many may be away, each question finds out for itself.
pub struct Redis {
    target: Target,
    link: RefCell<Link>,
}

enum Link {
    None,
    /// Goes on while nobody waits for it.
    Opening(Opening),
    Open(Connection),
    Away {
        why: Away,
        since: Instant,
        again: Option<Opening>,
    },
}

type Opening = Shared<BoxFuture<'static, Result<Connection, Away>>>;

/// A connection: to one server, or to all of a cluster.
#[derive(Clone)]
pub(super) enum Connection {
    One(MultiplexedConnection),
    Cluster(ClusterConnection),
}

/// The store did not answer; why, for the log.
#[derive(Clone, Debug)]
pub struct Away(String);

/// How long nobody asks after it was not reached.
const PAUSE: Duration = Duration::from_millis(250);
/// How long what goes on in the background may take, while requests wait for `timeout` only.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);

impl Redis {
    /// Connects when it is first asked.
    pub fn new(target: Target) -> Self {
        Self { target, link: RefCell::new(Link::None) }
    }

    /// Whether keys of one script must be on one server.
    pub fn is_cluster(&self) -> bool {
        self.target.is_cluster()
    }

    /// Asks a command.
    ///
    /// # Errors
    /// No answer in time, or one that cannot be read.
    pub async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, Away> {
        self.with(async |mut connection| command.query_async(&mut connection).await).await
    }

    /// Runs a script, by its hash where the server knows it.
    ///
    /// # Errors
    /// No answer in time, or one that cannot be read.
    pub async fn run<T: FromRedisValue>(&self, script: &ScriptInvocation<'_>) -> Result<T, Away> {
        self.with(async |mut connection| script.invoke_async(&mut connection).await).await
    }

    async fn with<T>(
        &self,
        ask: impl AsyncFn(Connection) -> Result<T, RedisError>,
    ) -> Result<T, Away> {
        let until = Instant::now() + self.target.timeout;
        for _ in 0..2 {
            let connection = match self.open_connection() {
                Some(connection) => connection,
                None => match timeout_at(until, self.connection()).await {
                    Ok(connection) => connection?,
                    Err(_) => return Err(self.not_in_time()),
                },
            };
            let mut answer = pin!(ask(connection.clone()));
            let answer = match answer.as_mut().now_or_never() {
                // The server has closed an idle connection. An error that comes at once means that nothing was sent.
                Some(Err(error)) if error.is_connection_dropped() => {
                    self.set(Link::None);
                    continue;
                }
                Some(answer) => answer,
                None => match timeout_at(until, answer).await {
                    Ok(answer) => answer,
                    Err(_) => return Err(self.silent(connection)),
                },
            };
            return answer.map_err(|error| self.failed(&error));
        }
        Err(Away("each connection is closed at once".to_owned()))
    }

    fn open_connection(&self) -> Option<Connection> {
        match &*self.link.borrow() {
            Link::Open(connection) => Some(connection.clone()),
            _ => None,
        }
    }

    async fn connection(&self) -> Result<Connection, Away> {
        let opening = match &mut *self.link.borrow_mut() {
            Link::Open(connection) => return Ok(connection.clone()),
            Link::Opening(opening) => opening.clone(),
            Link::Away { again: Some(again), why, .. } => match again.clone().now_or_never() {
                Some(_) => again.clone(),
                None => return Err(why.clone()),
            },
            Link::Away { since, why, .. } if since.elapsed() < PAUSE => return Err(why.clone()),
            Link::Away { again, .. } => again.insert(self.open()).clone(),
            none @ Link::None => {
                let opening = self.open();
                *none = Link::Opening(opening.clone());
                opening
            }
        };
        let opened = opening.await;
        self.set(match &opened {
            Ok(connection) => Link::Open(connection.clone()),
            Err(why) => away(why.clone(), None),
        });
        opened
    }

    /// Connects, whether anybody waits or not.
    fn open(&self) -> Opening {
        let target = self.target.clone();
        self.spawned(async move { target.connect().await })
    }

    fn spawned(
        &self,
        connecting: impl Future<Output = Result<Connection, RedisError>> + Send + 'static,
    ) -> Opening {
        let task = tokio::spawn(timeout(self.target.timeout.max(PATIENCE), connecting));
        let ended = async move {
            match task.await {
                Ok(Ok(connected)) => connected.map_err(|error| Away(error.to_string())),
                Ok(Err(_)) => Err(Away("no answer".to_owned())),
                Err(error) => Err(Away(error.to_string())),
            }
        };
        ended.boxed().shared()
    }

    /// What is being opened may still come.
    fn not_in_time(&self) -> Away {
        let why = Away(format!("no connection after {:?}", self.target.timeout));
        let opening = match &*self.link.borrow() {
            Link::Opening(opening) => Some(opening.clone()),
            _ => None,
        };
        if opening.is_some() {
            self.set(away(why.clone(), opening));
        }
        why
    }

    /// Notes that a question was not answered in time. The moment that the server answers anything it is back.
    fn silent(&self, connection: Connection) -> Away {
        let why = Away(format!("no answer after {:?}", self.target.timeout));
        if let (true, Connection::One(mut one)) = (self.is_open(), connection) {
            let answers = self.spawned(async move {
                redis::cmd("PING").exec_async(&mut one).await?;
                Ok(Connection::One(one))
            });
            self.set(away(why.clone(), Some(answers)));
        }
        why
    }

    /// Notes an answer that is an error.
    fn failed(&self, error: &RedisError) -> Away {
        let why = Away(error.to_string());
        if !self.is_open() {
            return why;
        }
        if error.is_connection_dropped() {
            self.set(Link::None);
        } else if error.code() == Some("READONLY") || error.is_unrecoverable_error() {
            // A master that has become a replica refuses writes: the sentinels know the new one.
            self.set(away(why.clone(), None));
        }
        why
    }

    fn is_open(&self) -> bool {
        matches!(*self.link.borrow(), Link::Open(_))
    }

    fn set(&self, link: Link) {
        let before = self.link.replace(link);
        match (&before, &*self.link.borrow()) {
            (Link::Away { .. }, Link::Open(_)) => tracing::info!("the store is back"),
            (Link::Away { .. }, _) => {}
            (_, Link::Away { why, .. }) => tracing::warn!(cause = %why, "the store is away"),
            _ => {}
        }
    }
}

fn away(why: Away, again: Option<Opening>) -> Link {
    Link::Away { why, since: Instant::now(), again }
}

impl Away {
    pub(super) fn because(why: &impl fmt::Display) -> Self {
        Self(why.to_string())
    }
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::One(one) => one.req_packed_command(command),
            Self::Cluster(cluster) => cluster.req_packed_command(command),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        commands: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::One(one) => one.req_packed_commands(commands, offset, count),
            Self::Cluster(cluster) => cluster.req_packed_commands(commands, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::One(one) => one.get_db(),
            Self::Cluster(cluster) => cluster.get_db(),
        }
    }
}

impl fmt::Display for Away {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "redis: {}", self.0)
    }
}

impl From<Away> for Fault {
    fn from(away: Away) -> Self {
        Self::new(Code::StoreUnavailable).retry_after(Duration::from_secs(1)).cause(away)
    }
}
