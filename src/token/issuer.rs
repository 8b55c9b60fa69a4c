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
    /// All that are accepted.
    pub const ALL: [Self; 5] = [Self::HS256, Self::RS256, Self::PS256, Self::ES256, Self::EdDSA];

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

    pub(super) fn signing(self) -> jsonwebtoken::Algorithm {
        match self {
            Self::HS256 => jsonwebtoken::Algorithm::HS256,
            Self::RS256 => jsonwebtoken::Algorithm::RS256,
            Self::PS256 => jsonwebtoken::Algorithm::PS256,
            Self::ES256 => jsonwebtoken::Algorithm::ES256,
            Self::EdDSA => jsonwebtoken::Algorithm::EdDSA,
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

#[cfg(test)]
mod tests {
    use super::super::forge::{Pair, SECRET, pem};
    use super::*;

    fn secret() -> KeySource {
        KeySource::Secret(SECRET.to_vec())
    }

    fn jwks(url: &str) -> KeySource {
        let (refresh, cooldown) = (Duration::ZERO, Duration::ZERO);
        KeySource::Jwks { url: url.into(), refresh, cooldown }
    }

    #[test]
    fn algorithms_go_with_the_kind_of_key() {
        use Algorithm::{ES256, EdDSA, HS256, PS256, RS256};
        let key = || KeySource::Pem(vec![]);
        assert_eq!(check_algorithms(&[HS256], &secret()), Ok(()));
        assert_eq!(check_algorithms(&[RS256], &key()), Ok(()));
        assert_eq!(check_algorithms(&[RS256, PS256, ES256, EdDSA], &jwks("")), Ok(()));
        for (algorithms, key) in [
            (vec![], secret()),
            (vec![ES256], secret()),
            (vec![HS256, ES256], secret()),
            (vec![HS256], key()),
            (vec![RS256, PS256], key()),
            (vec![ES256, HS256], jwks("")),
        ] {
            assert!(check_algorithms(&algorithms, &key).is_err(), "{algorithms:?} {key:?}");
        }
    }

    #[test]
    fn names_are_exact() {
        assert_eq!("EdDSA".parse(), Ok(Algorithm::EdDSA));
        let text = "none".parse::<Algorithm>().unwrap_err();
        insta::assert_snapshot!(text, @"unknown algorithm `none`; there are `HS256`, `RS256`, `PS256`, `ES256`, `EdDSA`");
        assert!("hs256".parse::<Algorithm>().is_err());
    }

    #[test]
    fn j5_a_short_secret_is_refused_and_not_shown() {
        assert_eq!(check_key(&secret(), &[Algorithm::HS256]), Ok(()));
        let short = KeySource::Secret(b"correct horse battery staple".to_vec());
        let text = check_key(&short, &[Algorithm::HS256]).unwrap_err();
        insta::assert_snapshot!(text, @"a secret needs at least 32 bytes");
        assert_eq!(format!("{short:?}"), "Secret(***)");
    }

    #[test]
    fn a_pem_holds_a_public_key_of_the_algorithms_kind() {
        let check = |pem: &[u8], algorithm| check_key(&KeySource::Pem(pem.into()), &[algorithm]);
        let pairs = [
            (Algorithm::RS256, Pair::rsa()),
            (Algorithm::PS256, Pair::rsa()),
            (Algorithm::ES256, Pair::ec()),
            (Algorithm::EdDSA, Pair::ed()),
        ];
        for (algorithm, pair) in &pairs {
            for (other, _) in &pairs {
                let both_rsa = matches!(pair, Pair::Rsa(_))
                    && other.name().ends_with("S256")
                    && *other != Algorithm::ES256;
                let fits = algorithm == other || both_rsa;
                assert_eq!(check(&pair.pem(), *other).is_ok(), fits, "{algorithm:?} as {other:?}");
            }
        }
        let text = String::from_utf8(Pair::ec().pem()).unwrap();
        let crlf = format!("# a comment\r\n{}", text.replace('\n', "\r\n"));
        assert_eq!(check(crlf.as_bytes(), Algorithm::ES256), Ok(()));
        let wrong = [
            check(&Pair::ec().pem(), Algorithm::RS256),
            check(b"\xff", Algorithm::RS256),
            check(b"secret", Algorithm::RS256),
            check(b"-----BEGIN PUBLIC KEY", Algorithm::RS256),
            check(b"-----BEGIN PUBLIC KEY-----\nAAAA", Algorithm::RS256),
            check(b"-----BEGIN PUBLIC KEY-----\n%\n-----END PUBLIC KEY-----", Algorithm::RS256),
            check(format!("{text}{text}").as_bytes(), Algorithm::ES256),
            check(&pem("CERTIFICATE", b"x"), Algorithm::RS256),
            check(&pem("EC PRIVATE KEY", b"x"), Algorithm::ES256),
            check(&pem("EC PARAMETERS", b"x"), Algorithm::ES256),
        ];
        let texts: Vec<_> = wrong.into_iter().map(Result::unwrap_err).collect();
        insta::assert_snapshot!(texts.join("\n"), @r"
        not a key for RS256: that takes an RSA key of 2048 to 8192 bits
        not a PEM file: it is not text
        not a PEM file: no `-----BEGIN`
        not a key for RS256: that takes an RSA key of 2048 to 8192 bits
        not a key for RS256: that takes an RSA key of 2048 to 8192 bits
        not a key for RS256: that takes an RSA key of 2048 to 8192 bits
        more than one key; give the one that signs
        a certificate, not a public key; `openssl x509 -pubkey -noout` takes it out
        a private key; only the public one belongs here: `openssl pkey -pubout`
        not a public key
        ");
    }

    #[test]
    fn a_weak_rsa_key_is_refused() {
        let n = [&[0x02, 0x81, 0x81, 0x00, 0xc0][..], &[0x01; 127]].concat();
        let e = [0x02, 0x03, 0x01, 0x00, 0x01];
        let der = [&[0x30, 0x81, (n.len() + e.len()) as u8][..], &n, &e].concat();
        let weak = KeySource::Pem(pem("RSA PUBLIC KEY", &der));
        let text = check_key(&weak, &[Algorithm::RS256]).unwrap_err();
        insta::assert_snapshot!(text, @"not a key for RS256: that takes an RSA key of 2048 to 8192 bits");
    }

    #[test]
    fn a_key_set_has_an_address() {
        assert!(check_key(&jwks("https://id.example.com/jwks"), &[]).is_ok());
        for url in ["", "id.example.com", "file:///etc/passwd", "/jwks"] {
            assert!(check_key(&jwks(url), &[]).is_err(), "{url}");
        }
    }
}
