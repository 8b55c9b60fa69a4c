//! Why a delivery is not believed, for whoever sets the webhook up.

use std::borrow::Cow;
use std::time::Duration;

use http::HeaderName;

use crate::fault::{Code, Fault};

/// Why a delivery is not believed. Says what to look at, and nothing that would help to forge one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The header is not there.
    Missing(HeaderName),
    /// The header is there more than once.
    Repeated(HeaderName),
    /// The header is not of this form.
    Malformed(HeaderName, Cow<'static, str>),
    /// No secret made any of the signatures.
    Mismatch,
    /// Signed longer ago than this.
    Old(Duration),
    /// Signed further ahead than this.
    Early(Duration),
}

impl Refusal {
    fn message(&self) -> String {
        match self {
            Self::Missing(name) => {
                format!("The delivery is not signed: the header `{name}` is missing.")
            }
            Self::Repeated(name) => format!("The header `{name}` is there more than once."),
            Self::Malformed(name, form) => {
                format!("The header `{name}` is not of the form `{form}`.")
            }
            Self::Mismatch => "The signature does not match: check the secret, and that the body \
                               is sent exactly as it was signed."
                .to_owned(),
            Self::Old(tolerance) => format!(
                "The signature was made more than {} ago: every try is signed anew.",
                humantime::format_duration(*tolerance)
            ),
            Self::Early(tolerance) => format!(
                "The time of the signature is more than {} ahead of ours: check the clock.",
                humantime::format_duration(*tolerance)
            ),
        }
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        let message = refusal.message();
        // No scheme is registered for this, and `Bearer` would mislead; a 401 needs one (RFC 9110 §15.5.2).
        Self::new(Code::Unauthorized).cause(&message).message(message).challenge("Signature")
    }
}
