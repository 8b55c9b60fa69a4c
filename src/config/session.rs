//! `[session]`, `[login.NAME]`, `[frontends.NAME]` and `[credentials.NAME]` of `gateway.toml`.

use std::time::Duration;

use super::decode::table;
use super::plain::{Many, Named, Plain, Program};

table! {
    /// `[session]`: what a session gives to programs, how long one lives, and its cookie.
    pub struct Session {
        /// Gives `$session.roles`, over `$claims`.
        pub roles_from: Program,
        /// Gives `$session.scopes`, over `$claims`.
        pub scopes_from: Program,
        /// How long a login lives without a request.
        pub idle: Plain<Duration>,
        /// How long a login lives in any case.
        pub absolute: Plain<Duration>,
        /// How long before its end an access token is refreshed; half of its life at most.
        pub refresh_ahead: Plain<Duration>,
        /// The name of the cookie, without the prefix `__Host-Http-` that it is sent with.
        pub cookie: Plain<String>,
        /// `strict` or `lax`.
        pub same_site: Plain<String>,
        /// Cookies without `Secure`, for plain http; only on loopback.
        pub insecure_dev: Plain<bool>,
        /// Of 32 bytes at least: the first one writes, all read. Needed with a login.
        pub keys: Vec<Plain<String>>,
        /// The header that pages show themselves with where `csrf = "header"`.
        pub csrf_header: Plain<String>,
    }
}

table! {
    /// `[login.NAME]`: an OpenID provider.
    pub struct Login {
        /// Its issuer: the rest is discovered. Required.
        pub issuer: Option<Plain<String>>,
        /// Who the gateway is there. Required.
        pub client_id: Option<Plain<String>>,
        /// What proves it: this, or `client_key`.
        pub client_secret: Option<Plain<String>>,
        /// A private key as PEM, for `private_key_jwt`, usually `"${file:…}"`.
        pub client_key: Option<Plain<String>>,
        /// The scopes that are asked for; `openid` is one of them.
        pub request_scopes: Vec<Plain<String>>,
        /// Below it are `/login`, `/callback`, `/logout`, `/session` and `/backchannel-logout`.
        pub path: Plain<String>,
        /// Claims that `/session` shows besides `sub`.
        pub show: Vec<Plain<String>>,
        /// Further parameters of the authorization request.
        pub params: Named<Plain<String>>,
        /// Whom access tokens are for (RFC 8707).
        pub resource: Many<Plain<String>>,
        /// Of each request to the provider, all in all.
        pub timeout: Plain<Duration>,
        /// Whether the provider is told by the ID token, in a URL, who logs out.
        pub id_token_hint: Plain<bool>,
        /// Policies of `[rate_limits]` that count requests for its paths, by address or `$request`.
        pub rate_limits: Vec<Plain<String>>,
    }
}

table! {
    /// `[frontends.NAME]`: an origin of its own, with its routes, its login and its cookie.
    pub struct Frontend {
        /// `"https://admin.example.com"`. Required.
        pub origin: Option<Plain<String>>,
        /// The folder of its routes, beside `gateway.toml`.
        pub routes: Plain<String>,
        /// A name of `[login]`; nobody can log in without one.
        pub login: Option<Plain<String>>,
        /// The name of its cookie; that of `[session]` unless said.
        pub cookie: Option<Plain<String>>,
    }
}

table! {
    /// `[credentials.NAME]`: how the gateway, or the user, shows itself to an upstream.
    pub struct Credential {
        /// `client_credentials` (the gateway itself) or `exchange` (the user, RFC 8693). Required.
        pub grant: Option<Plain<String>>,
        /// A name of `[login]`, whose token endpoint and client it uses.
        pub login: Option<Plain<String>>,
        /// In the place of `login`: a token endpoint.
        pub token_url: Option<Plain<String>>,
        /// Who the gateway is at `token_url`.
        pub client_id: Option<Plain<String>>,
        /// What proves it there.
        pub client_secret: Option<Plain<String>>,
        /// Whom the tokens are for, where the provider asks.
        pub audience: Plain<String>,
        /// What they are for, words with blanks between them.
        pub scope: Plain<String>,
        /// Of each request to `token_url`, all in all.
        pub timeout: Plain<Duration>,
    }
}
