//! Keys that verify signatures. Each serves exactly one algorithm (RFC 8725 §3.1).

use aws_lc_rs::hmac;
use aws_lc_rs::rsa::PublicEncryptingKey;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA256, RsaParameters, RsaPublicKeyComponents, VerificationAlgorithm,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::issuer::Algorithm;
use super::{json, pem};

/// One key, parsed once.
pub(super) struct Key {
    id: Option<String>,
    algorithm: Algorithm,
    material: Material,
}

enum Material {
    Secret(Box<hmac::Key>),
    Public(ParsedPublicKey),
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
        let keys = keys.iter().filter_map(Value::as_object);
        Ok(Self::Published(keys.filter_map(|jwk| Key::from_jwk(jwk, accepted)).collect()))
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
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        Ok(Self {
            id: None,
            algorithm: Algorithm::HS256,
            material: Material::Secret(Box::new(key)),
        })
    }

    /// A public key in PEM, which must be of the algorithm's kind.
    pub(super) fn from_pem(pem: &[u8], algorithm: Algorithm) -> Result<Self, String> {
        let der = pem::public_key(pem)?;
        let kind = kind(algorithm).ok_or("a public key cannot verify `HS256`")?;
        let wrong = || format!("not a key for {}: {}", algorithm.name(), wanted(algorithm));
        let key = ParsedPublicKey::new(kind, &der).map_err(|_| wrong())?;
        if rsa_parameters(algorithm).is_some() && rsa_bits(&der).is_none_or(|bits| bits < MIN_RSA) {
            return Err(format!("RSA keys need at least {MIN_RSA} bits"));
        }
        Ok(Self { id: None, algorithm, material: Material::Public(key) })
    }

    /// A key of a JWKS, or nothing if it is not one to verify the accepted algorithms with.
    fn from_jwk(jwk: &Map<String, Value>, accepted: &[Algorithm]) -> Option<Self> {
        let text = |name| jwk.get(name).and_then(Value::as_str);
        let allowed = |name, value: &str| match jwk.get(name) {
            None => true,
            Some(Value::Array(items)) => items.iter().any(|item| item == value),
            Some(one) => one == value,
        };
        if !allowed("use", "sig") || !allowed("key_ops", "verify") {
            return None;
        }
        let fits = |algorithm: &Algorithm| {
            let (kty, curve) = shape(*algorithm);
            text("kty") == Some(kty)
                && (curve.is_none() || text("crv") == curve)
                && allowed("alg", algorithm.name())
        };
        let mut algorithms = accepted.iter().copied().filter(fits);
        // An RSA key without `alg` where RS256 and PS256 are both accepted: it could serve only one, and does not say which.
        let (Some(algorithm), None) = (algorithms.next(), algorithms.next()) else {
            return None;
        };
        let id = match jwk.get("kid") {
            None => None,
            Some(id) => Some(id.as_str()?.to_owned()),
        };
        Some(Self { id, algorithm, material: Material::Public(public_key(jwk, algorithm)?) })
    }

    /// Whether `signature` is this key's over `message`; in constant time where the key is a secret.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.material {
            Material::Secret(key) => hmac::verify(key, message, signature).is_ok(),
            Material::Public(key) => key.verify_sig(message, signature).is_ok(),
        }
    }
}

/// The key in the members of a JWK (RFC 7518 §6.2 and §6.3, RFC 8037 §2). The library checks that a point is on its curve.
fn public_key(jwk: &Map<String, Value>, algorithm: Algorithm) -> Option<ParsedPublicKey> {
    let bytes = |name| URL_SAFE_NO_PAD.decode(jwk.get(name)?.as_str()?).ok();
    if let Some(parameters) = rsa_parameters(algorithm) {
        let (n, e) = (bytes("n")?, bytes("e")?);
        let strong = n.len() * 8 >= MIN_RSA && n.len() * 8 <= MAX_RSA;
        let components = RsaPublicKeyComponents { n, e };
        return strong.then(|| components.to_parsed_public_key(parameters).ok())?;
    }
    let x = bytes("x").filter(|x| x.len() == 32)?;
    let raw = match algorithm {
        Algorithm::ES256 => {
            let y = bytes("y").filter(|y| y.len() == 32)?;
            [&[0x04][..], &x, &y].concat()
        }
        _ => x,
    };
    ParsedPublicKey::new(kind(algorithm)?, raw).ok()
}

/// `kty` and `crv` of the keys that an algorithm takes.
fn shape(algorithm: Algorithm) -> (&'static str, Option<&'static str>) {
    match algorithm {
        Algorithm::HS256 => ("oct", None),
        Algorithm::RS256 | Algorithm::PS256 => ("RSA", None),
        Algorithm::ES256 => ("EC", Some("P-256")),
        Algorithm::EdDSA => ("OKP", Some("Ed25519")),
    }
}

fn kind(algorithm: Algorithm) -> Option<&'static dyn VerificationAlgorithm> {
    Some(match algorithm {
        Algorithm::HS256 => return None,
        Algorithm::RS256 => &RSA_PKCS1_2048_8192_SHA256,
        Algorithm::PS256 => &RSA_PSS_2048_8192_SHA256,
        Algorithm::ES256 => &ECDSA_P256_SHA256_FIXED,
        Algorithm::EdDSA => &ED25519,
    })
}

fn rsa_parameters(algorithm: Algorithm) -> Option<&'static RsaParameters> {
    match algorithm {
        Algorithm::RS256 => Some(&RSA_PKCS1_2048_8192_SHA256),
        Algorithm::PS256 => Some(&RSA_PSS_2048_8192_SHA256),
        Algorithm::HS256 | Algorithm::ES256 | Algorithm::EdDSA => None,
    }
}

fn rsa_bits(der: &[u8]) -> Option<usize> {
    let info = || PublicEncryptingKey::from_der(der).ok().map(|key| key.key_size_bits());
    let pkcs1 = RsaParameters::public_modulus_len(der).ok();
    pkcs1.and_then(|bits| usize::try_from(bits).ok()).or_else(info)
}

fn wanted(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::HS256 => "that takes a secret",
        Algorithm::RS256 | Algorithm::PS256 => "that takes an RSA key",
        Algorithm::ES256 => "that takes an EC key on the curve P-256",
        Algorithm::EdDSA => "that takes an Ed25519 key",
    }
}

const MAX_KEYS: usize = 100;
const MAX_RSA: usize = 8192;
const MIN_RSA: usize = 2048;
const MIN_SECRET: usize = 32;
