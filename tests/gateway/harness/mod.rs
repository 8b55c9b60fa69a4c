//! A sentence-like way to start a gateway on a free port and to ask it.
//!
//! ```ignore
//! let users = Upstream::start().await;
//! users.on("GET", "/users/{id}", Reply::json(json!({"id": "u1"})));
//! let gateway = Gateway::config().upstream("users", &users).route("users/[id].toml", ROUTE).start().await;
//! gateway.get("/users/u1").await.assert_json(200, json!({"data": {"id": "u1"}}));
//! ```

mod browser;
mod clock;
mod config;
mod gateway;
mod hostile;
mod html;
mod jar;
mod open;
mod program;
mod provider;
mod proxy;
mod raw;
mod redis;
mod reply;
pub mod secrets;
mod signer;
mod slow;
mod visitor;

pub use browser::browse;
pub use config::{Config, SECRET};
pub use gateway::{Gateway, Request};
pub use hostile::{Browser, ORIGIN, login_at};
pub use open::serving;
pub use program::Program;
pub use provider::Provider;
pub use proxy::Proxy;
pub use raw::{RawReply, parse_replies, read_replies, read_until_closed};
pub use redis::{Redis, free_port};
pub use reply::Reply as Answer;
pub use serde_json::{Value, json};
pub use signer::{Signer, now, token, usual};
pub use slow::Slow;
pub use upstream_mocks::{Fault, Gate, Idp, Mocks, Options, Reply, Then, Upstream};
pub use visitor::Visitor;
