//! What is noted beside sessions: what must not take place again, and who is at work on one.

use std::time::Duration;

use super::row::{Entry, Hash, hash};
use super::sessions::Sessions;
use crate::fault::Fault;

impl Sessions<'_> {
    /// True the first time that this is asked with the same parts, for `keep`.
    ///
    /// # Errors
    /// 503 `STORE_UNAVAILABLE`, also where `[stores] max_memory` is full of them.
    pub async fn once(&self, parts: &[&[u8]], keep: Duration) -> Result<bool, Fault> {
        let now = self.shared.now();
        self.entries.once(hash(parts), now + keep, now).await
    }

    /// The same where that is a second line only: the mark may be forgotten before, so that there is no end to what can be
    /// marked by whoever likes to.
    ///
    /// # Errors
    /// 503 `STORE_UNAVAILABLE`.
    pub async fn once_lately(&self, parts: &[&[u8]], keep: Duration) -> Result<bool, Fault> {
        let now = self.shared.now();
        self.entries.once_lately(hash(parts), now + keep, now).await
    }

    /// Whether [`Self::once`] has been asked with these parts.
    ///
    /// # Errors
    /// 503 `STORE_UNAVAILABLE`.
    pub async fn seen(&self, parts: &[&[u8]]) -> Result<bool, Fault> {
        self.entries.seen(hash(parts), self.shared.now()).await
    }

    /// Whether `owner` alone may refresh a session, for `keep` at most.
    ///
    /// # Errors
    /// 503 `STORE_UNAVAILABLE`.
    pub async fn lease(&self, entry: Entry, owner: Hash, keep: Duration) -> Result<bool, Fault> {
        let now = self.shared.now();
        self.entries.lease(entry, owner, now + keep, now).await
    }

    /// Gives a lease back.
    ///
    /// # Errors
    /// 503 `STORE_UNAVAILABLE`.
    pub async fn release(&self, entry: Entry, owner: Hash) -> Result<(), Fault> {
        self.entries.release(entry, owner).await
    }
}
