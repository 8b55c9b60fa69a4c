//! `signature`

use std::time::Duration;

use crate::jq::Program;
use crate::signature::Signature;

/// A webhook: how its deliveries prove who sent them, and how long they are known.
#[derive(Debug)]
pub struct Webhook {
    /// How they prove who sent them.
    pub signature: Signature,
    /// How long one is known after it was answered with 2xx.
    pub keep: Duration,
    /// What names one, from `$body` and `$headers`; where it gives null or empty text, and without it, the scheme's id or the hash of
    /// the body does.
    pub id_from: Option<Program>,
}
