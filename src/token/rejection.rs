//! Why credentials were not taken.

use std::sync::Arc;
use std::time::Duration;

use crate::fault::{Code, Fault};

/// Credentials that were sent but are not good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// The `Authorization` header holds no token that we accept: 401.
    BadBearer {
        /// What is wrong with it, for the log only.
        cause: &'static str,
    },
    /// The session cookie holds no token that we accept: 401 where a session is required; where it is optional there
    /// is none, and the cookie is deleted.
    BadCookie {
        /// The cookie's name.
        name: Arc<str>,
        /// What is wrong with it, for the log only.
        cause: &'static str,
    },
    /// More than one credential, so that it is not clear who asks: 400.
    Ambiguous {
        /// What there is too much of, for the client.
        what: &'static str,
        /// The cookie that came twice and is to be deleted, so that the browser does not stay locked out.
        cookie: Option<Arc<str>>,
    },
    /// The provider's keys could never be fetched, so that the token can be called neither good nor bad: 503.
    NoKeys {
        /// The NAME of `[tokens.NAME]`.
        tokens: Arc<str>,
        /// What happened to the last try, for the log only.
        cause: String,
        /// When the next try may be made.
        retry_after: Duration,
    },
}

impl Rejection {
    /// The cookie that the reply should delete.
    pub fn stale_cookie(&self) -> Option<&Arc<str>> {
        match self {
            Self::BadCookie { name, .. } => Some(name),
            Self::Ambiguous { cookie, .. } => cookie.as_ref(),
            Self::BadBearer { .. } | Self::NoKeys { .. } => None,
        }
    }
}

impl From<Rejection> for Fault {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::BadBearer { cause } => invalid_token(format!("bearer token: {cause}")),
            Rejection::BadCookie { name, cause } => {
                invalid_token(format!("cookie {name}: {cause}"))
            }
            Rejection::Ambiguous { what, .. } => Fault::new(Code::BadRequest).message(what),
            Rejection::NoKeys { tokens, cause, retry_after } => Fault::new(Code::StoreUnavailable)
                .message("The session cannot be checked at the moment.")
                .retry_after(retry_after)
                .cause(format!("no keys for [tokens.{tokens}]: {cause}")),
        }
    }
}

/// RFC 6750 §3.1. The client learns no more than this: what exactly is wrong helps only who forges tokens.
fn invalid_token(cause: String) -> Fault {
    Fault::new(Code::Unauthorized)
        .message("The token is not valid, or not any more.")
        .challenge(r#"Bearer error="invalid_token""#)
        .cause(cause)
}
