//! A small HTTP/1.1 server on plain TCP, for upstreams that have to misbehave.
//!
//! HTTP libraries refuse to write broken framing, to hang up in the middle of a body or to reset
//! a connection. This one does whatever a [`Reply`] says, and keeps every request as it came.

mod connection;
mod gate;
mod log;
mod recorded;
mod reply;
mod request;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

pub use gate::Gate;
pub(crate) use log::Log;
pub use recorded::Recorded;
pub(crate) use recorded::form_pairs;
pub use reply::{Reply, Then};

/// What decides the reply to a request.
pub(crate) type Answer = Arc<dyn Fn(&Recorded) -> Reply + Send + Sync>;

/// A listener and its connections. All of it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) log: Arc<Log>,
    task: JoinHandle<()>,
}

impl Server {
    /// Listens at `address` (port 0: any free one), and answers in tasks of the current runtime.
    pub(crate) async fn start(
        address: SocketAddr,
        log: Arc<Log>,
        answer: Answer,
    ) -> io::Result<Self> {
        Self::on(TcpListener::bind(address).await?, log, answer)
    }

    /// With a listener that is there already, so that an answer may know its address.
    pub(crate) fn on(listener: TcpListener, log: Arc<Log>, answer: Answer) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let task = tokio::spawn(accept(listener, Arc::clone(&log), answer));
        Ok(Self { address, log, task })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The connections live in the set, so that they end with the task that accepts.
async fn accept(listener: TcpListener, log: Arc<Log>, answer: Answer) {
    let mut connections = JoinSet::new();
    loop {
        // An accept fails when the peer has left already, or for want of file descriptors.
        let Ok((stream, _)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        let number = log.connected();
        let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
        connections.spawn(connection::serve(stream, number, log, answer));
        while connections.try_join_next().is_some() {}
    }
}
