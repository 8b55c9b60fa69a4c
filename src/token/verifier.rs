//! From the raw credentials of a request to a session.

use std::mem::size_of;
use std::sync::{Arc, OnceLock};

use aws_lc_rs::digest::{SHA256, digest};
use moka::sync::Cache;

use super::accepted::{Accepted, Refusal};
use super::claims::{self, Validity};
use super::fetch::Fetch;
use super::issuer::Issuer;
use super::jws::Unverified;
use super::rejection::Rejection;
use crate::clock::Clock;
use crate::cookie::cookies;
use crate::identity::{Identity, Token};

/// What a request brings to show who sends it: all values of two headers, as they came.
#[derive(Clone, Copy, Default)]
pub struct Credentials<'a> {
    /// `Authorization`
    pub authorization: &'a [&'a [u8]],
    /// `Cookie`
    pub cookie: &'a [&'a [u8]],
}

/// Verifies tokens of all issuers. One serves all workers.
///
/// Verified tokens are kept, so that a token costs its signature once and then about a microsecond. They are known by
/// their SHA-256; times are looked at on every use, and what keys have verified ends when they are fetched anew.
pub struct Verifier {
    issuers: Vec<Accepted>,
    clock: Arc<dyn Clock>,
    kept: Cache<Fingerprint, Kept>,
}

/// Who sends a request, by a token.
#[derive(Clone, Debug)]
pub struct Verified {
    /// Who it is; shared by all requests that bring the same token.
    pub identity: Arc<Identity>,
    /// The cookie that brought the token; `None` when it came as a bearer token.
    pub cookie: Option<Arc<str>>,
}

type Fingerprint = [u8; 32];

#[derive(Clone)]
struct Kept {
    identity: Arc<Identity>,
    validity: Validity,
    issuer: usize,
    generation: u64,
}

/// A token and the cookie that it came in.
struct Presented<'a> {
    token: &'a [u8],
    cookie: Option<Arc<str>>,
}

impl Verifier {
    /// A verifier of these issuers' tokens.
    ///
    /// # Errors
    /// What [`super::check_algorithms`] and [`super::check_key`] say, or that two issuers are the same.
    pub fn new(
        issuers: Vec<Issuer>,
        clock: Arc<dyn Clock>,
        fetch: Arc<dyn Fetch>,
    ) -> Result<Self, String> {
        for (index, issuer) in issuers.iter().enumerate() {
            if let Some(other) = issuers[..index].iter().find(|one| one.issuer == issuer.issuer) {
                return Err(format!("[tokens.{}] has this issuer already", other.name));
            }
        }
        let accept = |rules| Accepted::new(rules, &clock, &fetch);
        let issuers = issuers.into_iter().map(accept).collect::<Result<_, _>>()?;
        let kept = Cache::builder().max_capacity(KEPT_BYTES).weigher(weight).build();
        Ok(Self { issuers, clock, kept })
    }

    /// Who sends a request; nobody if it brings no credentials.
    ///
    /// # Errors
    /// Credentials that are not good: see [`Rejection`].
    pub async fn verify(
        &self,
        credentials: &Credentials<'_>,
    ) -> Result<Option<Verified>, Rejection> {
        let Some(Presented { token, cookie }) = self.presented(credentials)? else {
            return Ok(None);
        };
        match self.identity(token, cookie.as_deref()).await {
            Ok(identity) => Ok(Some(Verified { identity, cookie })),
            Err(Refusal::Other(rejection)) => Err(rejection),
            Err(Refusal::Bad(cause)) => Err(match cookie {
                Some(name) => Rejection::BadCookie { name, cause },
                None => Rejection::BadBearer { cause },
            }),
        }
    }

