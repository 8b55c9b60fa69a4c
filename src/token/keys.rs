//! Keys that verify signatures. Each serves exactly one algorithm (RFC 8725 §3.1).

use std::ops::RangeInclusive;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RsaParameters};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{DecodingKey, DecodingKeyKind, crypto};
use serde::Deserialize;
use serde_json::Value;

use super::issuer::Algorithm;
use super::json;

/// One key.
pub(super) struct Key {
    id: Option<String>,
    algorithm: Algorithm,
    material: DecodingKey,
}

/// The keys of one issuer.
pub(super) enum KeySet {
    /// From the config: whatever `kid` a token names.
    One(Key),
    /// From the provider: by `kid`.
    Published(Vec<Key>),
}

/// What a key set has for a token.
pub(super) enum Found<'a> {
    /// The one key that it must be signed with.
    Key(&'a Key),
    /// Nothing of this name; a newer set may have it.
    Unknown,
    /// Nothing that may verify it.
    Refused(&'static str),
}

impl KeySet {
    /// The usable keys of a JWKS (RFC 7517 §5); others in it are passed over, as §5 asks.
    pub(super) fn from_jwks(body: &[u8], accepted: &[Algorithm]) -> Result<Self, &'static str> {
        let mut set = json::object(body)?;
        let Some(Value::Array(keys)) = set.remove("keys") else {
            return Err("no array `keys`");
        };
        if keys.len() > MAX_KEYS {
            return Err("more than 100 keys");
        }
        Ok(Self::Published(keys.iter().filter_map(|jwk| Key::from_jwk(jwk, accepted)).collect()))
    }

    /// The key for a token's `kid` and `alg`.
    ///
    /// Without a `kid` there must be one key only that could be meant: trying all of them would make a token that names
    /// none the more powerful one.
    pub(super) fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Found<'_> {
        let keys = match self {
            Self::One(key) if key.algorithm == algorithm => return Found::Key(key),
            Self::One(_) => return Found::Refused("the algorithm is not the key's"),
            Self::Published(keys) => keys,
        };
        let named = |key: &&Key| id.is_none() || key.id.as_deref() == id;
        let mut candidates =
            keys.iter().filter(|key| key.algorithm == algorithm && named(key)).fuse();
        match (candidates.next(), candidates.next()) {
            (Some(key), None) => Found::Key(key),
            (Some(_), Some(_)) => Found::Refused("more than one key could be meant"),
            _ if id.is_some() && keys.iter().any(|key| named(&key)) => {
                Found::Refused("the algorithm is not the key's")
            }
            _ => Found::Unknown,
        }
    }
}

impl Key {
    /// A secret for HS256. A short one can be guessed from a single token (RFC 8725 §3.5, RFC 7518 §3.2).
    pub(super) fn from_secret(secret: &[u8]) -> Result<Self, String> {
        if secret.len() < MIN_SECRET {
            return Err(format!("a secret needs at least {MIN_SECRET} bytes"));
        }
        let material = DecodingKey::from_secret(secret);
        Ok(Self { id: None, algorithm: Algorithm::HS256, material })
    }

    /// A public key in PEM, which must be of the algorithm's kind.
    pub(super) fn from_pem(pem: &[u8], algorithm: Algorithm) -> Result<Self, String> {
        one_public_key(pem)?;
        let (read, wanted): (fn(&[u8]) -> _, _) = match algorithm {
            Algorithm::HS256 => return Err("a public key cannot verify `HS256`".into()),
            Algorithm::RS256 | Algorithm::PS256 => {
                (DecodingKey::from_rsa_pem, "an RSA key of 2048 to 8192 bits")
            }
            Algorithm::ES256 => (DecodingKey::from_ec_pem, "an EC key on the curve P-256"),
            Algorithm::EdDSA => (DecodingKey::from_ed_pem, "an Ed25519 key"),
        };
        match read(pem) {
            Ok(material) if is_sound(&material, algorithm) => {
                Ok(Self { id: None, algorithm, material })
            }
            _ => Err(format!("not a key for {}: that takes {wanted}", algorithm.name())),
        }
    }

