//! What tests need: keys made on the spot, tokens good and bad, a clock that is set, a provider that obeys.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    RSA_PSS_SHA256, RsaKeyPair,
};
use aws_lc_rs::{hmac, rsa};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::*;
use crate::clock::Clock;

pub(super) const NOW: u64 = 1_800_000_000;
pub(super) const ISSUER: &str = "https://id.example.com/";
pub(super) const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

/// A key of one side and what the other side needs to check its signatures.
pub(super) enum Pair {
    Secret(Vec<u8>),
    Rsa(&'static RsaKeyPair),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

impl Pair {
    pub(super) fn secret() -> Self {
        Self::Secret(SECRET.to_vec())
    }

    /// The same one for all tests: an RSA key takes long to make.
    pub(super) fn rsa() -> Self {
        static RSA: OnceLock<RsaKeyPair> = OnceLock::new();
        Self::Rsa(RSA.get_or_init(|| RsaKeyPair::generate(rsa::KeySize::Rsa2048).unwrap()))
    }

    pub(super) fn ec() -> Self {
        Self::Ec(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    pub(super) fn ed() -> Self {
        Self::Ed(Ed25519KeyPair::generate().unwrap())
    }

    fn sign(&self, algorithm: &str, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Secret(secret) => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
                hmac::sign(&key, message).as_ref().to_vec()
            }
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let done = match algorithm {
                    "PS256" => pair.sign(&RSA_PSS_SHA256, &random, message, &mut signature),
                    _ => pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature),
                };
                done.unwrap();
                signature
            }
            Self::Ec(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Self::Ed(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }

    fn der(&self) -> Vec<u8> {
        let der: PublicKeyX509Der<'_> = match self {
            Self::Secret(_) => panic!("a secret has no public key"),
            Self::Rsa(pair) => pair.public_key().as_der().unwrap(),
            Self::Ec(pair) => pair.public_key().as_der().unwrap(),
            Self::Ed(pair) => pair.public_key().as_der().unwrap(),
        };
        der.as_ref().to_vec()
    }

    pub(super) fn pem(&self) -> Vec<u8> {
        pem("PUBLIC KEY", &self.der())
    }

    pub(super) fn jwk(&self, id: &str) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Self::Secret(secret) => json!({"kty": "oct", "kid": id, "k": text(secret)}),
            Self::Rsa(pair) => {
                // PKCS #1: a sequence of n and e; n has 257 bytes with its sign, e is 65537.
                let der = pair.public_key().as_ref();
                let n = &der[der.len() - 5 - 256..][..256];
                json!({"kty": "RSA", "kid": id, "n": text(n), "e": "AQAB"})
            }
            Self::Ec(pair) => {
                let point = pair.public_key().as_ref();
                let (x, y) = (text(&point[1..33]), text(&point[33..]));
                json!({"kty": "EC", "crv": "P-256", "kid": id, "x": x, "y": y})
            }
            Self::Ed(pair) => {
                let x = text(pair.public_key().as_ref());
                json!({"kty": "OKP", "crv": "Ed25519", "kid": id, "x": x})
            }
        }
    }

    /// A token of any header and claims, well signed with the algorithm of the header.
    pub(super) fn token(&self, header: Value, claims: Value) -> String {
        self.raw(&header.to_string(), &claims.to_string())
    }

