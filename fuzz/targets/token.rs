//! Tokens: whatever is presented, nobody gets in without the key, and who has it says nothing ambiguous.
//!
//! The first line says how the rest comes: `bearer` and `cookie` are the value of that header, `signed` are a header and
//! claims that are signed with the right key, and `keys` is the key set that the issuer publishes.

#![no_main]

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use frontdesk::clock::Clock;
use frontdesk::token::{
    Algorithm, Credentials, Fetch, Fetched, Issuer, KeySource, Rejection, Verified as Session, Verifier,
};
use frontdesk::value::{DuplicateKeys, Limits, Value, parse};
use futures_util::future::BoxFuture;
use fuzz::{SECRET, first_line, wait};
use libfuzzer_sys::fuzz_target;

const NOW: u64 = 1_800_000_000;
const ISSUER: &str = "https://id.test/";

fuzz_target!(|input: &str| {
    let (how, rest) = first_line(input);
    match how {
        "bearer" => nobody(verify(issuer(secret()), rest, "", "")),
        "cookie" => nobody(verify(issuer(secret()), "", rest, "")),
        "signed" => signed(rest),
        "keys" => published(rest),
        _ => {}
    }
});

type Verified = Result<Option<Session>, Rejection>;

fn verify(issuer: Issuer, authorization: &str, cookie: &str, keys: &str) -> Verified {
    let (clock, fetch) = (Arc::new(Fixed), Arc::new(Keys(keys.to_owned())));
    let verifier = Verifier::new(vec![issuer], clock, fetch).expect("a verifier");
    let authorization = [authorization.as_bytes()];
    let authorization = if authorization[0].is_empty() { &[] } else { &authorization[..] };
    wait(verifier.verify(&Credentials { authorization, cookie: &[cookie.as_bytes()] }))
}

fn nobody(verified: Verified) {
    assert!(!matches!(verified, Ok(Some(_))), "nobody has signed this");
}

fn signed(text: &str) {
    let (header, claims) = first_line(text);
    let message = format!("{}.{}", encode(header), encode(claims));
    let key = jsonwebtoken::EncodingKey::from_secret(SECRET.as_bytes());
    let algorithm = jsonwebtoken::Algorithm::HS256;
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, algorithm);
    let token = format!("{message}.{}", signature.expect("a signature"));
    let authorization = format!("Bearer {token}");
    let Ok(Some(session)) = verify(issuer(secret()), &authorization, "", "") else { return };
    let identity = session.identity;
    assert_eq!(identity.token.reveal(), token);
    assert_eq!(&*identity.claims, claims);
    assert!(identity.expires_at + 60 > NOW);
    // The other parser, which programs see the claims through, sees the same.
    let limits = Limits { max_depth: 64, duplicate_keys: DuplicateKeys::Refuse };
    let seen = parse(claims.as_bytes(), &limits).expect("strict JSON");
    assert_eq!(seen.get("sub").and_then(Value::as_str), Some(&*identity.subject));
    assert_eq!(seen.get("iss").and_then(Value::as_str), Some(ISSUER));
    let header = parse(header.as_bytes(), &limits).expect("strict JSON");
    assert_eq!(header.get("alg").and_then(Value::as_str), Some("HS256"));
}

fn published(text: &str) {
    for algorithm in Algorithm::ALL.into_iter().filter(|it| *it != Algorithm::HS256) {
        let header = format!(r#"{{"alg":"{}","kid":"k"}}"#, algorithm.name());
        let claims = format!(r#"{{"iss":"{ISSUER}","aud":"api","sub":"u","exp":{}}}"#, NOW + 60);
        let message = format!("{}.{}", encode(&header), encode(&claims));
        for length in [3, 64, 256] {
            let token = format!("Bearer {message}.{}", encode(&"\0".repeat(length)));
            let issuer = Issuer { algorithms: vec![algorithm], ..issuer(key_set()) };
            nobody(verify(issuer, &token, "", text));
        }
    }
}

fn key_set() -> KeySource {
    KeySource::Jwks {
        url: "http://id.test/keys".to_owned(),
        refresh: Duration::from_secs(600),
        cooldown: Duration::from_secs(30),
    }
}

fn encode(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

fn secret() -> KeySource {
    KeySource::Secret(SECRET.as_bytes().to_vec())
}

fn issuer(key: KeySource) -> Issuer {
    Issuer {
        name: "main".into(),
        issuer: ISSUER.into(),
        audience: vec!["api".to_owned()],
        algorithms: vec![Algorithm::HS256],
        key,
        bearer: true,
        cookie: Some("session".into()),
        types: vec!["JWT".to_owned(), "at+jwt".to_owned()],
        leeway: Duration::from_secs(60),
    }
}

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> Duration {
        Duration::from_secs(NOW)
    }
}

/// The key set that an issuer publishes.
struct Keys(String);

impl Fetch for Keys {
    fn fetch<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Fetched> {
        Box::pin(async { Ok(Bytes::from(self.0.clone())) })
    }
}
