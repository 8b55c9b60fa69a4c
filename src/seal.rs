//! Authenticated encryption of what others keep for us: records of sessions in stores, attempts to log in in cookies.
//!
//! A sealed text is `key id (4) ‖ nonce (12) ‖ ciphertext ‖ tag (16)`, AES-256-GCM under a key that HKDF-SHA-256 makes of
//! one of our keys, a purpose, and a salt, which may be a secret that somebody else holds. What it is about is
//! authenticated with it, so that it counts in its own place only.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};

/// Our keys: the first one seals, all open, so that they can be changed while what they have sealed still counts.
pub struct Keys(Vec<Key>);

struct Key {
    id: [u8; ID],
    secret: Box<[u8]>,
}

/// The fewest bytes that a key has.
pub const MIN_KEY: usize = 32;
const ID: usize = 4;

/// Nothing could be sealed: there is no key, or the system has no randomness.
#[derive(Clone, Copy, Debug)]
pub struct Unsealed;

impl Keys {
    /// The keys, each of [`MIN_KEY`] bytes at least: `compile` checks that.
    pub fn new(secrets: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let key = |secret: Vec<u8>| {
            let mut id = [0; ID];
            let hash = digest(&SHA256, &[b"frontdesk key id ".as_slice(), &secret].concat());
            id.copy_from_slice(&hash.as_ref()[..ID]);
            Key { id, secret: secret.into() }
        };
        Self(secrets.into_iter().map(key).collect())
    }

    /// Seals a text for a purpose. Only who has `salt` opens it, and says what it is about.
    ///
    /// # Errors
    /// See [`Unsealed`].
    pub fn seal(
        &self,
        purpose: &str,
        salt: &[u8],
        about: &[u8],
        text: &[u8],
    ) -> Result<Vec<u8>, Unsealed> {
        let key = self.0.first().ok_or(Unsealed)?;
        let mut body = text.to_vec();
        let cipher = key.cipher(purpose, salt).ok_or(Unsealed)?;
        let nonce = cipher.seal_in_place_append_tag(Aad::from(about), &mut body);
        let nonce = nonce.map_err(|_| Unsealed)?;
        Ok([&key.id, nonce.as_ref().as_slice(), &body].concat())
    }

    /// Opens what was sealed for the same purpose, salt and matter by any of the keys; nothing where it was not.
    pub fn open(&self, purpose: &str, salt: &[u8], about: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (id, rest) = sealed.split_first_chunk::<ID>()?;
        let (nonce, body) = rest.split_first_chunk::<NONCE_LEN>()?;
        self.0.iter().filter(|key| key.id == *id).find_map(|key| {
            let cipher = key.cipher(purpose, salt)?;
            let mut body = body.to_vec();
            let nonce = Nonce::assume_unique_for_key(*nonce);
            let length = cipher.open_in_place(nonce, Aad::from(about), &mut body).ok()?.len();
            body.truncate(length);
            Some(body)
        })
    }
}

impl Key {
    fn cipher(&self, purpose: &str, salt: &[u8]) -> Option<RandomizedNonceKey> {
        let key = Salt::new(HKDF_SHA256, salt).extract(&self.secret);
        let info = [b"frontdesk ".as_slice(), purpose.as_bytes()];
        let mut bytes = [0; 32];
        key.expand(&info, HKDF_SHA256).ok()?.fill(&mut bytes).ok()?;
        RandomizedNonceKey::new(&AES_256_GCM, &bytes).ok()
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({})", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(bytes: &[u8]) -> Keys {
        Keys::new(bytes.iter().map(|byte| vec![*byte; MIN_KEY]))
    }

    #[test]
    fn only_its_own_place_opens_it() {
        let keys = keys(&[1]);
        let sealed = keys.seal("session", b"salt", b"me", b"text").unwrap();
        assert_eq!(keys.open("session", b"salt", b"me", &sealed).as_deref(), Some(&b"text"[..]));
        assert_eq!(keys.open("attempt", b"salt", b"me", &sealed), None);
        assert_eq!(keys.open("session", b"pepper", b"me", &sealed), None);
        assert_eq!(keys.open("session", b"salt", b"you", &sealed), None);
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert_eq!(keys.open("session", b"salt", b"me", &changed), None, "{index}");
            assert_eq!(keys.open("session", b"salt", b"me", &sealed[..index]), None, "{index}");
        }
    }

    #[test]
    fn the_first_key_seals_and_all_open() {
        let sealed = keys(&[1]).seal("x", b"", b"", b"text").unwrap();
        assert!(keys(&[2, 1]).open("x", b"", b"", &sealed).is_some());
        assert!(keys(&[2]).open("x", b"", b"", &sealed).is_none());
        assert!(keys(&[]).seal("x", b"", b"", b"text").is_err());
        let sealed = keys(&[2, 1]).seal("x", b"", b"", b"text").unwrap();
        assert!(keys(&[1]).open("x", b"", b"", &sealed).is_none());
    }

    #[test]
    fn nothing_is_shown() {
        assert_eq!(format!("{:?}", keys(&[1, 2])), "Keys(2)");
    }
}
