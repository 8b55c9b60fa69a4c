//! What was already done under a key, so that it is done once: for `idempotency`, and for deliveries of webhooks.
//!
//! A key goes through at most three states:
//!
//! - **held**: somebody serves it. For a lease only, so that a process that dies leaves it free.
//! - **sent**: something may have been changed. It is not free again before `keep` and the lease are over, whatever
//!   happens. Where nothing was changed after all, it can still be released.
//! - **done**: a record is there, which later ones get.
//!
//! Use: make a [`Claim`], ask [`Records::begin`]; who gets [`Begun::New`] must end it, by [`Records::finish`] or
//! [`Records::release`], and says [`Records::sent`] right before it changes something.

mod claim;
mod file;
mod header;
mod ledger;
mod memory;
mod records;
mod redis;
mod reply;

pub use claim::{Begun, Claim, Hash, hash, hex};
pub use file::File;
pub use header::{MAX_KEY, key};
pub use memory::Memory;
pub use records::{Records, Store};
pub use reply::Reply;

#[cfg(test)]
mod tests;
