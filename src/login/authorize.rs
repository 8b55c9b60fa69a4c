//! Where browsers are sent.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use url::Url;

use super::attempt::Attempt;
use super::settings::Settings;
use crate::identity::Token;

/// The authorization request (OpenID Connect Core 1.0 §3.1.2.1, RFC 7636 §4.3, RFC 8707 §2.1), after what the endpoint's
/// query has already.
pub(super) fn authorization_url(
    endpoint: &Url,
    settings: &Settings,
    redirect_uri: &str,
    attempt: &Attempt,
) -> String {
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, attempt.verifier.as_bytes()));
    let mut url = endpoint.clone();
    let mut query = url.query_pairs_mut();
    query
        .append_pair("response_type", "code")
        .append_pair("client_id", &settings.client_id)
        .append_pair("redirect_uri", redirect_uri)
        .append_pair("scope", &settings.scopes.join(" "))
        .append_pair("state", &attempt.state)
        .append_pair("nonce", &attempt.nonce)
        .append_pair("code_challenge", &challenge)
        .append_pair("code_challenge_method", "S256");
    query.extend_pairs(settings.resource.iter().map(|resource| ("resource", resource)));
    query.extend_pairs(&settings.params);
    drop(query);
    url.into()
}

/// The logout request (OpenID Connect RP-Initiated Logout 1.0 §2).
pub(super) fn logout_url(
    endpoint: &Url,
    client_id: &str,
    redirect_uri: &str,
    id_token: Option<&Token>,
) -> String {
    let mut url = endpoint.clone();
    let mut query = url.query_pairs_mut();
    query.append_pair("client_id", client_id).append_pair("post_logout_redirect_uri", redirect_uri);
    if let Some(token) = id_token {
        query.append_pair("id_token_hint", token.reveal());
    }
    drop(query);
    url.into()
}
