//! Tokens, good and forged.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use frontdesk::clock::{Clock as _, SystemClock};
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Value, json};

use super::config::SECRET;
use super::secrets;

/// Someone who signs tokens, rightly or not.
pub struct Signer {
    key: EncodingKey,
    algorithm: Algorithm,
    jwk: Value,
    pem: String,
    private: String,
}

impl Signer {
    /// HS256 with the secret of `[tokens.main]`.
    pub fn secret() -> Self {
        Self::with_secret(SECRET.as_bytes())
    }

    pub fn with_secret(secret: &[u8]) -> Self {
        let key = EncodingKey::from_secret(secret);
        let (pem, private) = (String::new(), String::new());
        Self { key, algorithm: Algorithm::HS256, jwk: Value::Null, pem, private }
    }

    /// ES256 with a new key.
    pub fn ec() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
        let private = pair.to_pkcs8v1().expect("a key");
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().expect("a key");
        let point = pair.public_key().as_ref();
        let (x, y) = (URL_SAFE_NO_PAD.encode(&point[1..33]), URL_SAFE_NO_PAD.encode(&point[33..]));
        Self {
            key: EncodingKey::from_ec_der(private.as_ref()),
            algorithm: Algorithm::ES256,
            jwk: json!({"kty": "EC", "crv": "P-256", "x": x, "y": y}),
            pem: pem("PUBLIC KEY", public.as_ref()),
            private: pem("PRIVATE KEY", private.as_ref()),
        }
    }

    /// RS256 with a new key.
    pub fn rsa() -> Self {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
        let private: Pkcs8V1Der<'_> = pair.as_der().expect("a key");
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().expect("a key");
        let private = pem("PRIVATE KEY", private.as_ref());
        Self {
            key: EncodingKey::from_rsa_pem(private.as_bytes()).expect("a key"),
            algorithm: Algorithm::RS256,
            jwk: Value::Null,
            pem: pem("PUBLIC KEY", public.as_ref()),
            private,
        }
    }

    pub fn pem(&self) -> &str {
        &self.pem
    }

    pub fn private_pem(&self) -> &str {
        &self.private
    }

    /// The public key as an entry of a key set.
    pub fn jwk(&self, id: &str) -> Value {
        let mut jwk = self.jwk.clone();
        jwk["kid"] = id.into();
        jwk
    }

    /// A token whose header has these members beside `alg`, with the usual claims and these; null leaves one out.
    pub fn token(&self, header: Value, claims: Value) -> String {
        let mut whole = json!({"alg": self.algorithm});
        whole.as_object_mut().expect("an object").extend(members(header));
        self.sign(&whole.to_string(), &usual(claims).to_string())
    }

    /// A well signed token of any text. The signature is of the header's algorithm where the key can make one.
    pub fn sign(&self, header: &str, claims: &str) -> String {
        let named = serde_json::from_str::<Value>(header).ok();
        let named = named.and_then(|header| serde_json::from_value(header["alg"].clone()).ok());
        let message =
            format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let sign = |algorithm| crypto::sign(message.as_bytes(), &self.key, algorithm);
        let signature = named.map(sign).and_then(Result::ok);
        let signature = signature.unwrap_or_else(|| sign(self.algorithm).expect("a signature"));
        let token = format!("{message}.{signature}");
        secrets::used("token", &token);
        token
    }
}

/// A token of the harness's issuer, good for an hour unless the claims say otherwise.
pub fn token(claims: Value) -> String {
    Signer::secret().token(json!({"typ": "JWT"}), claims)
}

/// Claims that are accepted, with these in place of the usual ones; null leaves one out.
pub fn usual(claims: Value) -> Value {
    let mut all = json!({
        "iss": "https://id.test/", "aud": "api", "sub": "u1", "exp": now() + 3600,
    });
    let all_members = all.as_object_mut().expect("an object");
    all_members.extend(members(claims));
    all_members.retain(|_, value| !value.is_null());
    all
}

/// Seconds since 1970.
pub fn now() -> u64 {
    SystemClock.now().as_secs()
}

fn members(value: Value) -> serde_json::Map<String, Value> {
    match value {
        Value::Object(members) => members,
        other => panic!("not an object: {other}"),
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let lines: Vec<_> = body.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
