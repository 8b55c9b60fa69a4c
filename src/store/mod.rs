//! Where state lives that more than one request needs: the connection to Redis, and a file.

mod file;
mod redis;
mod target;

pub use ::redis::{Cmd, Script, cmd};
pub use file::{File, Tables, Unwritten};
pub use redis::{Away, Redis};
pub use target::Target;
