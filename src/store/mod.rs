//! Where state lives that more than one request needs: the connection to Redis.

mod redis;
mod target;

pub use ::redis::{Cmd, Script, cmd};
pub use redis::{Away, Redis};
pub use target::Target;
