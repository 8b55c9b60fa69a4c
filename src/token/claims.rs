//! What the claims of a token must say (RFC 7519 §4.1, RFC 8725 §3.8 to §3.12).

use std::time::Duration;

use serde_json::{Map, Value};

use super::issuer::Issuer;

/// When a token holds, in seconds since 1970.
#[derive(Clone, Copy)]
pub(super) struct Validity {
    not_before: u64,
    pub(super) expires_at: u64,
}

impl Validity {
    /// Whether it holds now, with clocks that may disagree by `leeway`.
    pub(super) fn check(self, now: Duration, leeway: Duration) -> Result<(), &'static str> {
        let (now, leeway) = (now.as_secs(), leeway.as_secs());
        if now >= self.expires_at.saturating_add(leeway) {
            return Err("expired");
        }
        match now.saturating_add(leeway) < self.not_before {
            true => Err("not valid yet"),
            false => Ok(()),
        }
    }
}

/// The subject and the validity of a token from `issuer`, whose `iss` is known to be right.
pub(super) fn check(
    claims: &Map<String, Value>,
    issuer: &Issuer,
) -> Result<(String, Validity), &'static str> {
    check_audience(claims.get("aud"), &issuer.audience)?;
    check_kind(claims)?;
    seconds(claims, "iat")?;
    let validity = Validity {
        not_before: seconds(claims, "nbf")?.map_or(0, |time| time.ceil() as u64),
        expires_at: seconds(claims, "exp")?.ok_or("no `exp`")? as u64,
    };
    match claims.get("sub") {
        Some(Value::String(subject)) if !subject.is_empty() => Ok((subject.clone(), validity)),
        _ => Err("no `sub`"),
    }
}

fn check_audience(claim: Option<&Value>, ours: &[String]) -> Result<(), &'static str> {
    let is_ours = |text: &Value| ours.iter().any(|one| text == one.as_str());
    let meant = match claim {
        Some(Value::Array(items)) if items.iter().all(Value::is_string) => {
            items.iter().any(is_ours)
        }
        Some(text @ Value::String(_)) => is_ours(text),
        _ => return Err("no `aud`"),
    };
    meant.then_some(()).ok_or("an `aud` that is not ours")
}

/// Tokens of other kinds that the same provider signs with the same keys: ID tokens (`OpenID` Connect Core §2) and logout
/// tokens (Back-Channel Logout §2.4). Not all providers tell them apart by `typ`.
fn check_kind(claims: &Map<String, Value>) -> Result<(), &'static str> {
    if claims.contains_key("at_hash") || claims.contains_key("c_hash") {
        return Err("an ID token");
    }
    let event = "http://schemas.openid.net/event/backchannel-logout";
    match claims.get("events").and_then(|events| events.get(event)) {
        Some(_) => Err("a logout token"),
        None => Ok(()),
    }
}

/// A `NumericDate` (RFC 7519 §2): a number, also with a fraction; never text, never negative.
pub(crate) fn seconds(
    claims: &Map<String, Value>,
    name: &str,
) -> Result<Option<f64>, &'static str> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::Number(time)) => match time.as_f64() {
            Some(time) if time.is_finite() && time >= 0.0 => Ok(Some(time)),
            _ => Err("a time that is none"),
        },
        Some(_) => Err("a time that is not a number"),
    }
}
