//! Logins by OpenID Connect: the authorization code flow with PKCE (OpenID Connect Core 1.0, RFC 7636, RFC 9207), and
//! the further requests to a provider's token endpoint.
//!
//! [`Provider`] speaks with one provider. It knows no cookies, no stores, and no HTTP server.

mod attempt;
mod problem;
mod provider;
mod settings;

pub use attempt::Attempt;
pub use problem::Problem;
pub use provider::{Callback, Granted, IdToken, LoggedOut, Provider};
pub use settings::{At, ClientAuth, Settings};
