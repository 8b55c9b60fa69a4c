//! Who asks: a JWT of the mock issuer, as `[tokens.main]` of the demo's config has it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;

/// What is read of a token.
#[derive(Deserialize)]
pub(crate) struct Claims {
    pub(crate) sub: String,
    exp: u64,
}

/// The issuer's keys, by id.
pub(crate) type Keys = HashMap<String, DecodingKey>;

/// Gets the keys, once.
pub(crate) async fn fetch_keys(url: &str) -> Result<Keys, Box<dyn std::error::Error>> {
    let text = reqwest::get(url).await?.error_for_status()?.bytes().await?;
    let set: JwkSet = serde_json::from_slice(&text)?;
    let mut keys = Keys::new();
    for jwk in &set.keys {
        if let Some(id) = &jwk.common.key_id {
            keys.insert(id.clone(), DecodingKey::from_jwk(jwk)?);
        }
    }
    Ok(keys)
}

/// Checks tokens.
pub(crate) struct Sessions {
    keys: Keys,
    rules: Validation,
    kept: Option<RefCell<HashMap<String, Rc<Claims>>>>,
}

impl Sessions {
    /// With `keep`, a token that was good once is good until it expires.
    pub(crate) fn new(keys: Keys, keep: bool) -> Self {
        let mut rules = Validation::new(Algorithm::ES256);
        rules.set_issuer(&["https://id.demo.test/"]);
        rules.set_audience(&["dashboard-api"]);
        rules.set_required_spec_claims(&["exp", "iss", "aud"]);
        rules.leeway = LEEWAY;
        rules.validate_nbf = true;
        Self { keys, rules, kept: keep.then(RefCell::default) }
    }

    /// Nothing for who brings no good token.
    pub(crate) fn check(&self, headers: &HeaderMap) -> Option<Rc<Claims>> {
        let token = headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")?;
        let Some(kept) = &self.kept else { return self.verify(token).map(Rc::new) };
        if let Some(claims) = kept.borrow().get(token)
            && claims.exp + LEEWAY > jsonwebtoken::get_current_timestamp()
        {
            return Some(Rc::clone(claims));
        }
        let claims = Rc::new(self.verify(token)?);
        kept.borrow_mut().insert(token.to_owned(), Rc::clone(&claims));
        Some(claims)
    }

    fn verify(&self, token: &str) -> Option<Claims> {
        let key = self.keys.get(&decode_header(token).ok()?.kid?)?;
        decode(token, key, &self.rules).ok().map(|token| token.claims)
    }
}

/// Seconds by which clocks may differ.
const LEEWAY: u64 = 30;
