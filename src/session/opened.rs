//! Sessions that were opened lately, so that looking again costs no decryption and no JSON.

use std::mem::size_of;
use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;

use super::live::Live;
use super::row::Hash;

/// Sessions by the fingerprint of what their browser holds. What is here is not known to live: the store is asked
/// each time.
pub(super) struct Opened(Cache<Hash, Arc<Live>>);

impl Opened {
    pub(super) fn new() -> Self {
        let cache = Cache::builder()
            .max_capacity(MOST)
            .weigher(|_, live: &Arc<Live>| u32::try_from(size(live)).unwrap_or(u32::MAX))
            // Nobody's tokens stay in memory for long after they have left.
            .time_to_idle(FORGOTTEN);
        Self(cache.build())
    }

    pub(super) fn get(&self, fingerprint: &Hash) -> Option<Arc<Live>> {
        self.0.get(fingerprint)
    }

    pub(super) fn put(&self, fingerprint: Hash, live: Arc<Live>) {
        self.0.insert(fingerprint, live);
    }
}

/// What it takes in memory, about.
fn size(live: &Live) -> usize {
    let record = &live.record;
    let texts = [&record.id_token, &record.refresh_token];
    let texts = texts.into_iter().flatten().map(String::len).sum::<usize>();
    // The identity has a copy of each; what programs make of the claims is some times as big as their text.
    let shared = 2 * record.access_token.len() + 8 * record.claims.len();
    2 * size_of::<Live>() + texts + shared
}

/// Bytes.
const MOST: u64 = 32 * 1024 * 1024;
const FORGOTTEN: Duration = Duration::from_secs(10 * 60);
