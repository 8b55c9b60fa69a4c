//! What the TOML says, with the place of everything, and no meaning yet.
//!
//! Structs mirror the files; `compile` gives them their meaning.

mod decode;
mod files;
mod frontends;
mod gateway;
mod keys;
mod literal;
mod load;
mod parse;
mod plain;
mod route;
mod routes;
mod schema;
mod secret;
mod session;
mod suggest;
mod tree;
mod units;
mod upstreams;
mod values;

pub use files::{Disk, Entry, Files};
pub use gateway::*;
pub use keys::is_built_in;
pub use literal::Literal;
pub use load::load;
pub use plain::*;
pub use route::*;
pub use schema::schema;
pub use secret::{Environment, Piece, Process, Reference, Resolved, Secrets, pieces};
pub use session::*;
pub use suggest::did_you_mean;
pub use tree::*;
pub use upstreams::*;

#[cfg(test)]
mod tests;
