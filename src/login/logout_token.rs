//! Logout tokens (OpenID Connect Back-Channel Logout 1.0 §2.4, §2.6).

use super::claims::{Claims, Expected, LEEWAY, logout_event, name};
use super::granted::LoggedOut;
use super::metadata::Metadata;
use super::problem::Problem;
use crate::token::Signed;

/// Verifies a logout token, but for whether its `jti` was seen before.
pub(super) async fn verify(
    token: &str,
    metadata: &Metadata,
    expected: &Expected<'_>,
) -> Result<LoggedOut, Problem> {
    let mut said = None;
    let rules = |signed: &Signed| {
        if !signed.may_be("logout+jwt") {
            return Err("a token of another kind");
        }
        said = Some(read(&signed.claims, expected, metadata)?);
        Ok(())
    };
    let verified = metadata.keys.verify(token, rules).await;
    verified.map_err(|why| Problem::of_token("logout token", why))?;
    said.ok_or_else(|| Problem::Bad("logout token: it says nothing".to_owned()))
}

fn read(
    claims: &Claims,
    expected: &Expected<'_>,
    metadata: &Metadata,
) -> Result<LoggedOut, &'static str> {
    expected.check_parties(claims)?;
    if !logout_event(claims).is_some_and(serde_json::Value::is_object) {
        return Err("no logout event");
    }
    // An ID token has one; §2.4 forbids it here so that the two are not taken for each other.
    if claims.contains_key("nonce") {
        return Err("a nonce");
    }
    let forgotten_at = expected.check_times(claims)?.issued_at.saturating_add(MAX_AGE + LEEWAY);
    if expected.now.as_secs() >= forgotten_at {
        return Err("too old");
    }
    let (subject, sid) = (name(claims, "sub")?, name(claims, "sid")?);
    if subject.is_none() && sid.is_none() {
        return Err("neither `sub` nor `sid`");
    }
    Ok(LoggedOut {
        issuer: metadata.issuer.clone(),
        subject,
        sid,
        id: name(claims, "jti")?.ok_or("no `jti`")?.as_ref().to_owned(),
        expires_at: forgotten_at,
    })
}

/// In seconds; §2.4 recommends two minutes for `exp`, which not all providers send.
const MAX_AGE: u64 = 120;
