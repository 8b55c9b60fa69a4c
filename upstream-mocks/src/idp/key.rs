use std::fmt;
use std::sync::{Arc, OnceLock};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Value, json};

/// A key that signs tokens, good ones and others.
#[derive(Clone)]
pub struct SigningKey {
    key: EncodingKey,
    algorithm: Algorithm,
    jwk: Value,
    pem: Arc<str>,
}

impl SigningKey {
    /// A new one for ES256, with this `kid`.
    #[expect(clippy::expect_used, reason = "a test without its key cannot go on")]
    pub fn es256(id: &str) -> Self {
        let (algorithm, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let der = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, der.as_ref()).expect("a key");
        // SEC 1, 2.3.3: 4, then x and y of 32 bytes each.
        let point = pair.public_key().as_ref();
        let (x, y) = (text(&point[1..33]), text(&point[33..]));
        let jwk = json!({"kty": "EC", "crv": "P-256", "kid": id, "x": x, "y": y});
        let key = EncodingKey::from_ec_der(der.as_ref());
        Self { key, algorithm: Algorithm::ES256, jwk, pem: pem(der.as_ref()) }
    }

    /// One for RS256, or PS256, with this `kid`. All of a process are the same: they take long to make.
    #[expect(clippy::expect_used, reason = "a test without its key cannot go on")]
    pub fn rs256(id: &str) -> Self {
        static RSA: OnceLock<RsaKeyPair> = OnceLock::new();
        let pair = RSA.get_or_init(|| RsaKeyPair::generate(KeySize::Rsa2048).expect("a key"));
        // PKCS #1: a sequence of n and e; n has 257 bytes with its sign, e is 65537.
        let der = pair.public_key().as_ref();
        let n = text(&der[der.len() - 5 - 256..][..256]);
        let jwk = json!({"kty": "RSA", "kid": id, "n": n, "e": "AQAB"});
        let der: Pkcs8V1Der<'_> = pair.as_der().expect("a key");
        let pem = pem(der.as_ref());
        let key = EncodingKey::from_rsa_pem(pem.as_bytes()).expect("a key");
        Self { key, algorithm: Algorithm::RS256, jwk, pem }
    }

    /// A new one for `EdDSA` (Ed25519), with this `kid`.
    #[expect(clippy::expect_used, reason = "a test without its key cannot go on")]
    pub fn eddsa(id: &str) -> Self {
        let der = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key");
        let pair = Ed25519KeyPair::from_pkcs8(der.as_ref()).expect("a key");
        let x = text(pair.public_key().as_ref());
        let jwk = json!({"kty": "OKP", "crv": "Ed25519", "kid": id, "x": x});
        let key = EncodingKey::from_ed_der(der.as_ref());
        Self { key, algorithm: Algorithm::EdDSA, jwk, pem: pem(der.as_ref()) }
    }

    /// One for HS256, which no provider should have.
    pub fn hs256(secret: &[u8]) -> Self {
        let key = EncodingKey::from_secret(secret);
        Self { key, algorithm: Algorithm::HS256, jwk: Value::Null, pem: "".into() }
    }

    /// `kid`
    pub fn id(&self) -> &str {
        self.jwk["kid"].as_str().unwrap_or_default()
    }

    /// The public key as an entry of a key set (RFC 7517 §4), without `alg`.
    pub fn jwk(&self) -> Value {
        self.jwk.clone()
    }

    /// The private key, `-----BEGIN PRIVATE KEY-----`.
    pub fn private_pem(&self) -> &str {
        &self.pem
    }

    /// What it signs with unless a header says otherwise.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// A token of these claims. The header has `alg`, `kid` and these members; null leaves one out.
    pub fn token(&self, header: Value, claims: &Value) -> String {
        let mut whole = json!({"alg": self.algorithm, "kid": self.id()});
        super::change(&mut whole, &header);
        self.sign(&whole.to_string(), &claims.to_string())
    }

    /// A token of any text, well signed: with the header's algorithm where the key can do that.
    #[expect(clippy::expect_used, reason = "a test without its token cannot go on")]
    pub fn sign(&self, header: &str, claims: &str) -> String {
        let named = serde_json::from_str::<Value>(header).unwrap_or_default();
        let named = serde_json::from_value(named["alg"].clone()).ok();
        let message = format!("{}.{}", text(header.as_bytes()), text(claims.as_bytes()));
        let sign = |algorithm| crypto::sign(message.as_bytes(), &self.key, algorithm);
        let signature = named.map(sign).and_then(Result::ok);
        let signature = signature.unwrap_or_else(|| sign(self.algorithm).expect("a signature"));
        format!("{message}.{signature}")
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({:?}, {:?})", self.id(), self.algorithm)
    }
}

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn pem(der: &[u8]) -> Arc<str> {
    let body = STANDARD.encode(der);
    let lines: Vec<_> = body.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n")).into()
}
