//! The gateway as its users see it: requests in, scripted upstreams behind it, replies out.

#[allow(
    dead_code,
    unused_imports,
    clippy::allow_attributes,
    reason = "not every test needs all of it"
)]
mod harness;

mod calls;
mod deadline;
mod each;
mod failure;
mod replies;
mod sent;
mod shape;
mod templates;
mod tls;
mod upstream;
