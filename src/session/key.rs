//! What the cookie of a session holds.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::row::Entry;

/// The id of a session, and the key that opens its record: `v1.` and 48 bytes in base64url.
#[derive(Clone, PartialEq, Eq)]
pub struct Key([u8; ID + SECRET]);

/// 128 bits.
const ID: usize = 16;
/// 256 bits.
const SECRET: usize = 32;
const VERSION: &str = "v1.";

impl Key {
    /// A new one.
    ///
    /// # Errors
    /// The system has no randomness.
    pub fn new() -> Result<Self, Unspecified> {
        let mut bytes = [0; ID + SECRET];
        rand::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// Reads a cookie's value; nothing where it cannot be one of ours.
    pub fn parse(value: &[u8]) -> Option<Self> {
        let text = value.strip_prefix(VERSION.as_bytes())?;
        let mut bytes = [0; ID + SECRET];
        let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
        (length == bytes.len()).then_some(Self(bytes))
    }

    /// The cookie's value.
    pub fn reveal(&self) -> String {
        format!("{VERSION}{}", URL_SAFE_NO_PAD.encode(self.0))
    }

    /// What its record is known by in a store.
    pub fn entry(&self) -> Entry {
        Entry::of(&self.0[..ID])
    }

    /// The part that names it.
    #[cfg(test)]
    pub(super) fn id(&self) -> &[u8] {
        &self.0[..ID]
    }

    /// The part that opens its record.
    pub(super) fn secret(&self) -> &[u8] {
        &self.0[ID..]
    }

    /// A fingerprint of all of it: who has another secret for the same id has another one.
    pub(super) fn fingerprint(&self) -> [u8; 32] {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, &self.0).as_ref());
        hash
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(***)")
    }
}
