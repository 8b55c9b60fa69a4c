//! What a provider says about itself (OpenID Connect Discovery 1.0 §3, RFC 8414 §2).

use std::sync::Arc;

use serde_json::{Map, Value};
use url::Url;

use super::endpoint;
use crate::token::{Algorithm, KeyRing};

/// What is needed of the metadata.
pub(super) struct Metadata {
    pub(super) issuer: Arc<str>,
    pub(super) authorization_endpoint: Url,
    pub(super) token_endpoint: Url,
    pub(super) revocation_endpoint: Option<Url>,
    pub(super) end_session_endpoint: Option<Url>,
    /// Whether a callback always has `iss` (RFC 9207 §3).
    pub(super) names_issuer: bool,
    pub(super) client_auth: Offered,
    pub(super) keys: Arc<KeyRing>,
}

/// How a client may prove who it is; empty where that is not said.
#[derive(Default)]
pub(super) struct Offered {
    methods: Vec<String>,
    algorithms: Vec<String>,
}

/// Where the keys are, and what they may be for.
pub(super) struct KeysAt {
    pub(super) url: String,
    pub(super) algorithms: Vec<Algorithm>,
}

impl Metadata {
    /// Reads the metadata of `issuer`, which must name itself exactly so (§4.3).
    pub(super) fn read(
        issuer: &Arc<str>,
        said: &Map<String, Value>,
        keys: impl FnOnce(KeysAt) -> Arc<KeyRing>,
    ) -> Result<Self, &'static str> {
        if said.get("issuer").and_then(Value::as_str) != Some(issuer) {
            return Err(OTHER);
        }
        let base = endpoint::safe(issuer)?;
        let optional = |name: &str| match said.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => endpoint::of(&base, text).map(Some),
            Some(_) => Err("an endpoint that is no text"),
        };
        let required = |name| optional(name)?.ok_or("an endpoint is missing");
        let algorithms = algorithms(list(said, "id_token_signing_alg_values_supported")?)?;
        let url = required("jwks_uri")?.into();
        Ok(Self {
            issuer: issuer.clone(),
            authorization_endpoint: required("authorization_endpoint")?,
            token_endpoint: required("token_endpoint")?,
            revocation_endpoint: optional("revocation_endpoint")?,
            end_session_endpoint: optional("end_session_endpoint")?,
            names_issuer: flag(said, "authorization_response_iss_parameter_supported")?,
            client_auth: Offered {
                methods: list(said, "token_endpoint_auth_methods_supported")?,
                algorithms: list(said, "token_endpoint_auth_signing_alg_values_supported")?,
            },
            keys: keys(KeysAt { url, algorithms }),
        })
    }
}

impl Offered {
    /// Basic is the default (§3), and what is used unless only post is there.
    pub(super) fn only_post(&self) -> bool {
        self.has_method("client_secret_post") && !self.has_method("client_secret_basic")
    }

    fn has_method(&self, name: &str) -> bool {
        self.methods.iter().any(|method| method == name)
    }

    /// Whether an assertion may be signed with this algorithm.
    pub(super) fn takes(&self, algorithm: &str) -> bool {
        self.algorithms.is_empty() || self.algorithms.iter().any(|one| one == algorithm)
    }
}

/// An issuer is equal to the letter, the slash at its end too.
pub(super) const OTHER: &str = "the metadata is another issuer's";

/// Those that ID tokens may be signed with: never HS256, whatever is said.
fn algorithms(said: Vec<String>) -> Result<Vec<Algorithm>, &'static str> {
    let mut accepted = vec![Algorithm::RS256, Algorithm::PS256, Algorithm::ES256, Algorithm::EdDSA];
    accepted.retain(|one| said.is_empty() || said.iter().any(|name| name == one.name()));
    match accepted.is_empty() {
        true => Err("ID tokens are not signed with an algorithm that is accepted"),
        false => Ok(accepted),
    }
}

fn list(said: &Map<String, Value>, name: &str) -> Result<Vec<String>, &'static str> {
    match said.get(name) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(items)) => {
            Ok(items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect())
        }
        Some(_) => Err("a list that is none"),
    }
}

fn flag(said: &Map<String, Value>, name: &str) -> Result<bool, &'static str> {
    match said.get(name) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err("a flag that is none"),
    }
}
