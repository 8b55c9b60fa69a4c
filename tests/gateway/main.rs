//! The gateway as its users see it: requests in, scripted upstreams behind it, replies out.

#[allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    clippy::allow_attributes,
    reason = "not every test needs all of it"
)]
mod harness;

mod admin;
mod body;
mod demo;
mod input;
mod log;
mod malformed;
mod replies;
mod routes;
mod server;
