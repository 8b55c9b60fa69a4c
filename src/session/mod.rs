//! Who is asking: tokens that other parties sign, verified here; and whether a request that a cookie authenticates
//! comes from our own pages.
//!
//! [`Verifier::verify`] takes the raw credentials of a request and gives a [`Session`], nothing, or a [`Rejection`].
//! It follows RFC 7519 with the advice of RFC 8725: who verifies chooses issuer, key and algorithm, never the token.

mod accepted;
mod claims;
pub mod cookie;
mod fetch;
#[cfg(test)]
mod forge;
mod identity;
mod issuer;
mod json;
mod jwks;
mod keys;
pub mod origin;
mod rejection;
#[cfg(test)]
mod tests;
mod token;
mod verifier;

pub use fetch::{Fetch, Fetched, Http};
pub use identity::{Identity, Session, Token};
pub use issuer::{Algorithm, Issuer, KeySource, check_algorithms, check_key};
pub use rejection::Rejection;
pub use verifier::{Credentials, Verifier};
