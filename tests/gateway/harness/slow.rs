//! A server at the end of a long wire.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::unbounded_channel;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

/// Passes on to a server all that comes, and back, each byte so long after it came.
pub struct Slow {
    address: SocketAddr,
    delay: Arc<AtomicU64>,
    told: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

/// One direction of a connection.
#[derive(Clone)]
struct Wire {
    delay: Arc<AtomicU64>,
    /// For what is told on it.
    told: Arc<AtomicU64>,
    /// The client has subscribed to something.
    subscribed: Arc<AtomicBool>,
}

impl Slow {
    /// In front of a server on a port of this machine; without a delay yet.
    pub async fn start(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let delay = Arc::new(AtomicU64::new(0));
        let told = Arc::new(AtomicU64::new(0));
        let delays = (Arc::clone(&delay), Arc::clone(&told));
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else { continue };
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                let (delay, told) = (Arc::clone(&delays.0), Arc::clone(&delays.1));
                let wire = Wire { delay, told, subscribed: Arc::default() };
                tokio::spawn(pass(from_client, to_server, wire.clone(), true));
                tokio::spawn(pass(from_server, to_client, wire, false));
            }
        });
        Self { address, delay, told, task }
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Takes so long in each direction from now on.
    pub fn delay(&self, delay: Duration) {
        let millis = u64::try_from(delay.as_millis()).expect("a short time");
        self.delay.store(millis, Ordering::SeqCst);
    }

    /// What a Redis tells those who have subscribed to something takes so much longer from now on.
    pub fn delay_told(&self, delay: Duration) {
        let millis = u64::try_from(delay.as_millis()).expect("a short time");
        self.told.store(millis, Ordering::SeqCst);
    }
}

impl Wire {
    fn delay(&self) -> Duration {
        let subscribed = self.subscribed.load(Ordering::SeqCst);
        let told = if subscribed { self.told.load(Ordering::SeqCst) } else { 0 };
        Duration::from_millis(self.delay.load(Ordering::SeqCst) + told)
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, wire: Wire, is_client: bool) {
    let (sender, mut under_way) = unbounded_channel::<(Instant, Vec<u8>)>();
    tokio::spawn(async move {
        while let Some((due, bytes)) = under_way.recv().await {
            sleep_until(due).await;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    });
    let mut bytes = vec![0; 64 << 10];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        if is_client && bytes[..read].windows(9).any(|word| word == b"SUBSCRIBE") {
            wire.subscribed.store(true, Ordering::SeqCst);
        }
        let due = Instant::now() + wire.delay();
        if sender.send((due, bytes[..read].to_vec())).is_err() {
            return;
        }
    }
}

impl Drop for Slow {
    fn drop(&mut self) {
        self.task.abort();
    }
}
