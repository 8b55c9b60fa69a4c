//! The listeners, and the way from a connection to the pipeline. The only room that knows actix.

mod admin;
mod app;
mod body;
mod connection;
mod detach;
mod error;
mod handler;
mod head;
mod listen;
mod span;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join;

use crate::clock::Clock;
use crate::pipeline::{Gateway, State};
use crate::plan::Plan;
use crate::token::Fetch;
use listen::Listener;

/// A gateway whose addresses are bound, but that serves nobody yet.
pub struct Server {
    state: Arc<State>,
    public: Vec<Listener>,
    admin: Listener,
}

/// What the workers and the shutdown share.
#[derive(Clone, Default)]
struct Shared {
    /// Set when no new work is wanted: `/readyz` says so.
    draining: Arc<AtomicBool>,
}

impl Server {
    /// Binds the plan's addresses; port 0 takes a free one.
    ///
    /// # Errors
    /// An address that cannot be had, an upstream's settings or keys that cannot be used; the text names which.
    pub fn bind(plan: Plan, clock: Arc<dyn Clock>, fetch: Arc<dyn Fetch>) -> io::Result<Self> {
        let state = Arc::new(State::new(plan, clock, fetch).map_err(io::Error::other)?);
        // Made once here so that settings that no worker could use are told before anything listens.
        Gateway::new(Arc::clone(&state)).map_err(io::Error::other)?;
        let settings = &state.plan.server;
        let public = settings.listen.iter().map(|address| listen::bind(address));
        let public = public.collect::<io::Result<Vec<_>>>()?;
        let admin = listen::bind(&settings.admin)?;
        Ok(Self { state, public, admin })
    }

    /// The bound public TCP addresses, in the order of the config.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.public.iter().filter_map(Listener::address).collect()
    }

    /// The bound admin address, unless it is a Unix socket.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin.address()
    }

    /// All public listeners as text, for the log.
    pub fn listens_on(&self) -> Vec<String> {
        self.public.iter().map(ToString::to_string).collect()
    }

    /// The admin listener as text, for the log.
    pub fn admin_listens_on(&self) -> String {
        self.admin.to_string()
    }

    /// Serves until `stop` is ready; then takes no new connections and waits for the requests in flight, up to
    /// `drain_timeout`.
    ///
    /// # Errors
    /// When the workers cannot be started.
    pub async fn run(self, stop: impl Future<Output = ()>) -> io::Result<()> {
        let (shared, state) = (Shared::default(), Arc::clone(&self.state));
        let (public, admin) = app::start(self, &shared)?;
        let link = Arc::clone(&state);
        let link = tokio::spawn(async move { link.cache.follow().await });
        let (handle, admin_handle) = (public.handle(), admin.handle());
        let stopping = async {
            stop.await;
            shared.draining.store(true, Ordering::Relaxed);
            handle.stop(true).await;
        };
        let serving = async {
            let (result, ()) = join(public, stopping).await;
            // Last of all, so that it can be asked how far the rest has come.
            admin_handle.stop(false).await;
            result
        };
        let (served, administered) = join(serving, admin).await;
        link.abort();
        // Workers may still be ending, but nobody waits for them any more.
        state.close();
        served.and(administered)
    }
}