    /// A key of a JWKS, or nothing if it is not one to verify the accepted algorithms with.
    fn from_jwk(jwk: &Value, accepted: &[Algorithm]) -> Option<Self> {
        let jwk = Jwk::deserialize(jwk).ok()?;
        let common = &jwk.common;
        let signs = |usage| matches!(usage, &PublicKeyUse::Signature);
        let verifies = |operations: &Vec<_>| operations.contains(&KeyOperations::Verify);
        if !common.public_key_use.as_ref().is_none_or(signs)
            || !common.key_operations.as_ref().is_none_or(verifies)
        {
            return None;
        }
        let material = DecodingKey::from_jwk(&jwk).ok()?;
        let fits = |algorithm: &Algorithm| {
            common.key_algorithm.is_none_or(|named| named == algorithm.signing().into())
                && has_curve(&jwk.algorithm, *algorithm)
                && is_sound(&material, *algorithm)
        };
        // An RSA key without `alg` where RS256 and PS256 are both accepted serves the one that is named first.
        let algorithm = accepted.iter().copied().find(fits)?;
        Some(Self { id: jwk.common.key_id, algorithm, material })
    }

    /// Whether `signature`, in base64url, is this key's over `message`; in constant time where the key is a secret.
    pub(super) fn verifies(&self, message: &[u8], signature: &str) -> bool {
        crypto::verify(signature, message, &self.material, self.algorithm.signing())
            .unwrap_or(false)
    }
}

/// Refuses what a reader of PEM would take although it is not the one public key that was meant.
fn one_public_key(pem: &[u8]) -> Result<(), String> {
    let text = std::str::from_utf8(pem).map_err(|_| "not a PEM file: it is not text")?;
    let mut blocks = text.split("-----BEGIN ").skip(1);
    let block = blocks.next().ok_or("not a PEM file: no `-----BEGIN`")?;
    if blocks.next().is_some() {
        return Err("more than one key; give the one that signs".into());
    }
    match block.split("-----").next().unwrap_or_default() {
        "PUBLIC KEY" | "RSA PUBLIC KEY" => Ok(()),
        "CERTIFICATE" => {
            Err("a certificate, not a public key; `openssl x509 -pubkey -noout` takes it out"
                .into())
        }
        label if label.ends_with("PRIVATE KEY") => {
            Err("a private key; only the public one belongs here: `openssl pkey -pubout`".into())
        }
        _ => Err("not a public key".into()),
    }
}

/// Whether a key is of the algorithm's kind, its point on the curve, its modulus of a good size. The library would find
/// that out too, but with the first token.
fn is_sound(key: &DecodingKey, algorithm: Algorithm) -> bool {
    let of_the_kind = key.family() == algorithm.signing().family();
    of_the_kind
        && match (algorithm, key.kind()) {
            (Algorithm::ES256, DecodingKeyKind::SecretOrDer(point)) => {
                ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).is_ok()
            }
            (Algorithm::EdDSA, DecodingKeyKind::SecretOrDer(point)) => {
                ParsedPublicKey::new(&ED25519, point).is_ok()
            }
            (_, DecodingKeyKind::RsaModulusExponent { n, .. }) => {
                u32::try_from(n.len() * 8).is_ok_and(|bits| RSA_BITS.contains(&bits))
            }
            (_, DecodingKeyKind::SecretOrDer(der)) => {
                RsaParameters::public_modulus_len(der).is_ok_and(|bits| RSA_BITS.contains(&bits))
            }
        }
}

/// RFC 7518 §6.2.1.1, RFC 8037 §2: the curve says what the coordinates mean.
fn has_curve(parameters: &AlgorithmParameters, algorithm: Algorithm) -> bool {
    match parameters {
        AlgorithmParameters::RSA(_) => true,
        AlgorithmParameters::EllipticCurve(key) => {
            algorithm == Algorithm::ES256 && key.curve == EllipticCurve::P256
        }
        AlgorithmParameters::OctetKeyPair(key) => {
            algorithm == Algorithm::EdDSA && key.curve == EllipticCurve::Ed25519
        }
        _ => false,
    }
}

const MAX_KEYS: usize = 100;
const MIN_SECRET: usize = 32;
const RSA_BITS: RangeInclusive<u32> = 2048..=8192;
