//! What Redis tells by itself: messages of all who share it.

use futures_util::StreamExt;
use redis::aio::PubSubStream;
use redis::{Cmd, FromRedisValue, RedisError, ScriptInvocation};
use tokio::time::timeout;

use super::redis::{Away, Connection, PATIENCE};
use super::target::Target;

/// Messages, as they come, until the connection ends.
pub struct Messages(PubSubStream);

/// A connection that no request waits for, beside the one that messages come on. Questions take as long as they take.
pub struct Aside(Connection);

impl Target {
    /// Subscribes to channels; with a connection for what is to be sent to them. Takes a second at most. In a cluster each
    /// server tells what was sent to any: each further attempt asks the next one.
    ///
    /// # Errors
    /// It was not reached.
    pub async fn subscribe(
        &self,
        channels: &[String],
        attempt: usize,
    ) -> Result<(Messages, Aside), Away> {
        let opening = async {
            let clients = self.clients().await?;
            let next = attempt.checked_rem(clients.len()).unwrap_or(0);
            let mut hearing = clients[next].get_async_pubsub().await?;
            hearing.subscribe(channels).await?;
            let aside = self.connect().await?;
            Ok::<_, RedisError>((Messages(hearing.into_on_message()), Aside(aside)))
        };
        match timeout(self.timeout.max(PATIENCE), opening).await {
            Ok(opened) => opened.map_err(|error| Away::because(&error)),
            Err(_) => Err(Away::because(&"no answer")),
        }
    }
}

impl Messages {
    /// The next one: its channel, and what it says. Nothing where the connection has ended.
    pub async fn next(&mut self) -> Option<(String, Vec<u8>)> {
        let message = self.0.next().await?;
        Some((message.get_channel_name().to_owned(), message.get_payload_bytes().to_owned()))
    }
}

impl Aside {
    /// Asks a command.
    ///
    /// # Errors
    /// The connection has ended, or the answer cannot be read.
    pub async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, Away> {
        let answer = command.query_async(&mut self.0.clone()).await;
        answer.map_err(|error: RedisError| Away::because(&error))
    }

    /// Runs a script, by its hash where the server knows it.
    ///
    /// # Errors
    /// The connection has ended, or the answer cannot be read.
    pub async fn run<T: FromRedisValue>(&self, script: &ScriptInvocation<'_>) -> Result<T, Away> {
        let answer = script.invoke_async(&mut self.0.clone()).await;
        answer.map_err(|error: RedisError| Away::because(&error))
    }
}
