//! ID tokens (OpenID Connect Core 1.0 §3.1.3.7, §12.2).

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, SHA512, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::claims::{Claims, Expected, logout_event, name};
use super::granted::IdToken;
use super::metadata::Metadata;
use super::problem::Problem;
use crate::identity::Token;
use crate::token::{Algorithm, Signed};

/// Whose ID token is expected.
pub(super) enum Whose<'a> {
    /// Of who has logged in with this nonce.
    Nonce(&'a str),
    /// Of this subject, who has logged in before.
    Subject(&'a str),
}

/// Verifies the ID token that came with an access token.
pub(super) async fn verify(
    token: &str,
    metadata: &Metadata,
    expected: &Expected<'_>,
    whose: Whose<'_>,
    access_token: &Token,
) -> Result<IdToken, Problem> {
    let rules = |signed: &Signed| {
        let claims = &signed.claims;
        check_kind(signed)?;
        expected.check_parties(claims)?;
        check_presenter(claims, expected.client_id)?;
        expected.check_times(claims)?.expires_at.ok_or("no `exp`")?;
        check_person(claims, &whose)?;
        check_access_token(claims, signed.algorithm, access_token)
    };
    let signed = metadata.keys.verify(token, rules).await;
    let signed = signed.map_err(|why| Problem::of_token("ID token", why))?;
    let bad = |why: &str| Problem::Bad(format!("ID token: {why}"));
    let subject = name(&signed.claims, "sub").map_err(bad)?;
    Ok(IdToken {
        token: Token::new(token),
        issuer: metadata.issuer.clone(),
        subject: subject.ok_or_else(|| bad("no `sub`"))?,
        sid: name(&signed.claims, "sid").map_err(bad)?,
        claims: signed.payload.into_boxed_str(),
    })
}

fn check_kind(signed: &Signed) -> Result<(), &'static str> {
    match signed.may_be("JWT") && logout_event(&signed.claims).is_none() {
        true => Ok(()),
        false => Err("a token of another kind"),
    }
}

/// `azp` is us where it is there, and is there where the token is for others too.
fn check_presenter(claims: &Claims, client_id: &str) -> Result<(), &'static str> {
    let others = claims.get("aud").and_then(Value::as_array).is_some_and(|all| all.len() > 1);
    match claims.get("azp") {
        None if others => Err("no `azp`, and not for us alone"),
        Some(azp) if azp != client_id => Err("an `azp` that is not us"),
        _ => Ok(()),
    }
}

fn check_person(claims: &Claims, whose: &Whose<'_>) -> Result<(), &'static str> {
    let same = |claim: &str, wanted: &str| {
        let said = claims.get(claim).and_then(Value::as_str);
        said.is_some_and(|said| verify_slices_are_equal(said.as_bytes(), wanted.as_bytes()).is_ok())
    };
    name(claims, "sub")?.ok_or("no `sub`")?;
    name(claims, "sid")?;
    match whose {
        Whose::Nonce(nonce) if !same("nonce", nonce) => Err("another nonce"),
        Whose::Subject(subject) if !same("sub", subject) => Err("another subject"),
        _ => Ok(()),
    }
}

/// §3.1.3.6: the left half of the access token's hash; Ed25519 hashes with SHA-512.
fn check_access_token(
    claims: &Claims,
    algorithm: Algorithm,
    access_token: &Token,
) -> Result<(), &'static str> {
    let Some(said) = claims.get("at_hash") else {
        return Ok(());
    };
    let hash = match algorithm {
        Algorithm::EdDSA => &SHA512,
        _ => &SHA256,
    };
    let hash = digest(hash, access_token.reveal().as_bytes());
    let (half, _) = hash.as_ref().split_at(hash.as_ref().len() / 2);
    match *said == URL_SAFE_NO_PAD.encode(half) {
        true => Ok(()),
        false => Err("an `at_hash` of another access token"),
    }
}
