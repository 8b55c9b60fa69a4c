//! An error as the client sees it: a stable code, a status, a public text; and the private cause that only the log shows.
//!
//! Rooms turn their own errors into a [`Fault`]; `Fault` knows nobody. `pipeline::respond` alone turns it into HTTP.

mod code;

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

pub use code::Code;

/// What went wrong with one request. Cheap to move: one pointer.
#[derive(Clone)]
pub struct Fault(Box<Parts>);

/// The parts of a [`Fault`].
#[derive(Clone)]
pub struct Parts {
    /// The stable name that programs match on.
    pub code: Code,
    /// The HTTP status; the code's own unless set.
    pub status: u16,
    /// The text for the client. Never holds a cause, a secret or an address.
    pub message: Cow<'static, str>,
    /// What is wrong in detail, for the client.
    pub details: Details,
    /// What really happened, for the log only.
    pub cause: Option<String>,
    /// Seconds for `Retry-After`, rounded up.
    pub retry_after: Option<u64>,
    /// The value of `WWW-Authenticate`.
    pub challenge: Option<&'static str>,
    /// The value of `Allow`, with a 405.
    pub allow: Option<String>,
}

/// The `details` of an error body.
#[derive(Clone, Debug, Default)]
pub enum Details {
    /// The member is left out.
    #[default]
    None,
    /// One entry per mistake in the request.
    Fields(Vec<Detail>),
    /// The rate limits that the request has overrun; only RFC 9457 has a place for them.
    Policies(Vec<String>),
    /// JSON text that a config's `details` program has made.
    Json(String),
}

/// One mistake in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail {
    /// Where: `body.items[2].price`, `query.limit`.
    pub field: String,
    /// What, in words that a person would write.
    pub message: String,
    /// The JSON Schema keyword that was broken, such as `minimum`.
    pub rule: &'static str,
}

impl Fault {
    /// A fault with the code's own status and sentence.
    pub fn new(code: Code) -> Self {
        Self(Box::new(Parts {
            status: code.status(),
            message: Cow::Borrowed(code.sentence()),
            code,
            details: Details::None,
            cause: None,
            retry_after: None,
            challenge: None,
            allow: None,
        }))
    }

    /// Something in the gateway or its config did not work: 500, with the reason for the log.
    pub fn internal(cause: impl fmt::Display) -> Self {
        Self::new(Code::InternalError).cause(cause)
    }

    /// Another public text.
    #[must_use]
    pub fn message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.0.message = message.into();
        self
    }

    /// Another status than the code's own.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.0.status = status;
        self
    }

    /// What really happened, for the log only.
    #[must_use]
    pub fn cause(mut self, cause: impl fmt::Display) -> Self {
        self.0.cause = Some(cause.to_string());
        self
    }

    /// Details for the client.
    #[must_use]
    pub fn details(mut self, details: Details) -> Self {
        self.0.details = details;
        self
    }

    /// One mistake in the request, as the only detail.
    #[must_use]
    pub fn field(
        self,
        field: impl Into<String>,
        message: impl Into<String>,
        rule: &'static str,
    ) -> Self {
        self.details(Details::Fields(vec![Detail {
            field: field.into(),
            message: message.into(),
            rule,
        }]))
    }

    /// When the client may ask again; rounded up to whole seconds.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait.as_secs() + u64::from(wait.subsec_nanos() > 0));
        self
    }

    /// The value of `WWW-Authenticate` (RFC 6750 §3).
    #[must_use]
    pub fn challenge(mut self, challenge: &'static str) -> Self {
        self.0.challenge = Some(challenge);
        self
    }

    /// The methods that the route has, for a 405.
    #[must_use]
    pub fn allow(mut self, methods: String) -> Self {
        self.0.allow = Some(methods);
        self
    }

    /// The parts, to write a reply or a log line from.
    pub fn parts(&self) -> &Parts {
        &self.0
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts { code, status, cause, .. } = &*self.0;
        write!(f, "{} {status} {}", code.name(), cause.as_deref().unwrap_or_default())
    }
}
