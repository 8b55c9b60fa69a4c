//! Who asks for a key, and what becomes of it.

use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;

/// A SHA-256.
pub type Hash = [u8; 32];

/// The wish to be the one who does what a key stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The key, and all that it is bound to.
    pub key: Hash,
    /// What is asked under the key. The same key for something else is a mistake of the client.
    pub fingerprint: Hash,
    /// Tells this claim from all others: the request's id. Only the owner of a key changes its state.
    pub owner: String,
}

/// What is known of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// Nothing: it is held for this claim from now on.
    New,
    /// Somebody else serves it right now.
    InFlight,
    /// Who served it has ended without a record after something may have been changed.
    Lost,
    /// It stands for something else: its fingerprint is another one.
    Other,
    /// It was done, and this is its record.
    Done(Bytes),
}

/// The SHA-256 of these parts. Each stands with its length, so that no two lists of parts give the same bytes.
pub fn hash(parts: &[&[u8]]) -> Hash {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let mut hash = Hash::default();
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// A hash as text: 64 hexadecimal digits.
pub fn hex(hash: &Hash) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_not_joined() {
        let same = hash(&[b"ab", b"c"]);
        assert_eq!(hash(&[b"ab", b"c"]), same);
        for other in [&[&b"a"[..], b"bc"][..], &[b"abc"], &[b"ab", b"c", b""], &[b"c", b"ab"]] {
            assert_ne!(hash(other), same, "{other:?}");
        }
    }
}
