//! Tokens of `[credentials.NAME]`: the gateway's own, by client credentials (RFC 6749 §4.4), and those that a user's token
//! is exchanged for (RFC 8693). They are kept until shortly before their end.

mod tokens;

use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::clock::Clock;
use crate::fault::Fault;
use crate::identity::Token;
use crate::login::{Granted, Problem, Provider};
use tokens::{Key, Tokens};

/// `grant`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// The gateway itself (RFC 6749 §4.4).
    ClientCredentials,
    /// The user: their token is exchanged (RFC 8693).
    Exchange,
}

/// What a credential's tokens are asked with.
pub struct Credential {
    /// NAME
    pub name: String,
    /// Who shows itself.
    pub grant: Grant,
    /// Whom it asks.
    pub provider: Arc<Provider>,
    /// `audience`, where it is said.
    pub audience: Option<String>,
    /// `scope`, where it is said.
    pub scope: Option<String>,
}

/// Whose token is exchanged, and what else must be the same for an exchanged token to be theirs.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The token that is exchanged.
    pub token: &'a Token,
    /// A login session and its version; or an issuer and a subject.
    pub of: &'a [u8],
    /// Who has issued it.
    pub issuer: &'a str,
}

/// A token of a credential.
pub struct Issued {
    /// The token.
    pub token: Token,
    key: Key,
}

/// The tokens of all credentials. One serves all workers.
pub struct Credentials {
    all: Vec<Arc<Credential>>,
    tokens: Arc<Tokens>,
}

impl Credentials {
    /// These, by their index.
    pub fn new(all: Vec<Credential>, clock: Arc<dyn Clock>) -> Self {
        Self { all: all.into_iter().map(Arc::new).collect(), tokens: Arc::new(Tokens::new(clock)) }
    }

    /// Who shows itself by a credential.
    ///
    /// # Errors
    /// 500 for an index that there is not.
    pub fn grant(&self, index: usize) -> Result<Grant, Fault> {
        Ok(self.credential(index)?.grant)
    }

    /// What tells one credential from another, in this process or any.
    ///
    /// # Errors
    /// 500 for an index that there is not.
    pub fn about(&self, index: usize) -> Result<[&str; 6], Fault> {
        let Credential { name, grant, provider, audience, scope } = &**self.credential(index)?;
        let grant = match grant {
            Grant::ClientCredentials => "client_credentials",
            Grant::Exchange => "exchange",
        };
        let [audience, scope] = [audience, scope].map(|said| said.as_deref().unwrap_or_default());
        let [place, client] = provider.about();
        Ok([name, grant, place, client, audience, scope])
    }

    /// A token of a credential: one for the subject where there is one, else the gateway's own.
    ///
    /// # Errors
    /// 503 where its provider is away, for as long as it is left alone, 502 where it says no; 500 where the subject's token
    /// is not that provider's: nobody else gets it.
    pub async fn token(&self, index: usize, subject: Option<Subject<'_>>) -> Result<Issued, Fault> {
        let (credential, key) = (self.of(index, subject)?, key(index, subject));
        let token = self.tokens.get(key, || ask(credential, subject)).await?;
        Ok(Issued { token, key })
    }

    /// Another token than one that an upstream has not taken; nothing where another one has not helped a moment ago.
    ///
    /// # Errors
    /// As [`Credentials::token`].
    pub async fn another(
        &self,
        index: usize,
        subject: Option<Subject<'_>>,
        refused: &Issued,
    ) -> Result<Option<Issued>, Fault> {
        let (credential, key) = (self.of(index, subject)?, key(index, subject));
        let asking = || ask(credential, subject);
        let token = self.tokens.another(key, &refused.token, asking).await?;
        Ok(token.map(|token| Issued { token, key }))
    }

    /// Notes whether an upstream has taken another token, after it had not taken one.
    pub fn helped(&self, another: &Issued, helped: bool) {
        self.tokens.helped(another.key, helped);
    }

    /// The credential that a subject's token may be exchanged by.
    fn of(&self, index: usize, subject: Option<Subject<'_>>) -> Result<&Arc<Credential>, Fault> {
        let credential = self.credential(index)?;
        let own = |issuer: &Arc<str>| subject.is_none_or(|subject| *subject.issuer == **issuer);
        if credential.provider.issuer().is_none_or(own) {
            return Ok(credential);
        }
        let name = credential.provider.name();
        Err(Fault::internal(format!(
            "a user of another issuer has no token to exchange at the provider `{name}`"
        )))
    }

    fn credential(&self, index: usize) -> Result<&Arc<Credential>, Fault> {
        self.all.get(index).ok_or_else(|| Fault::internal("no such credential"))
    }
}

type Asking = BoxFuture<'static, Result<Granted, Problem>>;

fn ask(credential: &Arc<Credential>, subject: Option<Subject<'_>>) -> Asking {
    let credential = Arc::clone(credential);
    let token = subject.map(|subject| subject.token.clone());
    async move {
        let Credential { provider, audience, scope, .. } = &*credential;
        let (audience, scope) = (audience.as_deref(), scope.as_deref());
        let granted = match token {
            Some(token) => provider.exchange(&token, audience, scope).await,
            None => provider.client_credentials(audience, scope).await,
        };
        granted.inspect_err(|problem| {
            let of = &**provider.name();
            tracing::warn!(of, %problem, "a credential's token could not be had");
        })
    }
    .boxed()
}

/// Each part with its length before it, so that no two users have one.
fn key(index: usize, subject: Option<Subject<'_>>) -> Key {
    let mut context = Context::new(&SHA256);
    let mut add = |part: &[u8]| {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    };
    add(&(index as u64).to_be_bytes());
    if let Some(Subject { token, of, .. }) = subject {
        add(of);
        add(token.reveal().as_bytes());
    }
    let mut key = Key::default();
    key.copy_from_slice(context.finish().as_ref());
    key
}

#[cfg(test)]
mod tests;
