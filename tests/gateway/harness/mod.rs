//! A sentence-like way to start a gateway on a free port and to ask it.
//!
//! ```ignore
//! let users = Upstream::start().await;
//! users.on("GET", "/users/{id}", Reply::json(json!({"id": "u1"})));
//! let gateway = Gateway::config().upstream("users", &users).route("users/[id].toml", ROUTE).start().await;
//! gateway.get("/users/u1").await.assert_json(200, json!({"data": {"id": "u1"}}));
//! ```

mod config;
mod gateway;
mod open;
mod raw;
mod reply;

pub use config::Config;
pub use gateway::{Gateway, Request, token};
pub use open::serving;
pub use reply::Reply as Answer;
pub use serde_json::json;
pub use upstream_mocks::{Gate, Reply, Then, Upstream};
