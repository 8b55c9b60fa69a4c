//! The gateway as its users see it: requests in, scripted upstreams behind it, replies out.

#![expect(unreachable_pub, reason = "the harness is nobody's library")]
#![expect(clippy::expect_used, reason = "a test ends where it cannot go on")]

mod access;
mod address;
mod admin;
mod behind_proxies;
mod body;
mod browser;
mod browsers;
mod calls;
mod cors;
mod deadline;
mod demo;
mod docs;
mod each;
mod failure;
mod forms;
mod framing;
mod frontends;
mod harness;
mod idempotency;
mod identity_headers;
mod input;
mod keys;
mod limits;
mod log;
mod login;
mod malformed;
mod origin;
mod paths;
mod provider;
mod real_provider;
mod replies;
mod response_headers;
mod response_schema;
mod routes;
mod secrets;
mod sent;
mod server;
mod session_stores;
mod sessions;
mod sessions_admin;
mod shape;
mod shared_limits;
mod slow;
mod store;
mod templates;
mod text_replies;
mod tls;
mod tokens;
mod upstream;
mod user_tokens;
mod validation;
mod visitor;
mod webhooks;
