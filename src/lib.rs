//! frontdesk: the single API origin of a web frontend.
//!
//! The rooms, from the bottom up; `src/README.md` is the map, `pipeline::run` is one request.

pub mod clock;
pub mod diagnostic;
pub mod fault;
pub mod flight;
pub mod identity;
pub mod seal;
pub mod value;

pub mod config;

pub mod jq;
pub mod template;

pub mod store;

pub mod cache;
pub mod cookie;
pub mod cors;
pub mod credential;
pub mod csrf;
pub mod encoding;
pub mod idempotency;
pub mod limit;
pub mod login;
pub mod session;
pub mod signature;
pub mod telemetry;
pub mod token;
pub mod upstream;
pub mod validate;

pub mod plan;

pub mod compile;
pub mod pipeline;
pub mod server;

pub mod cli;
