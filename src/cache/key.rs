//! What an entry is found by.

use aws_lc_rs::digest::{Context, SHA256};

/// What an entry is found by: a SHA-256 of all that decides it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key([u8; 32]);

/// A key that is being made. Each part stands with its length, so that no two lists of parts give the same bytes.
pub struct KeyOf(Context);

impl Key {
    /// Begins a key.
    pub fn of(kind: &str) -> KeyOf {
        KeyOf(Context::new(&SHA256)).part(kind.as_bytes())
    }

    /// The hash.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The hash.
    pub fn into_bytes(self) -> [u8; 32] {
        self.0
    }
}

impl KeyOf {
    /// Adds a part.
    #[must_use]
    pub fn part(mut self, part: &[u8]) -> Self {
        self.0.update(&(part.len() as u64).to_be_bytes());
        self.0.update(part);
        self
    }

    /// Adds the number of parts that follow, so that a list cannot run into what stands behind it.
    #[must_use]
    pub fn count(self, count: usize) -> Self {
        self.part(&(count as u64).to_be_bytes())
    }

    /// The key.
    pub fn end(self) -> Key {
        let mut hash = [0; 32];
        hash.copy_from_slice(self.0.finish().as_ref());
        Key(hash)
    }
}
