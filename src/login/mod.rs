//! Logins by OpenID Connect: the authorization code flow with PKCE (OpenID Connect Core 1.0, RFC 7636, RFC 9207), and
//! the further requests to a provider's token endpoint.
//!
//! [`Provider`] speaks with one provider. It knows no cookies, no stores, and no HTTP server.

mod attempt;
mod authorize;
mod claims;
mod client;
mod discovery;
mod endpoint;
mod grant;
mod granted;
mod id_token;
mod logout_token;
mod metadata;
mod problem;
mod provider;
mod settings;
#[cfg(test)]
mod tests;

pub use attempt::Attempt;
pub use granted::{Callback, Granted, IdToken, LoggedOut};
pub use problem::Problem;
pub use provider::Provider;
pub use settings::{At, ClientAuth, Settings};
