//! A connection to Redis, opened when it is first needed and again when it is lost.

use std::cell::RefCell;
use std::fmt;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster_async::ClusterConnection;
use redis::{Cmd, FromRedisValue, Pipeline, RedisError, RedisFuture, ScriptInvocation, Value};
use tokio::time::{Instant, timeout};

use super::target::Target;
use crate::fault::{Code, Fault};

/// A worker's connection to Redis. Questions share it; each waits for `timeout` at most, connecting included.
pub struct Redis {
    target: Target,
    link: RefCell<Link>,
}

#[derive(Clone)]
enum Link {
    None,
    /// Goes on while nobody waits for it.
    Opening(Shared<BoxFuture<'static, Result<Connection, Away>>>),
    Open(Connection),
    /// Nobody waits for a server that has just been found away.
    Away(Instant, Away),
}

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

impl Redis {
    /// Connects when it is first asked.
    pub fn new(target: Target) -> Self {
        Self { target, link: RefCell::new(Link::None) }
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
        let answered = timeout(self.target.timeout, async {
            let first = self.connection().await?;
            match ask(first).await {
                // The connection had been lost before anything was sent.
                Err(error) if was_not_sent(&error) => {
                    *self.link.borrow_mut() = Link::None;
                    let again = self.connection().await?;
                    ask(again).await.map_err(|error| self.lost(&error))
                }
                answer => answer.map_err(|error| self.lost(&error)),
            }
        });
        answered.await.unwrap_or_else(|_| {
            let why = Away(format!("no answer after {:?}", self.target.timeout));
            let link = &mut *self.link.borrow_mut();
            // What is being opened may still come.
            if !matches!(link, Link::Opening(_)) {
                *link = Link::Away(Instant::now(), why.clone());
            }
            Err(why)
        })
    }

    async fn connection(&self) -> Result<Connection, Away> {
        let link = self.link.borrow().clone();
        let opening = match link {
            Link::Open(connection) => return Ok(connection),
            Link::Away(since, why) if since.elapsed() < PAUSE => return Err(why),
            Link::Opening(opening) => opening,
            Link::None | Link::Away(..) => self.open(),
        };
        let opened = opening.await;
        let link = match &opened {
            Ok(connection) => Link::Open(connection.clone()),
            Err(why) => Link::Away(Instant::now(), why.clone()),
        };
        *self.link.borrow_mut() = link;
        opened
    }

    fn open(&self) -> Shared<BoxFuture<'static, Result<Connection, Away>>> {
        let target = self.target.clone();
        let task = tokio::spawn(async move { target.connect().await });
        let opening = async move {
            match task.await {
                Ok(connected) => connected.map_err(|error| Away(error.to_string())),
                Err(error) => Err(Away(error.to_string())),
            }
        };
        let opening = opening.boxed().shared();
        *self.link.borrow_mut() = Link::Opening(opening.clone());
        opening
    }

    /// Notes a connection that is of no more use.
    fn lost(&self, error: &RedisError) -> Away {
        // A master that has become a replica refuses writes: the sentinels know the new one.
        let replica = error.code() == Some("READONLY");
        if replica || error.is_unrecoverable_error() || error.is_io_error() && !error.is_timeout() {
            *self.link.borrow_mut() = Link::None;
        }
        Away(error.to_string())
    }
}

fn was_not_sent(error: &RedisError) -> bool {
    let source = std::error::Error::source(error).and_then(|source| source.downcast_ref());
    source.is_some_and(|error: &std::io::Error| error.kind() == std::io::ErrorKind::BrokenPipe)
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
