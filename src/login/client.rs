//! How the gateway proves that it is the client (RFC 6749 §2.3, RFC 7523 §2.2).

use std::time::Duration;

use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::json;
use url::form_urlencoded::byte_serialize;

use super::metadata::Offered;
use super::problem::Problem;
use super::settings::ClientAuth;

/// The client that the gateway is.
pub(super) struct Client {
    pub(super) id: String,
    proof: Proof,
}

enum Proof {
    Secret(String),
    Key { key: EncodingKey, algorithms: &'static [Algorithm] },
}

/// What a request to the provider gets.
pub(super) struct Shown {
    /// `Authorization`
    pub(super) header: Option<String>,
    /// Further parameters.
    pub(super) form: Vec<(&'static str, String)>,
}

impl Client {
    pub(super) fn new(id: String, auth: &ClientAuth) -> Result<Self, String> {
        let proof = match auth {
            ClientAuth::Secret(secret) => Proof::Secret(secret.clone()),
            ClientAuth::Key(pem) => private_key(pem)?,
        };
        Ok(Self { id, proof })
    }

    /// Proves it to whoever calls itself `audience`.
    pub(super) fn show(
        &self,
        offered: &Offered,
        audience: &str,
        now: Duration,
    ) -> Result<Shown, Problem> {
        match &self.proof {
            Proof::Secret(secret) if offered.only_post() => {
                let form = vec![("client_id", self.id.clone()), ("client_secret", secret.clone())];
                Ok(Shown { header: None, form })
            }
            Proof::Secret(secret) => {
                // §2.3.1: both are encoded as a form before they are joined; a blank so that no reader takes it for a plus.
                let encoded = |text: &str| {
                    byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
                };
                let pair = format!("{}:{}", encoded(&self.id), encoded(secret));
                let header = Some(format!("Basic {}", STANDARD.encode(pair)));
                Ok(Shown { header, form: Vec::new() })
            }
            Proof::Key { key, algorithms } => {
                let takes = |one: &&Algorithm| offered.takes(&format!("{one:?}"));
                let algorithm = algorithms.iter().find(takes).unwrap_or(&algorithms[0]);
                let assertion = self.assertion(key, *algorithm, audience, now);
                let assertion = assertion
                    .ok_or_else(|| Problem::Away("no assertion can be signed".to_owned()))?;
                let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
                let form = vec![
                    ("client_id", self.id.clone()),
                    ("client_assertion_type", kind.to_owned()),
                    ("client_assertion", assertion),
                ];
                Ok(Shown { header: None, form })
            }
        }
    }

    /// RFC 7523 §3; good once, and for a minute.
    fn assertion(
        &self,
        key: &EncodingKey,
        algorithm: Algorithm,
        audience: &str,
        now: Duration,
    ) -> Option<String> {
        let mut id = [0; 16];
        rand::fill(&mut id).ok()?;
        let claims = json!({
            "iss": self.id, "sub": self.id, "aud": audience, "jti": URL_SAFE_NO_PAD.encode(id),
            "iat": now.as_secs(), "exp": now.as_secs() + 60,
        });
        jsonwebtoken::encode(&Header::new(algorithm), &claims, key).ok()
    }
}

/// The key, of whichever kind it is. It signs once, so that one that cannot is told at the start.
fn private_key(pem: &[u8]) -> Result<Proof, String> {
    type Read = fn(&[u8]) -> jsonwebtoken::errors::Result<EncodingKey>;
    let kinds: [(Read, &[Algorithm]); 3] = [
        (EncodingKey::from_rsa_pem, &[Algorithm::RS256, Algorithm::PS256]),
        (EncodingKey::from_ec_pem, &[Algorithm::ES256]),
        (EncodingKey::from_ed_pem, &[Algorithm::EdDSA]),
    ];
    let signs = |key: &EncodingKey, algorithm| {
        jsonwebtoken::encode(&Header::new(algorithm), &json!({}), key).is_ok()
    };
    let mut read = kinds.iter().filter_map(|(read, algorithms)| {
        let key = read(pem).ok().filter(|key| signs(key, algorithms[0]))?;
        Some(Proof::Key { key, algorithms })
    });
    let wanted = "not a private key: that takes RSA, EC on the curve P-256 or Ed25519, in PEM \
                  (`-----BEGIN PRIVATE KEY-----`)";
    read.next().ok_or_else(|| wanted.to_owned())
}
