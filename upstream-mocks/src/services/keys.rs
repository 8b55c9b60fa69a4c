use std::io;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde_json::{Value, json};

/// What an issuer signs its tokens with, ES256, and what it publishes of it.
pub(super) struct SigningKey {
    private: EncodingKey,
    public: DecodingKey,
    jwk: Value,
    kid: String,
}

impl SigningKey {
    /// A new key pair. Its `kid` is a part of the public key, so that a restart is a key rotation.
    pub(super) fn new() -> io::Result<Self> {
        let failed = || io::Error::other("no key pair");
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let document =
            EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new()).map_err(|_| failed())?;
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref()).map_err(|_| failed())?;
        // SEC 1, 2.3.3: 4, then x and y of 32 bytes each.
        let point = pair.public_key().as_ref();
        let (x, y) = (URL_SAFE_NO_PAD.encode(&point[1..33]), URL_SAFE_NO_PAD.encode(&point[33..]));
        let kid = x[..8].to_owned();
        let public = DecodingKey::from_ec_components(&x, &y).map_err(|_| failed())?;
        let jwk = json!({
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": kid, "x": x, "y": y,
        });
        Ok(Self { private: EncodingKey::from_ec_der(document.as_ref()), public, jwk, kid })
    }

    /// The key set for `jwks.json`.
    pub(super) fn published(&self) -> Value {
        json!({"keys": [self.jwk]})
    }

    /// A JWT with these claims. `typ` says which kind it is: `at+jwt`, `JWT`, `logout+jwt`.
    pub(super) fn sign(&self, typ: &str, claims: &Value) -> Result<String, String> {
        let mut header = Header::new(Algorithm::ES256);
        header.typ = Some(typ.to_owned());
        header.kid = Some(self.kid.clone());
        jsonwebtoken::encode(&header, claims, &self.private).map_err(|error| error.to_string())
    }

    /// The claims of a JWT of this kind that this key has signed, expired or not.
    pub(super) fn claims(&self, typ: &str, token: &str) -> Option<Value> {
        let mut rules = Validation::new(Algorithm::ES256);
        (rules.validate_exp, rules.validate_aud) = (false, false);
        rules.required_spec_claims.clear();
        let token = jsonwebtoken::decode::<Value>(token, &self.public, &rules).ok()?;
        (token.header.typ.as_deref() == Some(typ)).then_some(token.claims)
    }
}
