//! What deliveries are signed with.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac::{self, Context, Key};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Claim, Scheme};

/// A secret that the sender and we know.
pub struct Secret(Key);

/// The hash of an HMAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// SHA-1: its collisions do not break an HMAC, and some senders know nothing else.
    Sha1,
    /// SHA-256
    Sha256,
    /// SHA-512
    Sha512,
}

impl Secret {
    /// Reads a secret as the scheme's sender shows it.
    ///
    /// # Errors
    /// Why it cannot be one, without the secret itself.
    pub fn parse(scheme: &Scheme, text: &str) -> Result<Self, String> {
        let (bytes, least) = match scheme {
            Scheme::StandardWebhooks => {
                let inner = text.strip_prefix("whsec_").unwrap_or(text);
                let help = "the scheme's secrets are base64, after `whsec_`";
                (STANDARD.decode(inner).map_err(|_| help.to_owned())?, LEAST_OF_THE_STANDARD)
            }
            // Stripe's `whsec_` belongs to the secret.
            _ => (text.as_bytes().to_vec(), LEAST),
        };
        if bytes.len() < least {
            return Err(format!("a secret of fewer than {least} bytes can be guessed"));
        }
        let algorithm = match scheme {
            Scheme::Hmac(hmac) => hmac.algorithm.of_hmac(),
            _ => hmac::HMAC_SHA256,
        };
        Ok(Self(Key::new(algorithm, &bytes)))
    }

    /// Whether it made one of the signatures. The comparison takes the same time for every wrong one.
    pub(super) fn signed(&self, claim: &Claim, body: &[u8]) -> bool {
        let mut context = Context::with_key(&self.0);
        context.update(claim.before.as_bytes());
        context.update(body);
        // Made once and compared with each: hundreds of signatures in a header cost one pass over the body.
        let tag = context.sign();
        let same = |signature: &Vec<u8>| verify_slices_are_equal(tag.as_ref(), signature).is_ok();
        claim.signatures.iter().any(same)
    }
}

impl Algorithm {
    fn of_hmac(self) -> hmac::Algorithm {
        match self {
            Self::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha512 => hmac::HMAC_SHA512,
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// Bytes of a secret that people choose, as with GitHub.
const LEAST: usize = 16;
/// Standard Webhooks 1.0, "Signature scheme".
const LEAST_OF_THE_STANDARD: usize = 24;
