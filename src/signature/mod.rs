//! Who sent a webhook: the signatures of the usual schemes, over the bytes of the body as they came.
//!
//! Every scheme is an HMAC over a text that its headers give, followed by the body. A file per scheme says what the
//! headers look like; the check itself is here, once.

mod claim;
mod encoding;
mod github;
mod hmac;
mod refusal;
mod secret;
mod shopify;
mod slack;
mod standard;
mod stripe;

use std::time::Duration;

pub use claim::{Claim, Headers};
pub use encoding::Encoding;
pub use hmac::Hmac;
pub use refusal::Refusal;
pub use secret::{Algorithm, Secret};

/// How deliveries prove who sent them.
#[derive(Debug)]
pub struct Signature {
    /// What is signed, and where the signature stands.
    pub scheme: Scheme,
    /// Any of these may have signed: while one is being replaced there are two.
    pub secrets: Vec<Secret>,
    /// How far a signed time may be from ours, both ways. Without meaning where the scheme signs none.
    pub tolerance: Duration,
}

/// What is signed, and where the signature stands.
#[derive(Debug)]
pub enum Scheme {
    /// `Stripe-Signature`
    Stripe,
    /// `X-Hub-Signature-256`
    Github,
    /// `webhook-signature` of standardwebhooks.com
    StandardWebhooks,
    /// `X-Slack-Signature`
    Slack,
    /// `X-Shopify-Hmac-Sha256`
    Shopify,
    /// The body alone, in a header of the config's choice.
    Hmac(Hmac),
}

impl Signature {
    /// Reads what the headers claim. It needs no body, so that a delivery without a signature costs none.
    ///
    /// # Errors
    /// A header is missing, there twice, or not of its form.
    pub fn claim(&self, headers: Headers<'_>) -> Result<Claim, Refusal> {
        match &self.scheme {
            Scheme::Stripe => stripe::claim(headers),
            Scheme::Github => github::claim(headers),
            Scheme::StandardWebhooks => standard::claim(headers),
            Scheme::Slack => slack::claim(headers),
            Scheme::Shopify => shopify::claim(headers),
            Scheme::Hmac(hmac) => hmac.claim(headers),
        }
    }

    /// Checks a claim, and gives the delivery's id where the scheme signs one. Looks at every byte of the body once per
    /// secret, however many signatures are claimed.
    ///
    /// # Errors
    /// None of the secrets made any of the signatures, or their time is too far from `now`, the time since 1970.
    pub fn verify(
        &self,
        claim: Claim,
        body: &[u8],
        now: Duration,
    ) -> Result<Option<String>, Refusal> {
        let signed = |secret: &Secret| secret.signed(&claim, body);
        if !self.secrets.iter().any(signed) {
            return Err(Refusal::Mismatch);
        }
        if let Some(time) = claim.time {
            if now.saturating_sub(time) > self.tolerance {
                return Err(Refusal::Old(self.tolerance));
            }
            if time.saturating_sub(now) > self.tolerance {
                return Err(Refusal::Early(self.tolerance));
            }
        }
        let id = match self.scheme {
            Scheme::Stripe => stripe::id(body),
            Scheme::Slack => slack::id(body),
            _ => claim.id,
        };
        Ok(id.filter(|id| !id.is_empty()))
    }
}

impl Scheme {
    /// Whether it signs the time, so that an old delivery can be told.
    pub fn signs_time(&self) -> bool {
        matches!(self, Self::Stripe | Self::StandardWebhooks | Self::Slack)
    }

    /// As the config names it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Stripe => "stripe",
            Self::Github => "github",
            Self::StandardWebhooks => "standard-webhooks",
            Self::Slack => "slack",
            Self::Shopify => "shopify",
            Self::Hmac(_) => "hmac",
        }
    }
}

#[cfg(test)]
mod tests;
