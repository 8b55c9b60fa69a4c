//! The client's idempotency key, and the keys that upstreams get.

use http::HeaderValue;

use super::request::Head;
use crate::idempotency::{Hash, hash, hex, key};
use crate::identity::Identity;
use crate::plan::Endpoint;
use crate::value::Value;

/// An item of an `each` call.
#[derive(Clone, Copy)]
pub(super) struct Item<'a> {
    /// Its index.
    pub(super) at: usize,
    /// What it is.
    pub(super) value: &'a Value,
}

/// The key that the client has sent.
///
/// # Errors
/// What is wrong with it.
pub(super) fn of_client(head: &dyn Head) -> Result<Option<String>, &'static str> {
    key(&head.header("idempotency-key"))
}

/// A client's key with all that it is bound to: frontend, method and route, and whose session it is.
pub(super) fn bound(endpoint: &Endpoint, identity: Option<&Identity>, key: &str) -> Hash {
    let (frontend, name) = (endpoint.frontend.as_bytes(), endpoint.name.as_bytes());
    match identity {
        None => hash(&[b"idempotency", frontend, name, key.as_bytes()]),
        Some(identity) => hash(&[
            b"idempotency",
            frontend,
            name,
            key.as_bytes(),
            identity.issuer.as_bytes(),
            identity.subject.as_bytes(),
        ]),
    }
}

/// In the place of a client's key, where it has sent none: every request has its own.
pub(super) fn of_request(id: &str) -> Hash {
    hash(&[b"request", id.as_bytes()])
}

/// What a request of a call is sent with: the same for the same key, call and item, and nothing that tells the client's
/// own key.
pub(super) fn derived(base: &Hash, call: &str, item: Option<Item<'_>>) -> HeaderValue {
    let hash = match item {
        None => hash(&[b"call", base, call.as_bytes()]),
        Some(Item { at, value }) => {
            let (at, value) = ((at as u64).to_be_bytes(), value.to_canonical());
            hash(&[b"call", base, call.as_bytes(), &at, &value])
        }
    };
    // Hexadecimal always is a header value.
    HeaderValue::from_str(&hex(&hash)).unwrap_or(HeaderValue::from_static(""))
}
