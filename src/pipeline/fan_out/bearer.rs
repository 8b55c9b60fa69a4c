//! The token that a call's request is sent with, and another one where an upstream does not take it.

use std::sync::Arc;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};

use crate::credential::{Grant, Issued, Subject};
use crate::fault::{Code, Fault};
use crate::identity::Token;
use crate::pipeline::frame::Frame;
use crate::pipeline::refresh;
use crate::plan::{Auth, Call};
use crate::session::Live;

/// What a request is sent with.
pub(super) enum Bearer {
    /// The client's own token.
    Client(Token),
    /// The access token of the client's login session.
    Login(Token, Arc<Live>),
    /// A token of a credential.
    Credential(Issued),
}

/// The token for a call; nothing where it is sent without one.
///
/// # Errors
/// 401 where the user's token is to be sent and there is no user, or no good token any more; 503 where a token cannot be
/// had at the moment; 502 where its provider says no.
pub(super) async fn of(frame: &Frame, call: &Call) -> Result<Option<Bearer>, Fault> {
    let Auth::Credential(index) = call.auth else {
        return Ok(if call.auth == Auth::User { Some(user(frame).await?) } else { None });
    };
    let credentials = &frame.gateway.credentials;
    let issued = match credentials.grant(index)? {
        Grant::ClientCredentials => credentials.token(index, None).await?,
        Grant::Exchange => {
            let user = user(frame).await?;
            let owner = owner(frame, &user);
            credentials.token(index, Some(subject(frame, &user, &owner))).await?
        }
    };
    Ok(Some(Bearer::Credential(issued)))
}

/// Whether what a call is sent with is the user's.
pub(super) fn shows_user(frame: &Frame, call: &Call) -> bool {
    match call.auth {
        Auth::None => false,
        Auth::User => true,
        Auth::Credential(index) => {
            frame.gateway.credentials.grant(index).is_ok_and(|grant| grant == Grant::Exchange)
        }
    }
}

/// That a call which sends the user's token has a user.
///
/// # Errors
/// 401 where there is none.
pub(super) fn has_user(frame: &Frame, call: &Call) -> Result<(), Fault> {
    if shows_user(frame, call) && frame.identity.is_none() { Err(nobody()) } else { Ok(()) }
}

/// Another token than one that an upstream has answered with 401; nothing where there is none.
///
/// # Errors
/// As for [`of`].
pub(super) async fn another(
    frame: &Frame,
    call: &Call,
    refused: &Bearer,
) -> Result<Option<Bearer>, Fault> {
    match (refused, call.auth) {
        (Bearer::Login(_, live), _) => {
            let next = refresh::another(&frame.gateway, &frame.ongoing, live).await?;
            Ok(next.map(|live| login(frame, live)))
        }
        (Bearer::Credential(old), Auth::Credential(index)) => {
            let credentials = &frame.gateway.credentials;
            let issued = match credentials.grant(index)? {
                Grant::ClientCredentials => credentials.another(index, None, old).await?,
                Grant::Exchange => {
                    let user = user(frame).await?;
                    let owner = owner(frame, &user);
                    let subject = subject(frame, &user, &owner);
                    credentials.another(index, Some(subject), old).await?
                }
            };
            Ok(issued.map(Bearer::Credential))
        }
        _ => Ok(None),
    }
}

/// Notes whether the upstream has taken another token: where not even a new one helps, not every request asks for one.
pub(super) fn helped(frame: &Frame, another: &Bearer, helped: bool) {
    match another {
        Bearer::Client(_) => {}
        Bearer::Login(_, live) => refresh::helped(&frame.gateway, live, helped),
        Bearer::Credential(issued) => frame.gateway.credentials.helped(issued, helped),
    }
}

impl Bearer {
    /// Puts it into a request's headers.
    ///
    /// # Errors
    /// 500 for a token that cannot stand there.
    pub(super) fn put(&self, headers: &mut HeaderMap) -> Result<(), Fault> {
        let value = HeaderValue::from_str(&format!("Bearer {}", self.token().reveal()));
        let mut value = value.map_err(|_| Fault::internal("a token holds a control character"))?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
        Ok(())
    }

    fn token(&self) -> &Token {
        match self {
            Self::Client(token) | Self::Login(token, _) => token,
            Self::Credential(issued) => &issued.token,
        }
    }
}

/// The user's token, as it is now. Nobody's is never sent.
async fn user(frame: &Frame) -> Result<Bearer, Fault> {
    let Some(identity) = &frame.identity else { return Err(nobody()) };
    let Some(live) = frame.login() else { return Ok(Bearer::Client(identity.token.clone())) };
    let live = refresh::usable(&frame.gateway, &frame.ongoing, &live).await?;
    Ok(login(frame, live))
}

fn nobody() -> Fault {
    Fault::new(Code::Unauthorized).cause("a call sends the user's token, and there is none")
}

/// The token of a session, which the calls that follow use, too.
fn login(frame: &Frame, live: Arc<Live>) -> Bearer {
    frame.note_login(&live);
    Bearer::Login(live.identity.token.clone(), live)
}

fn subject<'a>(frame: &'a Frame, user: &'a Bearer, of: &'a [u8]) -> Subject<'a> {
    let issuer = frame.identity.as_deref().map_or("", |identity| &identity.issuer);
    Subject { token: user.token(), of, issuer }
}

/// What an exchanged token is bound to besides the token that it was exchanged for: the session and its version, or issuer
/// and subject.
fn owner(frame: &Frame, user: &Bearer) -> Vec<u8> {
    if let Bearer::Login(_, live) = user {
        return [&live.key.entry().0, live.version.to_be_bytes().as_slice()].concat();
    }
    let identity = frame.identity.as_deref();
    let issuer = identity.map_or("", |identity| &identity.issuer).as_bytes();
    let subject = identity.map_or("", |identity| &identity.subject).as_bytes();
    [&(issuer.len() as u64).to_be_bytes(), issuer, subject].concat()
}
