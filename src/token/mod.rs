//! Tokens that other parties sign, verified here.
//!
//! [`Verifier::verify`] takes the raw credentials of a request and gives a [`Verified`], nothing, or a [`Rejection`].
//! It follows RFC 7519 with the advice of RFC 8725: who verifies chooses issuer, key and algorithm, never the token.
//! Tokens of other kinds, with rules of their own, are verified by a `KeyRing`.

mod accepted;
mod claims;
mod fetch;
#[cfg(test)]
mod forge;
mod issuer;
mod json;
mod jwks;
mod jws;
mod keys;
mod rejection;
mod ring;
#[cfg(test)]
mod tests;
mod verifier;

pub(crate) use claims::seconds;
pub use fetch::{Fetch, Fetched, Http};
pub use issuer::{Algorithm, Issuer, KeySource, check_algorithms, check_key};
pub(crate) use json::object as strict_object;
pub use rejection::Rejection;
pub(crate) use ring::{KeyRing, Signed, Unverifiable};
pub use verifier::{Credentials, Verified, Verifier};