    /// The same, of any text.
    pub(super) fn raw(&self, header: &str, claims: &str) -> String {
        let algorithm = serde_json::from_str(header)
            .ok()
            .and_then(|header: Value| header.get("alg").and_then(Value::as_str).map(str::to_owned));
        let message =
            format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let signature = self.sign(&algorithm.unwrap_or_default(), message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

pub(super) fn pem(label: &str, der: &[u8]) -> Vec<u8> {
    let body = STANDARD.encode(der);
    let lines: Vec<_> = body.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n")).into_bytes()
}

/// Claims that are accepted, with these in place of the usual ones; null leaves one out.
pub(super) fn claims(changes: Value) -> Value {
    let mut claims = json!({"iss": ISSUER, "aud": "api", "sub": "alice", "exp": NOW + 300});
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => claims.as_object_mut().unwrap().remove(name),
            value => claims.as_object_mut().unwrap().insert(name.clone(), value.clone()),
        };
    }
    claims
}

pub(super) fn issuer(algorithm: Algorithm, key: KeySource) -> Issuer {
    Issuer {
        name: "main".into(),
        issuer: ISSUER.into(),
        audience: vec!["api".into(), "other".into()],
        algorithms: vec![algorithm],
        key,
        bearer: true,
        cookie: Some("token".into()),
        types: vec!["at+jwt".into(), "JWT".into()],
        leeway: Duration::from_secs(30),
    }
}

pub(super) fn published(algorithm: Algorithm) -> Issuer {
    let (refresh, cooldown) = (Duration::from_secs(600), Duration::from_secs(30));
    issuer(
        algorithm,
        KeySource::Jwks { url: "https://id.example.com/jwks".into(), refresh, cooldown },
    )
}

/// A verifier with the clock and the provider that it asks.
pub(super) struct Desk {
    pub(super) verifier: Arc<Verifier>,
    pub(super) clock: Arc<StoppedClock>,
    pub(super) provider: Arc<Provider>,
}

impl Desk {
    pub(super) fn new(issuers: impl IntoIterator<Item = Issuer>) -> Self {
        let clock = Arc::new(StoppedClock(AtomicU64::new(NOW)));
        let provider = Arc::new(Provider::default());
        let issuers = issuers.into_iter().collect();
        let verifier = Verifier::new(issuers, clock.clone(), provider.clone()).unwrap();
        Self { verifier: Arc::new(verifier), clock, provider }
    }

    pub(super) async fn bearer(&self, token: &str) -> Result<Option<Verified>, Rejection> {
        self.show(&[&format!("Bearer {token}")], &[]).await
    }

    pub(super) async fn cookie(&self, header: &str) -> Result<Option<Verified>, Rejection> {
        self.show(&[], &[header]).await
    }

    pub(super) async fn show(
        &self,
        authorization: &[&str],
        cookie: &[&str],
    ) -> Result<Option<Verified>, Rejection> {
        let authorization: Vec<_> = authorization.iter().map(|text| text.as_bytes()).collect();
        let cookie: Vec<_> = cookie.iter().map(|text| text.as_bytes()).collect();
        let credentials = Credentials { authorization: &authorization, cookie: &cookie };
        self.verifier.verify(&credentials).await
    }

    #[track_caller]
    pub(super) fn assert_good(shown: &Result<Option<Verified>, Rejection>) {
        assert!(matches!(shown, Ok(Some(_))), "{shown:?}");
    }

    /// Asserts the 401 of RFC 6750.
    #[track_caller]
    pub(super) fn assert_bad(shown: Result<Option<Verified>, Rejection>, cause: &str) {
        let rejection = shown.expect_err("refused");
        assert!(format!("{rejection:?}").contains(cause), "{rejection:?} is not {cause}");
        let fault = crate::fault::Fault::from(rejection);
        assert_eq!(fault.parts().status, 401);
        assert_eq!(fault.parts().challenge, Some(r#"Bearer error="invalid_token""#));
    }
}

/// A clock that stands still until it is set; in seconds.
pub(super) struct StoppedClock(AtomicU64);

impl StoppedClock {
    pub(super) fn advance(&self, seconds: u64) {
        self.0.fetch_add(seconds, SeqCst);
    }
}

impl Clock for StoppedClock {
    fn now(&self) -> Duration {
        Duration::from_secs(self.0.load(SeqCst))
    }
}

/// An identity provider's key set.
pub(super) struct Provider {
    reply: Mutex<Fetched>,
    asked: AtomicUsize,
    gate: Semaphore,
}

impl Default for Provider {
    fn default() -> Self {
        Self {
            reply: Mutex::new(Err("connection refused".into())),
            asked: AtomicUsize::new(0),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
        }
    }
}

impl Provider {
    pub(super) fn publishes(&self, keys: &[Value]) {
        self.says(Ok(json!({"keys": keys}).to_string().into()));
    }

    pub(super) fn says(&self, reply: Fetched) {
        *self.reply.lock().unwrap() = reply;
    }

    pub(super) fn asked(&self) -> usize {
        self.asked.load(SeqCst)
    }

    /// Lets no fetch end until `open`.
    pub(super) fn close(&self) {
        self.gate.forget_permits(Semaphore::MAX_PERMITS);
    }

    pub(super) fn open(&self) {
        self.gate.add_permits(Semaphore::MAX_PERMITS);
    }
}

impl Fetch for Provider {
    fn fetch<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Fetched> {
        Box::pin(async {
            self.asked.fetch_add(1, SeqCst);
            drop(self.gate.acquire().await);
            self.reply.lock().unwrap().clone()
        })
    }
}

/// Lets the tasks in the background run.
pub(super) async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}
