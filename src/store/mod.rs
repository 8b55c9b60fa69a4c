//! Where state lives that more than one request needs: the connection to Redis, and a file.

mod file;
mod redis;
mod subscription;
mod target;

pub use ::redis::{Cmd, Script, ScriptInvocation, Value, cmd};
pub use file::{File, Tables, Unwritten};
pub use redis::{Away, Redis};
pub use subscription::{Aside, Messages};
pub use target::Target;
