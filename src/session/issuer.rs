//! What the config says about one issuer of tokens, and which combinations make no sense.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use super::keys::Key;

/// `[tokens.NAME]`: whose tokens are accepted, and under which conditions.
#[derive(Debug)]
pub struct Issuer {
    /// NAME
    pub name: Arc<str>,
    /// What `iss` must equal, character by character.
    pub issuer: Arc<str>,
    /// `aud` must hold one of these.
    pub audience: Vec<String>,
    /// The algorithms accepted; every other is refused whatever the token says.
    pub algorithms: Vec<Algorithm>,
    /// Where the keys come from.
    pub key: KeySource,
    /// Whether tokens may come in `Authorization: Bearer`.
    pub bearer: bool,
    /// The cookie that tokens may come in.
    pub cookie: Option<Arc<str>>,
    /// The values of `typ` that are accepted, in any case, with or without `application/`. A token without one is, too.
    pub types: Vec<String>,
    /// How far clocks may disagree.
    pub leeway: Duration,
}

/// Where the keys of an issuer come from.
pub enum KeySource {
    /// A secret that both sides know, for HS256; 32 bytes at least.
    Secret(Vec<u8>),
    /// A public key in PEM: `PUBLIC KEY`, or `RSA PUBLIC KEY`.
    Pem(Vec<u8>),
    /// A key set that the provider publishes (RFC 7517 §5).
    Jwks {
        /// Its address.
        url: String,
        /// Fetched again when this old; meanwhile the old keys serve.
        refresh: Duration,
        /// The least time between two fetches for keys that are not in the set.
        cooldown: Duration,
    },
}

/// A signature algorithm of RFC 7518 §3.1 and RFC 8037.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC with SHA-256
    HS256,
    /// RSA, PKCS #1 v1.5, with SHA-256
    RS256,
    /// RSA, PSS, with SHA-256
    PS256,
    /// ECDSA on P-256 with SHA-256
    ES256,
    /// Ed25519
    EdDSA,
}

/// Whether `algorithms` goes with the kind of key; the text says why not.
///
/// A key serves one algorithm only (RFC 8725 §3.1), so several make sense with a key set alone.
pub fn check_algorithms(algorithms: &[Algorithm], key: &KeySource) -> Result<(), String> {
    let symmetric = |algorithm: &&Algorithm| **algorithm == Algorithm::HS256;
    match (algorithms, key) {
        ([], _) => Err("at least one algorithm is needed".into()),
        ([Algorithm::HS256], KeySource::Secret(_)) => Ok(()),
        (_, KeySource::Secret(_)) => Err("a secret goes with `HS256` and nothing else".into()),
        (_, KeySource::Pem(_)) if algorithms.len() > 1 => {
            Err("a PEM key serves one algorithm; name the one its issuer signs with".into())
        }
        _ => match algorithms.iter().find(symmetric) {
            Some(_) => Err("`HS256` needs a `secret`; a public key must never serve as one".into()),
            None => Ok(()),
        },
    }
}

/// Whether the key itself can be used with the algorithms; the text says why not, and never shows the key.
pub fn check_key(key: &KeySource, algorithms: &[Algorithm]) -> Result<(), String> {
    match (key, algorithms) {
        (KeySource::Secret(secret), _) => Key::from_secret(secret).map(|_| ()),
        (KeySource::Pem(pem), [algorithm, ..]) => Key::from_pem(pem, *algorithm).map(|_| ()),
        (KeySource::Pem(_), []) => Ok(()),
        (KeySource::Jwks { url, .. }, _) => match url::Url::parse(url) {
            Ok(url) if ["http", "https"].contains(&url.scheme()) => Ok(()),
            _ => Err("not an http or https address".into()),
        },
    }
}

impl Algorithm {
    const ALL: [Self; 5] = [Self::HS256, Self::RS256, Self::PS256, Self::ES256, Self::EdDSA];

    /// As in `alg`.
    pub fn name(self) -> &'static str {
        match self {
            Self::HS256 => "HS256",
            Self::RS256 => "RS256",
            Self::PS256 => "PS256",
            Self::ES256 => "ES256",
            Self::EdDSA => "EdDSA",
        }
    }
}

impl FromStr for Algorithm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == text).ok_or_else(|| {
            let names = Self::ALL.map(|algorithm| format!("`{}`", algorithm.name())).join(", ");
            format!("unknown algorithm `{text}`; there are {names}")
        })
    }
}

impl fmt::Debug for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret(_) => f.write_str("Secret(***)"),
            Self::Pem(_) => f.write_str("Pem(***)"),
            Self::Jwks { url, .. } => write!(f, "Jwks({url})"),
        }
    }
}
