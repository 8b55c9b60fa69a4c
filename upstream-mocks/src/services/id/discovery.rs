use serde_json::{Value, json};

use super::Provider;

pub(super) const CODE: &str = "authorization_code";
pub(super) const REFRESH: &str = "refresh_token";
pub(super) const CLIENT: &str = "client_credentials";
pub(super) const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

/// `OpenID` Connect Discovery 1.0 §3, RFC 8414 §2, RFC 9207 §3, Back-Channel Logout 1.0 §2.1.
pub(super) fn metadata(provider: &Provider) -> Value {
    let methods = ["client_secret_basic", "client_secret_post"];
    json!({
        "issuer": provider.settings.issuer,
        "authorization_endpoint": provider.at("/authorize"),
        "token_endpoint": provider.at("/token"),
        "userinfo_endpoint": provider.at("/userinfo"),
        "jwks_uri": provider.at("/jwks.json"),
        "end_session_endpoint": provider.at("/logout"),
        "revocation_endpoint": provider.at("/revoke"),
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "claims_supported": ["sub", "name", "email", "email_verified", "picture", "roles"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": [CODE, REFRESH, CLIENT, EXCHANGE],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "token_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_methods_supported": methods,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true,
        "prompt_values_supported": ["none", "login", "select_account"],
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
    })
}
