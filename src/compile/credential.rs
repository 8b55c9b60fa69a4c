//! `[credentials.NAME]`, and what `auth` may say.

use std::sync::Arc;

use super::context::Context;
use super::login::named;
use super::provider::{Part, address, needed, some_text};
use super::upstreams::positive;
use crate::config::{self, Gateway, Name, Plain};
use crate::login::{At, ClientAuth, Settings};
use crate::plan::{Auth, Credential, Grant, TokenSource};

/// What `auth` may say.
pub(super) struct Words {
    words: Vec<(String, Auth)>,
    grants: Vec<Option<Grant>>,
}

/// Compiles the credentials. One's index is its place in the file.
pub(super) fn credentials(cx: &mut Context<'_>, gateway: &Gateway) -> (Vec<Credential>, Words) {
    let mut words = vec![("none".to_owned(), Auth::None), ("user".to_owned(), Auth::User)];
    let (mut credentials, mut grants) = (Vec::new(), Vec::new());
    for (index, (name, written)) in gateway.credentials.iter().enumerate() {
        if words.iter().any(|(word, _)| *word == name.text) {
            let title = format!("`{name}` cannot be the name of a credential");
            cx.wrong(&name.span, title, "`auth` means something else by it already");
        }
        words.push((name.text.clone(), Auth::Credential(index)));
        let grant = grant(cx, name, written);
        credentials.extend(credential(cx, gateway, name, written, grant));
        grants.push(grant);
    }
    (credentials, Words { words, grants })
}

impl Words {
    /// What `auth` says.
    pub(super) fn read(&self, cx: &mut Context<'_>, written: &Plain<String>) -> Option<Auth> {
        let words: Vec<_> = self.words.iter().map(|(word, auth)| (word.as_str(), *auth)).collect();
        cx.word(written, &words)
    }

    /// Whether it is the user's token, or made of it.
    pub(super) fn is_users(&self, auth: Auth) -> bool {
        match auth {
            Auth::None => false,
            Auth::User => true,
            Auth::Credential(index) => self.grants.get(index) == Some(&Some(Grant::Exchange)),
        }
    }
}

fn grant(cx: &mut Context<'_>, name: &Name, written: &config::Credential) -> Option<Grant> {
    let table = format!("[credentials.{name}]");
    let place = (&*table, &written.span, &*written.wrong);
    let grant = needed(cx, place, "grant", written.grant.as_ref())?;
    let words = [("client_credentials", Grant::ClientCredentials), ("exchange", Grant::Exchange)];
    cx.word(grant, &words)
}

fn credential(
    cx: &mut Context<'_>,
    gateway: &Gateway,
    name: &Name,
    written: &config::Credential,
    grant: Option<Grant>,
) -> Option<Credential> {
    let from = source(cx, gateway, name, written);
    let audience = cx.value(&written.audience);
    let scope = cx.value(&written.scope);
    let some = |text: String| (!text.is_empty()).then_some(text);
    Some(Credential {
        name: name.text.as_str().into(),
        grant: grant?,
        from: from?,
        audience: some(audience?),
        scope: some(scope?),
    })
}

fn source(
    cx: &mut Context<'_>,
    gateway: &Gateway,
    name: &Name,
    written: &config::Credential,
) -> Option<TokenSource> {
    let own = [&written.token_url, &written.client_id, &written.client_secret];
    let own = own.into_iter().flatten().next();
    match (&written.login, own) {
        (Some(login), None) => named(cx, gateway, login).map(TokenSource::Login),
        (None, Some(_)) => settings(cx, name, written).map(TokenSource::Own),
        (Some(_), Some(own)) => {
            let help = "`login` says where its tokens come from: take this away, or `login`";
            cx.wrong(&own.span, "this cannot stand beside `login`", help);
            None
        }
        (None, None) => {
            if written.wrong.is_empty() {
                let help = "`login = \"main\"`, or `token_url`, `client_id` and `client_secret`";
                let title =
                    format!("`[credentials.{name}]` does not say where its tokens come from");
                cx.wrong(&written.span, title, help);
            }
            None
        }
    }
}

fn settings(cx: &mut Context<'_>, name: &Name, written: &config::Credential) -> Option<Settings> {
    let table = format!("[credentials.{name}]");
    let place = (&*table, &written.span, &*written.wrong);
    let url = needed(cx, place, "token_url", written.token_url.as_ref());
    let url = url.and_then(|url| address(cx, url, Part::Tokens));
    let client_id = needed(cx, place, "client_id", written.client_id.as_ref());
    let client_id = client_id.and_then(|client| some_text(cx, client));
    let secret = needed(cx, place, "client_secret", written.client_secret.as_ref());
    let secret = secret.and_then(|secret| some_text(cx, secret));
    let timeout = positive(cx, &written.timeout);
    Some(Settings {
        name: Arc::from(name.text.as_str()),
        at: At::TokenUrl(url?),
        client_id: client_id?,
        client: ClientAuth::Secret(secret?),
        scopes: Vec::new(),
        params: Vec::new(),
        resource: Vec::new(),
        timeout,
    })
}
