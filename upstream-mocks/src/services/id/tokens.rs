use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::refusal::Refusal;
use super::state::Grant;
use super::{Provider, one_or_many, people};

const ID_TOKEN_TTL: i64 = 3600;

impl Provider {
    /// A JWT of RFC 9068 with these claims, and `iss`, `iat`, `exp`, `jti`.
    pub(super) fn access_token(&self, claims: Value, ttl: i64) -> Result<String, Refusal> {
        let now = self.clock.now();
        let own = json!({
            "iss": self.settings.issuer, "iat": now, "exp": now + ttl, "jti": random()?,
        });
        self.signed("at+jwt", [own, claims])
    }

    /// The claims of an access token for what was granted.
    pub(super) fn access_claims(&self, grant: &Grant) -> Value {
        let roles = people::find(&grant.sub).map_or(&[][..], |person| person.roles);
        json!({
            "sub": grant.sub, "aud": self.audience(&grant.audiences), "client_id": grant.client,
            "scope": grant.scope.join(" "), "roles": roles, "auth_time": grant.auth_time,
        })
    }

    /// `OpenID` Connect Core 1.0 §2. All that is known of the user is in it, whatever the scope.
    pub(super) fn id_token(&self, grant: &Grant, access_token: &str) -> Result<String, Refusal> {
        let now = self.clock.now();
        let own = json!({
            "iss": self.settings.issuer, "aud": grant.client, "iat": now,
            "exp": now + ID_TOKEN_TTL, "auth_time": grant.auth_time, "amr": ["pwd"],
            "sid": grant.sid, "at_hash": at_hash(access_token),
        });
        let nonce = grant.nonce.as_ref().map_or(json!({}), |nonce| json!({"nonce": nonce}));
        let person = people::find(&grant.sub).map_or(Value::Null, |person| person.claims());
        self.signed("JWT", [own, nonce, person])
    }

    /// What was asked for, or the default.
    pub(super) fn audience(&self, asked: &[String]) -> Value {
        if asked.is_empty() { json!(self.settings.audience) } else { one_or_many(asked) }
    }

    /// The claims of an access token of ours that is still good.
    pub(super) fn known_access(&self, token: &str) -> Option<Value> {
        let claims = self.key.claims("at+jwt", token)?;
        let alive = claims["exp"].as_i64().is_some_and(|exp| exp > self.clock.now());
        let jti = claims["jti"].as_str()?;
        (alive && !self.state().revoked.contains(jti)).then_some(claims)
    }

    pub(super) fn signed(
        &self,
        typ: &str,
        parts: impl IntoIterator<Item = Value>,
    ) -> Result<String, Refusal> {
        let mut claims = Map::new();
        for part in parts {
            if let Value::Object(part) = part {
                claims.extend(part);
            }
        }
        let signed = self.key.sign(typ, &claims.into());
        signed.map_err(|why| Refusal::new("server_error", why))
    }
}

/// 256 random bits as text: codes, refresh tokens, cookies.
pub(super) fn random() -> Result<String, Refusal> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).map_err(|_| Refusal::new("server_error", "no random bytes"))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// The S256 challenge of a verifier (RFC 7636 §4.2).
pub(super) fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}

/// Half of the hash (`OpenID` Connect Core 1.0 §3.1.3.6).
fn at_hash(access_token: &str) -> String {
    URL_SAFE_NO_PAD.encode(&digest(&SHA256, access_token.as_bytes()).as_ref()[..16])
}
