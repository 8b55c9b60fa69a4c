//! Private services to run a gateway against, with faults on demand.
//!
//! - [`Upstream`] is one that a test scripts, request by request.
//! - [`Idp`] is an OpenID provider that a test scripts.
//! - [`Mocks`] are the demo's services with their data, keys and [`Fault`]s; also as a program.

mod fault;
mod idp;
mod mocks;
mod pattern;
mod scripted;
mod secret;
mod services;
mod wire;

pub use fault::Fault;
pub use idp::{CLIENT_ID, CLIENT_SECRET, Idp, SigningKey};
pub use mocks::{Mocks, Options};
pub use scripted::Upstream;
pub use secret::on_secret;
pub use services::Provider;
pub use wire::{Gate, Recorded, Reply, Then};

/// The services that want an API key, in the order of their ports; `token` is before them,
/// `id` and `web` are behind.
pub const GUARDED: [&str; 7] =
    ["users", "analytics", "notifications", "posts", "orders", "payments", "stock"];

/// Paths under it steer the mocks, and are not logged.
const CONTROL: &str = "/_control/";
