//! Sessions of logins: what the browser holds is a cookie with a random id and a random key; all else is in a store, under
//! a hash of the id, sealed with the key. Who reads the store learns no token and no cookie.
//!
//! A session ends after `idle` without a request, after `absolute` in any case, at a logout, and when its provider says
//! so. What has ended leaves a mark for a while, so that nobody who was still at it writes it back.

mod entries;
mod file;
mod key;
mod leases;
mod live;
mod marks;
mod memory;
mod opened;
mod record;
mod redis;
mod row;
mod scripts;
mod sessions;
mod shard;
mod tables;
mod timed;

pub use entries::{Entries, Store};
pub use file::File;
pub use key::Key;
pub use live::{Found, Live};
pub use memory::Memory;
pub use record::Record;
pub use row::{About, Entry, Hash, Listed, Row, Swapped, Who};
pub use sessions::{Sessions, Shared};

#[cfg(test)]
mod tests;
