//! What the TOML says, with the place of everything, and no meaning yet.
//!
//! Structs mirror the files; `compile` gives them their meaning.

mod gateway;
mod plain;
mod route;
mod upstreams;

pub use gateway::*;
pub use plain::{Plain, Program, Template, Toml};
pub use route::*;
pub use upstreams::*;
