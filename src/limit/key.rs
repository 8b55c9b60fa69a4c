//! Whose budget it is. Stores see a hash only: no address, token or name of a user stands in them.

use std::fmt;
use std::net::IpAddr;

use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Whose budget it is: the first 128 bits of a SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key(u128);

impl Key {
    /// A client's address. An IPv6 client has its /64: it can choose the rest at will. Clients without an address, behind
    /// a Unix socket, share one key.
    pub fn address(address: Option<IpAddr>) -> Self {
        match address.map(|address| address.to_canonical()) {
            Some(IpAddr::V4(v4)) => Self::hash("ip", &[&v4.octets()]),
            Some(IpAddr::V6(v6)) => Self::hash("ip", &[&v6.octets()[..8]]),
            None => Self::hash("ip", &[]),
        }
    }

    /// A session's issuer and subject.
    pub fn session(issuer: &str, subject: &str) -> Self {
        Self::hash("session", &[issuer.as_bytes(), subject.as_bytes()])
    }

    /// The token that is presented.
    pub fn credential(token: &[u8]) -> Self {
        Self::hash("credential", &[token])
    }

    /// What a `key_from` gave, as JSON.
    pub fn value(json: &[u8]) -> Self {
        Self::hash("value", &[json])
    }

    /// Lengths keep parts apart: `a` and `bc` is not `ab` and `c`.
    fn hash(kind: &str, parts: &[&[u8]]) -> Self {
        let mut context = Context::new(&SHA256);
        context.update(kind.as_bytes());
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut first = [0; 16];
        first.copy_from_slice(&context.finish().as_ref()[..16]);
        Self(u128::from_be_bytes(first))
    }

    pub(super) fn number(self) -> u128 {
        self.0
    }
}

/// As it stands in Redis.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0.to_be_bytes()))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
