//! Why a provider did not give what was asked.

use std::fmt;
use std::time::Duration;

use crate::fault::{Code, Fault};
use crate::token::Unverifiable;

/// Why a provider did not give what was asked. None of it holds a token, a code or a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// It could not be reached, did not answer in time, or said that it is not able to (5xx, 429): later it may.
    Away(String),
    /// It has said no, by an OAuth error code (RFC 6749 §4.1.2.1, §5.2): `invalid_grant`, `access_denied` …
    Refused(String),
    /// It has said something that must not be believed: a bad signature, another issuer, a wrong nonce …
    Bad(String),
}

impl Problem {
    /// Whether a refresh token, or a code, is no longer good: `invalid_grant`.
    pub fn is_invalid_grant(&self) -> bool {
        matches!(self, Self::Refused(code) if code == "invalid_grant")
    }

    /// A refusal by this code. One that could hold a secret, because it looks like none, is not repeated.
    pub(super) fn refused(code: &str) -> Self {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
        let known = (1..=40).contains(&code.len()) && code.bytes().all(plain);
        Self::Refused(if known { code } else { "an unknown code" }.to_owned())
    }

    /// A token that could not be verified.
    pub(super) fn of_token(what: &str, why: Unverifiable) -> Self {
        match why {
            Unverifiable::Bad(why) => Self::Bad(format!("{what}: {why}")),
            Unverifiable::NoKeys(why) => Self::Away(format!("no keys: {why}")),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Away(why) => write!(f, "the provider is away: {why}"),
            Self::Refused(code) => write!(f, "the provider refuses: {code}"),
            Self::Bad(why) => write!(f, "the provider's answer is not good: {why}"),
        }
    }
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        let fault = match &problem {
            Problem::Away(_) => {
                Self::new(Code::UpstreamUnavailable).retry_after(Duration::from_secs(1))
            }
            Problem::Refused(_) | Problem::Bad(_) => Self::new(Code::UpstreamError),
        };
        fault.cause(problem)
    }
}
