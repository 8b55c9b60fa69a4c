use std::io;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::clock::now;
use super::keys::SigningKey;
use super::{Asked, Service, method_not_allowed, not_found, refuse};
use crate::wire::{Recorded, Reply};

const LIFE: i64 = 3600;

/// Issues tokens to whoever asks, for any user: `POST /token`, `GET /token?sub=u1` (the bare
/// token as text), and its public key at `/.well-known/jwks.json`.
pub(crate) struct Issuer {
    key: SigningKey,
    issuer: String,
    audience: String,
}

impl Issuer {
    pub(crate) fn new(issuer: &str, audience: &str) -> io::Result<Self> {
        let (issuer, audience) = (issuer.to_owned(), audience.to_owned());
        Ok(Self { key: SigningKey::new()?, issuer, audience })
    }

    /// A token for this user. `claims` are added, and replace what would be there otherwise; a
    /// null takes a claim away.
    pub(crate) fn token(&self, sub: &str, claims: &Map<String, Value>) -> Result<String, String> {
        let now = now();
        let all = json!({
            "iss": self.issuer, "aud": self.audience, "sub": sub, "iat": now, "exp": now + LIFE,
        });
        let Value::Object(mut all) = all else {
            return Err("no claims".to_owned());
        };
        all.extend(claims.clone());
        all.retain(|_, value| !value.is_null());
        self.key.sign("at+jwt", &all.into())
    }

    fn issue(&self, request: &Recorded) -> Result<String, String> {
        let asked = asked(request);
        let sub = asked["sub"].as_str().filter(|sub| !sub.is_empty());
        let sub = sub.ok_or("`sub`: whose token?")?;
        let mut claims = asked["claims"].as_object().cloned().unwrap_or_default();
        let roles = match &asked["roles"] {
            Value::String(roles) => roles.split(',').map(|role| json!(role.trim())).collect(),
            Value::Array(roles) => roles.clone(),
            _ => Vec::new(),
        };
        if !roles.is_empty() {
            claims.insert("roles".to_owned(), roles.into());
        }
        if let Some(scope) = asked["scope"].as_str() {
            claims.insert("scope".to_owned(), scope.into());
        }
        if let Some(ttl) = number(&asked["ttl"]) {
            claims.insert("exp".to_owned(), (now() + ttl).into());
        }
        self.token(sub, &claims)
    }
}

impl Service for Arc<Issuer> {
    fn answer(&self, asked: Asked<'_>, request: &Recorded) -> Reply {
        match asked {
            ("GET", [".well-known", "jwks.json"]) => Reply::json(self.key.published()),
            ("GET", ["token"]) => match self.issue(request) {
                Ok(token) => Reply::text(token),
                Err(why) => refuse(400, &why),
            },
            ("POST", ["token"]) => match self.issue(request) {
                Ok(token) => Reply::json(json!({
                    "access_token": token, "token_type": "Bearer", "expires_in": LIFE,
                })),
                Err(why) => refuse(400, &why),
            },
            (_, ["token"] | [".well-known", "jwks.json"]) => method_not_allowed(),
            _ => not_found(),
        }
    }
}

/// From the query, and from a JSON or form body.
fn asked(request: &Recorded) -> Value {
    let mut asked: Map<_, _> =
        request.query_pairs().into_iter().map(|(name, value)| (name, value.into())).collect();
    match request.json() {
        Value::Object(body) => asked.extend(body),
        _ => asked.extend(request.form_pairs().into_iter().map(|(name, x)| (name, x.into()))),
    }
    asked.into()
}

fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}
