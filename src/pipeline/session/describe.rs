//! What programs see of a session.

use std::sync::Arc;

use super::{Known, Session};
use crate::fault::Fault;
use crate::identity::Identity;
use crate::jq::{self, Program, Scope, Slot};
use crate::pipeline::gateway::Gateway;
use crate::plan::slot;
use crate::value::{DuplicateKeys, Limits, Members, SmolStr, Value, parse};

/// What programs see of a session.
///
/// # Errors
/// 500 when `roles_from` or `scopes_from` runs out of its budget.
pub(in crate::pipeline) async fn describe(
    gateway: &Gateway,
    session: Option<Session>,
) -> Result<Option<Known>, Fault> {
    let Some(Session { identity, by }) = session else { return Ok(None) };
    let value = value(gateway, &identity).await?;
    Ok(Some(Known { identity, value, by }))
}

/// `$session`, made once per token.
async fn value(gateway: &Gateway, identity: &Arc<Identity>) -> Result<Value, Fault> {
    if let Some(value) = identity.derived.get() {
        return Ok(value.clone());
    }
    let limits = Limits { max_depth: 64, duplicate_keys: DuplicateKeys::Refuse };
    let claims = parse(identity.claims.as_bytes(), &limits)
        .map_err(|error| Fault::internal(format!("claims: {}", error.reason)))?;
    let texts = async |program: &Program, name: &str| match program
        .run(&Claims(&claims), &gateway.plan.limits.program)
        .await
    {
        Ok(found) => Ok(only_texts(found, name)),
        Err(error @ (jq::Error::Failed(_) | jq::Error::NotOne(_))) => {
            Ok(none(name, &error.to_string()))
        }
        Err(error) => Err(Fault::from(error)),
    };
    let mut members = Members::default();
    members.insert("iss".into(), Value::Str(SmolStr::new(&identity.issuer)));
    members.insert("sub".into(), Value::Str(SmolStr::new(&identity.subject)));
    members.insert("roles".into(), texts(&gateway.plan.roles_from, "roles_from").await?);
    members.insert("scopes".into(), texts(&gateway.plan.scopes_from, "scopes_from").await?);
    members.insert("claims".into(), claims.clone());
    Ok(identity.derived.get_or_init(|| Value::object(members)).clone())
}

/// Anything but an array of text counts as none, the program's own error too: a role must not be guessed, and odd claims
/// take away what needs roles, but nothing else.
fn only_texts(found: Value, program: &str) -> Value {
    let texts = found.as_array().is_some_and(|all| all.iter().all(|one| one.as_str().is_some()));
    if texts { found } else { none(program, "it gave something else than an array of text") }
}

fn none(program: &str, cause: &str) -> Value {
    tracing::warn!(program, cause, "no list of texts, which counts as none");
    Value::array(Vec::new())
}

struct Claims<'a>(&'a Value);

impl Scope for Claims<'_> {
    fn get(&self, slot: Slot) -> Value {
        if slot == slot::CLAIMS { self.0.clone() } else { Value::Null }
    }
}
