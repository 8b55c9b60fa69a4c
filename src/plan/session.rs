//! `[session]`, `[login.NAME]`, `[frontends.NAME]` and `[credentials.NAME]`.

use std::time::Duration;

use http::HeaderName;

use super::limits::RateLimit;
use super::router::Router;
use crate::cookie::Cookie;
pub use crate::credential::Grant;
use crate::csrf::Origin;
use crate::login;
use crate::value::SmolStr;

/// A web frontend: an origin of its own, with its routes, its login and its cookie.
#[derive(Debug)]
pub struct Frontend {
    /// NAME; empty where the config has no `[frontends]`.
    pub name: SmolStr,
    /// The authorities that lead here, as `Host` has them; none: any.
    pub hosts: Vec<String>,
    /// Origins that count as its own: what the config says, or the listeners' in development. The first one is where
    /// logins come back to.
    pub origins: Vec<Origin>,
    /// Its routes.
    pub router: Router,
    /// How its users log in.
    pub login: Option<Door>,
}

/// How a frontend's users log in.
#[derive(Debug)]
pub struct Door {
    /// Index into [`super::Plan::logins`].
    pub login: usize,
    /// Holds the session.
    pub cookie: Cookie,
    /// Hold attempts to log in, one each; the name is what stands before an attempt's own part.
    pub attempt: Cookie,
}

/// `[login.NAME]`
#[derive(Debug)]
pub struct Login {
    /// NAME
    pub name: SmolStr,
    /// Below it are `/login`, `/callback`, `/logout`, `/session` and `/backchannel-logout`.
    pub path: String,
    /// Claims that `/session` shows besides `sub`.
    pub show: Vec<String>,
    /// Whether the provider is told by the ID token, in a URL, who logs out.
    pub id_token_hint: bool,
    /// What counts requests for its paths, before anything else is done.
    pub rate_limits: Vec<RateLimit>,
}

/// `[session]`: how long one lives.
#[derive(Debug, Clone)]
pub struct Lifetimes {
    /// Without a request.
    pub idle: Duration,
    /// All in all.
    pub absolute: Duration,
    /// How long before its end an access token is refreshed; half of its life at most.
    pub refresh_ahead: Duration,
    /// The header that pages show themselves with.
    pub csrf_header: HeaderName,
}

/// `[credentials.NAME]`: how the gateway, or the user, shows itself to an upstream.
#[derive(Debug)]
pub struct Credential {
    /// NAME
    pub name: SmolStr,
    /// Who shows itself.
    pub grant: Grant,
    /// Where its tokens come from.
    pub from: TokenSource,
    /// `audience`, where it is said.
    pub audience: Option<String>,
    /// `scope`, where it is said.
    pub scope: Option<String>,
}

/// Where the tokens of a credential come from.
#[derive(Debug)]
pub enum TokenSource {
    /// The provider of a login, by its index.
    Login(usize),
    /// A token endpoint of its own.
    Own(login::Settings),
}