    /// The token that a request brings, good or not; nothing where it is not clear which.
    pub fn token<'a>(&self, credentials: &Credentials<'a>) -> Option<&'a [u8]> {
        Some(self.presented(credentials).ok()??.token)
    }

    /// That a request brings no token, good or not: it has shown who sends it by something else.
    ///
    /// # Errors
    /// The refusal of two credentials, see [`Rejection`].
    pub fn stands_aside(&self, credentials: &Credentials<'_>) -> Result<(), Rejection> {
        match self.presented(credentials) {
            Ok(None) => Ok(()),
            Ok(Some(Presented { cookie: Some(name), .. })) => {
                Err(ambiguous("There is more than one session cookie.", Some(name)))
            }
            Ok(Some(_)) | Err(Rejection::BadBearer { .. }) => {
                Err(ambiguous("There is an Authorization header and a session cookie.", None))
            }
            Err(rejection) => Err(rejection),
        }
    }

    /// The one token of a request. Two of them are refused, good or not: who is meant would depend on who reads.
    ///
    /// `Authorization` is not ours to judge where no issuer's tokens may come in it.
    fn presented<'a>(
        &self,
        credentials: &Credentials<'a>,
    ) -> Result<Option<Presented<'a>>, Rejection> {
        let takes_bearer = self.issuers.iter().any(|issuer| issuer.rules.bearer);
        let header = match credentials.authorization {
            [] => None,
            _ if !takes_bearer => None,
            [one] => Some(*one),
            _ => return Err(ambiguous("There is more than one Authorization header.", None)),
        };
        let mut ours = cookies(credentials.cookie).filter_map(|(name, token)| {
            Some(Presented { token, cookie: Some(self.cookie_named(name)?) })
        });
        match (header, ours.next(), ours.next()) {
            (_, Some(one), Some(_)) => {
                Err(ambiguous("There is more than one session cookie.", one.cookie))
            }
            (Some(_), Some(_), None) => {
                Err(ambiguous("There is an Authorization header and a session cookie.", None))
            }
            (Some(header), None, _) => match bearer(header) {
                Some(token) => Ok(Some(Presented { token, cookie: None })),
                None => Err(Rejection::BadBearer { cause: "not `Bearer` and a token" }),
            },
            (None, cookie, _) => Ok(cookie),
        }
    }

    fn cookie_named(&self, name: &[u8]) -> Option<Arc<str>> {
        let mut names = self.issuers.iter().filter_map(|issuer| issuer.rules.cookie.as_ref());
        names.find(|one| one.as_bytes() == name).cloned()
    }

    async fn identity(&self, token: &[u8], cookie: Option<&str>) -> Result<Arc<Identity>, Refusal> {
        let token = std::str::from_utf8(token).map_err(|_| "not text")?;
        let fingerprint = fingerprint(token);
        if let Some(kept) = self.kept.get(&fingerprint)
            && self.still_good(&kept, cookie)
        {
            return Ok(kept.identity);
        }
        let kept = self.check(token, cookie).await?;
        self.kept.insert(fingerprint, kept.clone());
        Ok(kept.identity)
    }

    fn still_good(&self, kept: &Kept, cookie: Option<&str>) -> bool {
        let issuer = &self.issuers[kept.issuer];
        issuer.may_come(cookie)
            && kept.validity.check(self.clock.now(), issuer.rules.leeway).is_ok()
            && issuer.keys_hold(kept.generation)
    }

    /// The signature comes last: what is refused before costs no cryptography and no fetch.
    async fn check(&self, token: &str, cookie: Option<&str>) -> Result<Kept, Refusal> {
        let parts = Unverified::parse(token)?;
        let by = parts.issuer().ok_or("no `iss`")?;
        let issuer = self.issuers.iter().position(|issuer| &*issuer.rules.issuer == by);
        let issuer = issuer.ok_or("an issuer that is not accepted")?;
        let accepted = &self.issuers[issuer];
        let rules = &accepted.rules;
        if !accepted.may_come(cookie) {
            return Err("a place where this issuer's tokens are not accepted".into());
        }
        parts.check_header(rules)?;
        let (subject, validity) = claims::check(&parts.claims, rules)?;
        validity.check(self.clock.now(), rules.leeway)?;
        let generation = accepted.check_signature(&parts).await?;
        let identity = Identity {
            tokens: rules.name.clone(),
            issuer: rules.issuer.clone(),
            subject: subject.into(),
            claims: parts.payload.into_boxed_str(),
            token: Token::new(token),
            expires_at: validity.expires_at,
            derived: OnceLock::new(),
            stable: OnceLock::new(),
        };
        Ok(Kept { identity: Arc::new(identity), validity, issuer, generation })
    }
}

/// The token after `Bearer` (RFC 6750 §2.1); the scheme's case does not matter (RFC 9110 §11.1).
fn bearer(header: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = header.split_at_checked("Bearer".len())?;
    let is_bearer = scheme.eq_ignore_ascii_case(b"Bearer") && token.first() == Some(&b' ');
    is_bearer.then(|| token.trim_ascii())
}

fn ambiguous(what: &'static str, cookie: Option<Arc<str>>) -> Rejection {
    Rejection::Ambiguous { what, cookie }
}

fn fingerprint(token: &str) -> Fingerprint {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    bytes
}

fn weight(_: &Fingerprint, kept: &Kept) -> u32 {
    let Identity { claims, token, .. } = &*kept.identity;
    // Claims count twice for the value that is made of them.
    let bytes = size_of::<Identity>() + token.reveal().len() + 2 * claims.len() + KEPT_OVERHEAD;
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

const KEPT_BYTES: u64 = 32 * 1024 * 1024;
const KEPT_OVERHEAD: usize = 256;
