//! The closed list of error codes.

use std::sync::Arc;

macro_rules! codes {
    ($($variant:ident $status:literal $name:literal $sentence:literal;)*) => {
        /// The stable name of an error. Clients match on it; a text may change, a code never does.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Code {
            $(#[doc = $sentence] $variant,)*
            /// A code that the config names, in `on_status` or `[[fail]]`, with its status.
            Named(Arc<str>, u16),
        }

        impl Code {
            /// Every code of the gateway's own, in the order of its status.
            pub const ALL: &[Code] = &[$(Code::$variant),*];

            /// As clients see it: `VALIDATION_ERROR`.
            pub fn name(&self) -> &str {
                match self {
                    $(Code::$variant => $name,)*
                    Code::Named(name, _) => name,
                }
            }

            /// The HTTP status that goes with it.
            pub fn status(&self) -> u16 {
                match self {
                    $(Code::$variant => $status,)*
                    Code::Named(_, status) => *status,
                }
            }

            /// The public sentence where nothing more can be said.
            pub fn sentence(&self) -> &'static str {
                match self {
                    $(Code::$variant => $sentence,)*
                    Code::Named(..) => "The request could not be completed.",
                }
            }
        }
    };
}

codes! {
    BadRequest 400 "BAD_REQUEST" "The request is malformed.";
    ValidationError 400 "VALIDATION_ERROR" "Some of the input is not valid.";
    InvalidJson 400 "INVALID_JSON" "The body is not valid JSON.";
    Unauthorized 401 "UNAUTHORIZED" "A valid session is needed.";
    SessionExpired 401 "SESSION_EXPIRED" "The session has ended.";
    Forbidden 403 "FORBIDDEN" "This is not allowed.";
    CsrfFailed 403 "CSRF_FAILED" "The request does not come from this site.";
    NotFound 404 "NOT_FOUND" "There is nothing here.";
    MethodNotAllowed 405 "METHOD_NOT_ALLOWED" "This method is not offered here.";
    RequestTimeout 408 "REQUEST_TIMEOUT" "The request took too long to arrive.";
    Conflict 409 "CONFLICT" "The request conflicts with the current state.";
    Gone 410 "GONE" "This is no longer here.";
    PreconditionFailed 412 "PRECONDITION_FAILED" "A precondition of the request does not hold.";
    PayloadTooLarge 413 "PAYLOAD_TOO_LARGE" "The body is too large.";
    UriTooLong 414 "URI_TOO_LONG" "The address is too long.";
    UnsupportedMediaType 415 "UNSUPPORTED_MEDIA_TYPE" "This content type is not accepted here.";
    Unprocessable 422 "UNPROCESSABLE" "The request was understood, but cannot be processed.";
    RateLimited 429 "RATE_LIMITED" "Too many requests.";
    HeadersTooLarge 431 "HEADERS_TOO_LARGE" "The request's headers are too large.";
    InternalError 500 "INTERNAL_ERROR" "Something went wrong.";
    UpstreamError 502 "UPSTREAM_ERROR" "A service behind this one did not answer as expected.";
    UpstreamUnavailable 503 "UPSTREAM_UNAVAILABLE" "A service behind this one is not available.";
    StoreUnavailable 503 "STORE_UNAVAILABLE" "A store behind this service is not available.";
    Overloaded 503 "OVERLOADED" "The service is busy.";
    UpstreamTimeout 504 "UPSTREAM_TIMEOUT" "A service behind this one did not answer in time.";
}
