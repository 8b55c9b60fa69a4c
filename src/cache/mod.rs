//! What was answered, kept for a while: bounded in bytes, found by a hash of all that decides it, gone when one of its tags
//! is revalidated.
//!
//! The room knows nothing of what it keeps but its size. A revalidation costs the same however many entries there are:
//! it moves a counter on and notes that at the tag; an entry that began before is gone for whoever looks at it.

mod entries;
mod entry;
mod key;
mod shared;
mod tags;
#[cfg(test)]
mod tests;

pub use entries::{Entries, Look};
pub use entry::{Entry, Lives, Payload};
pub use key::{Key, KeyOf};
pub use shared::{Announced, Begun, Lease, Shared};
pub use tags::{Tag, Tags, Tick};
