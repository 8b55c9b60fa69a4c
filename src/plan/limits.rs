//! How many requests an endpoint lets in, and whose address a client has.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::jq::Program;

/// The policies of an endpoint, each as early as what its key reads is there.
#[derive(Debug, Default)]
pub struct RateLimits {
    /// Before the session is checked.
    pub by_address: Vec<RateLimit>,
    /// After it.
    pub by_session: Vec<RateLimit>,
    /// When the input was read.
    pub by_input: Vec<RateLimit>,
}

/// A policy that an endpoint uses.
#[derive(Debug)]
pub struct RateLimit {
    /// Its index in [`super::Plan::rate_limits`].
    pub policy: usize,
    /// Whose budget it is.
    pub key: KeyFrom,
}

/// Whose budget it is. Where there is no such thing, the address counts.
#[derive(Debug)]
pub enum KeyFrom {
    /// The client's address.
    Address,
    /// The session's issuer and subject.
    Session,
    /// The token that is presented, good or not.
    Credential,
    /// What a program gives.
    Program(Program),
}

/// `[server] trusted_proxies`: whose word about the client's address is believed.
#[derive(Debug, Default)]
pub struct Proxies {
    /// Their addresses.
    pub ranges: Vec<IpNet>,
    /// Whoever connects to a Unix socket.
    pub unix: bool,
}

impl Proxies {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty() && !self.unix
    }

    /// Whether this is one of them; none: the peer of a Unix socket.
    pub fn trust(&self, address: Option<IpAddr>) -> bool {
        match address {
            Some(address) => self.ranges.iter().any(|range| range.contains(&address)),
            None => self.unix,
        }
    }
}
