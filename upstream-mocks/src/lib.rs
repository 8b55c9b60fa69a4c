//! Private services to run a gateway against, with faults on demand.
//!
//! [`Upstream`] is one that a test scripts, request by request.

mod pattern;
mod scripted;
mod wire;

pub use scripted::Upstream;
pub use wire::{Gate, Recorded, Reply, Then};

/// Paths under it steer the mocks, and are not logged.
const CONTROL: &str = "/_control/";
