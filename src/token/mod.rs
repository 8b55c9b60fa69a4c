//! Tokens that other parties sign, verified here.
//!
//! [`Verifier::verify`] takes the raw credentials of a request and gives a [`Verified`], nothing, or a [`Rejection`].
//! It follows RFC 7519 with the advice of RFC 8725: who verifies chooses issuer, key and algorithm, never the token.

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
#[cfg(test)]
mod tests;
mod verifier;

pub use fetch::{Fetch, Fetched, Http};
pub use issuer::{Algorithm, Issuer, KeySource, check_algorithms, check_key};
pub use rejection::Rejection;
pub use verifier::{Credentials, Verified, Verifier};
