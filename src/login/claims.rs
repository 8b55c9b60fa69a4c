//! What ID tokens and logout tokens have in common.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::token::seconds;

pub(super) type Claims = Map<String, Value>;

/// What an ID token, or a logout token, is expected to be.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) now: Duration,
}

impl Expected<'_> {
    /// Who it is from and for: `aud` is us, or a list that has us.
    pub(super) fn check_parties(&self, claims: &Claims) -> Result<(), &'static str> {
        if claims.get("iss").and_then(Value::as_str) != Some(self.issuer) {
            return Err("another issuer's");
        }
        let meant = match claims.get("aud") {
            Some(Value::String(one)) => one == self.client_id,
            Some(Value::Array(all)) if all.iter().all(Value::is_string) => {
                all.iter().any(|one| one == self.client_id)
            }
            _ => return Err("no `aud`"),
        };
        meant.then_some(()).ok_or("an `aud` that is not ours")
    }

    /// `iat`, which must be there and not lie ahead; `exp`, which must where it is there; `nbf`, which must not.
    pub(super) fn check_times(&self, claims: &Claims) -> Result<Times, &'static str> {
        let (now, leeway) = (self.now.as_secs_f64(), LEEWAY as f64);
        let issued_at = seconds(claims, "iat")?.ok_or("no `iat`")?;
        let expires_at = seconds(claims, "exp")?;
        let begins_at = seconds(claims, "nbf")?.unwrap_or(0.0).max(issued_at);
        if begins_at > now + leeway {
            return Err("from the future");
        }
        if expires_at.is_some_and(|end| now >= end + leeway) {
            return Err("expired");
        }
        Ok(Times { issued_at: issued_at as u64, expires_at: expires_at.map(|end| end as u64) })
    }
}

/// When a token holds, in seconds since 1970.
pub(super) struct Times {
    pub(super) issued_at: u64,
    pub(super) expires_at: Option<u64>,
}

/// A text that names somebody or something: not empty, not long, without control characters.
pub(super) fn name(claims: &Claims, claim: &str) -> Result<Option<Arc<str>>, &'static str> {
    match claims.get(claim) {
        None => Ok(None),
        Some(Value::String(text))
            if (1..=MAX_NAME).contains(&text.len()) && !text.chars().any(char::is_control) =>
        {
            Ok(Some(text.as_str().into()))
        }
        Some(_) => Err("a name that is none"),
    }
}

/// What makes a token a logout token (OpenID Connect Back-Channel Logout 1.0 §2.4).
pub(super) fn logout_event(claims: &Claims) -> Option<&Value> {
    claims.get("events")?.get("http://schemas.openid.net/event/backchannel-logout")
}

/// How far clocks may disagree, in seconds.
pub(super) const LEEWAY: u64 = 30;

const MAX_NAME: usize = 255;
