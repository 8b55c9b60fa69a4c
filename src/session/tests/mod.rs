//! Sessions in all stores.

mod kept;
mod model;
mod promises;
mod secrets;
mod server;
mod steps;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::{Entries, File, Memory, Record, Sessions, Shared, Store};
use crate::clock::Clock;
use crate::seal::Keys;
use crate::store::{self, Redis};
use server::Server;

/// A clock that stands still until it is moved.
#[derive(Default)]
pub(super) struct Seconds(AtomicU64);

impl Seconds {
    fn advance(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for Seconds {
    fn now(&self) -> Duration {
        Duration::from_secs(1_700_000_000 + self.0.load(Ordering::SeqCst))
    }
}

const IDLE: Duration = Duration::from_secs(1800);
const ABSOLUTE: Duration = Duration::from_secs(12 * 3600);

fn run(future: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(future);
}

fn file(path: &Path, clock: &Arc<Seconds>) -> File {
    let file = store::File::open(path, vec![File::tables(clock.clone())]).unwrap();
    File::new(Arc::new(file), 1 << 20)
}

fn keys(bytes: &[u8]) -> Arc<Keys> {
    Arc::new(Keys::new(bytes.iter().map(|byte| vec![*byte; 32])))
}

fn record(subject: &str, token: &str) -> Record {
    Record {
        login: "main".to_owned(),
        issuer: "https://id.example.com".to_owned(),
        subject: subject.to_owned(),
        sid: Some(format!("sid of {subject}")),
        claims: format!("{{\"sub\":\"{subject}\",\"email\":\"{subject}@example.com\"}}"),
        id_token: Some(format!("id token {token}")),
        access_token: format!("access token {token}"),
        access_expires_at: Some(1_700_000_300),
        access_granted_at: 1_700_000_000,
        refresh_token: Some(format!("refresh token {token}")),
    }
}

/// An instance of the gateway, with its own memory and connections.
struct Instance {
    shared: Shared,
    redis: Option<Redis>,
}

impl Instance {
    fn new(store: Store, clock: &Arc<Seconds>, redis: Option<Redis>) -> Self {
        let shared = Shared::new(store, keys(&[1]), (IDLE, ABSOLUTE), clock.clone());
        Self { shared, redis }
    }

    fn sessions(&self) -> Sessions<'_> {
        self.shared.reach(match &self.shared.store {
            Store::Memory(memory) => Entries::Memory(memory),
            Store::File(file) => Entries::File(file),
            Store::Redis => Entries::Redis(self.redis.as_ref().unwrap()),
        })
    }

    /// Waits until what nobody waits for is done.
    async fn settle(&self) {
        self.sessions().list(None).await.unwrap();
    }
}

/// Runs a test with each store.
fn everywhere(test: impl AsyncFn(&Instance, &Seconds)) {
    let clock = Arc::new(Seconds::default());
    run(test(&Instance::new(Store::Memory(Memory::new(1 << 20)), &clock, None), &clock));
    let (clock, folder) = (Arc::new(Seconds::default()), tempfile::tempdir().unwrap());
    let store = Store::File(file(&folder.path().join("x.redb"), &clock));
    run(test(&Instance::new(store, &clock, None), &clock));
    let (clock, server) = (Arc::new(Seconds::default()), Server::start());
    run(test(&Instance::new(Store::Redis, &clock, Some(server.connect())), &clock));
}
