//! Who shares an entry.

use crate::cache::{Key, KeyOf};
use crate::fault::Fault;
use crate::identity::Identity;
use crate::jq;
use crate::pipeline::frame::Frame;
use crate::plan::{Auth, Scope};
use crate::value::{DuplicateKeys, Limits, MAX_DEPTH, Value, parse};

/// Adds to a key who shares the entry. `scope` of the program is the frame, with `$item` inside `each`.
///
/// # Errors
/// 500 where the program fails.
pub(in crate::pipeline) async fn scope(
    key: KeyOf,
    rule: &Scope,
    frame: &Frame,
    scope: &dyn jq::Scope,
) -> Result<KeyOf, Fault> {
    match rule {
        Scope::Shared => Ok(key.part(b"shared")),
        Scope::Session => Ok(session(key, frame)),
        Scope::From(program) => match program.run(scope, &frame.limits()).await? {
            Value::Null => Ok(session(key, frame)),
            value => Ok(key.part(b"from").part(&value.to_canonical())),
        },
    }
}

/// Adds to a key what a call shows itself with: not the token, but which one it is.
///
/// # Errors
/// 500 for a credential that there is not.
pub(in crate::pipeline) fn shown(key: KeyOf, frame: &Frame, auth: Auth) -> Result<KeyOf, Fault> {
    Ok(match auth {
        Auth::None => key.part(b"none"),
        Auth::User => key.part(b"user"),
        Auth::Credential(index) => {
            let about = frame.gateway.credentials.about(index)?;
            about.iter().fold(key.part(b"credential"), |key, text| key.part(text.as_bytes()))
        }
    })
}

/// A login session and what is known of its user, a token's user and what is known of them, or nobody.
fn session(key: KeyOf, frame: &Frame) -> KeyOf {
    let Some(identity) = &frame.identity else { return key.part(b"nobody") };
    let key = match frame.login() {
        Some(live) => key.part(b"login").part(&live.key.entry().0),
        None => key.part(b"token"),
    };
    let [tokens, issuer, subject] = [&identity.tokens, &identity.issuer, &identity.subject];
    let key = key.part(tokens.as_bytes()).part(issuer.as_bytes()).part(subject.as_bytes());
    key.part(identity.stable.get_or_init(|| stable(identity)))
}

/// A hash of the claims that say who somebody is and what they may do: what a role change changes, and a refresh does not.
fn stable(identity: &Identity) -> [u8; 32] {
    let limits = Limits { max_depth: MAX_DEPTH, duplicate_keys: DuplicateKeys::LastWins };
    let claims = parse(identity.claims.as_bytes(), &limits).unwrap_or_default();
    let all = claims.as_object().into_iter().flat_map(|members| members.iter());
    let stable = all.filter(|(name, _)| !OF_ONE_TOKEN.contains(&name.as_str()));
    let stable: Value = stable.map(|(name, value)| (name.clone(), value.clone())).collect();
    Key::of("claims").part(&stable.to_canonical()).end().into_bytes()
}

/// Claims that are others in each token of the same user.
const OF_ONE_TOKEN: &[&str] =
    &["iat", "exp", "nbf", "jti", "auth_time", "sid", "nonce", "at_hash", "c_hash"];
