//! `[tokens.NAME]`

use std::collections::HashMap;
use std::sync::Arc;

use super::context::Context;
use super::input::is_token;
use crate::config::{self, Gateway, Name, Named, Plain, Tokens, did_you_mean};
use crate::cookie::{Cookie, SameSite};
use crate::diagnostic::{Diagnostic, Span};
use crate::plan::Door;
use crate::token::{Algorithm, Issuer, KeySource, check_algorithms, check_key};

/// Compiles the issuers.
pub(super) fn issuers(cx: &mut Context<'_>, written: &Named<Tokens>) -> Vec<Issuer> {
    let mut known: HashMap<String, Span> = HashMap::new();
    let mut issuers = Vec::new();
    for (name, tokens) in written {
        let Some(issuer) = issuer(cx, name, tokens) else { continue };
        let place = tokens.issuer.as_ref().map_or(&tokens.span, |issuer| &issuer.span);
        if let Some(other) = known.insert(issuer.issuer.to_string(), place.clone()) {
            cx.mistake(
                Diagnostic::at(place.clone(), "two `tokens` have one issuer")
                    .label(other, "the other one")
                    .help("put both into one table: `audience` and `algorithms` may be lists"),
            );
        }
        issuers.push(issuer);
    }
    issuers
}

/// The names of the cookies that hold tokens.
pub(super) fn cookies(cx: &mut Context<'_>, gateway: &Gateway) -> Vec<String> {
    let written = gateway.tokens.values().filter_map(|tokens| tokens.cookie.as_ref());
    written.filter_map(|cookie| cx.value(cookie)).collect()
}

/// What a login's client is sent must not be let in: an ID token is no access token (RFC 9068 §5, RFC 8725 §3.12). Nor
/// can a cookie hold both.
pub(super) fn apart_from_logins<'d>(
    cx: &mut Context<'_>,
    gateway: &Gateway,
    doors: impl Iterator<Item = &'d Door> + Clone,
) {
    for tokens in gateway.tokens.values() {
        for audience in tokens.audience.iter().flat_map(|audience| &audience.0) {
            for login in gateway.login.values() {
                apart_from_login(cx, audience, login);
            }
        }
        let Some(written) = &tokens.cookie else { continue };
        let Some(name) = cx.value(written) else { continue };
        let sent = [true, false].map(|secure| Cookie::new(&name, secure, SameSite::Lax).name);
        let is_same =
            |door: &Door| sent.contains(&door.cookie.name) || name.starts_with(&*door.attempt.name);
        if doors.clone().any(is_same) {
            let help = "give it another name: it holds a token, the login's holds none";
            cx.wrong(&written.span, "this cookie is that of a login", help);
        }
    }
}

fn apart_from_login(cx: &mut Context<'_>, audience: &Plain<String>, login: &config::Login) {
    let Some(client) = &login.client_id else { return };
    let (Some(own), Some(theirs)) = (cx.value(audience), cx.value(client)) else { return };
    if own == theirs {
        cx.mistake(
            Diagnostic::at(audience.span.clone(), "this `audience` is the client of a login")
                .label(client.span.clone(), "its ID tokens would be let in")
                .help("access tokens are for an API: let the provider give them another audience"),
        );
    }
}

fn issuer(cx: &mut Context<'_>, name: &Name, tokens: &Tokens) -> Option<Issuer> {
    let issuer = required(cx, name, tokens, "issuer", tokens.issuer.as_ref());
    let issuer = issuer.and_then(|issuer| cx.value(issuer));
    let audience = required(cx, name, tokens, "audience", tokens.audience.as_ref());
    let audience = audience.and_then(|audience| audiences(cx, &audience.0, tokens));
    let algorithms = required(cx, name, tokens, "algorithms", tokens.algorithms.as_ref());
    let algorithms = algorithms.and_then(|written| algorithms_of(cx, written));
    let key = required(cx, name, tokens, "key", tokens.key.as_ref());
    let key = key.and_then(|key| key_source(cx, key, tokens).map(|source| (key, source)));
    if let (Some(algorithms), Some((place, source))) = (&algorithms, &key) {
        check(cx, tokens, algorithms, place, source);
    }
    let bearer = cx.value(&tokens.bearer);
    let cookie = cookie(cx, tokens);
    let types: Vec<_> = tokens.types.iter().map(|one| cx.value(one)).collect();
    let leeway = cx.value(&tokens.leeway);
    Some(Issuer {
        name: Arc::from(name.text.as_str()),
        issuer: Arc::from(issuer?),
        audience: audience?,
        algorithms: algorithms?,
        key: key?.1,
        bearer: bearer?,
        cookie: cookie?,
        types: types.into_iter().collect::<Option<_>>()?,
        leeway: leeway?,
    })
}

fn required<'a, T>(
    cx: &mut Context<'_>,
    name: &Name,
    tokens: &Tokens,
    key: &str,
    value: Option<&'a T>,
) -> Option<&'a T> {
    if value.is_none() && !tokens.wrong.contains(&key) {
        let help = match key {
            "issuer" => "what the tokens' `iss` says: `issuer = \"https://id.example.com/\"`",
            "audience" => {
                "what the tokens' `aud` says for this gateway: `audience = \"dashboard-api\"`"
            }
            "algorithms" => "what the issuer signs with: `algorithms = [\"ES256\"]`",
            _ => "`key = { jwks = \"https://…\" }`, or `pem`, or `secret`",
        };
        cx.wrong(&tokens.span, format!("`[tokens.{name}]` has no `{key}`"), help);
    }
    value
}

fn audiences(
    cx: &mut Context<'_>,
    written: &[Plain<String>],
    tokens: &Tokens,
) -> Option<Vec<String>> {
    if written.is_empty() {
        let help = "a token made for someone else must not be let in";
        cx.wrong(&tokens.span, "`audience` is empty", help);
        return None;
    }
    let values: Vec<_> = written.iter().map(|one| cx.value(one)).collect();
    values.into_iter().collect()
}

fn algorithms_of(cx: &mut Context<'_>, written: &[Plain<String>]) -> Option<Vec<Algorithm>> {
    let names = Algorithm::ALL.map(Algorithm::name);
    let read = |one: &Plain<String>| {
        let name = cx.value(one)?;
        let algorithm = name.parse().ok();
        if algorithm.is_none() {
            let help = did_you_mean(&name, names);
            let help = help.unwrap_or_else(|| format!("known: {}", names.join(", ")));
            cx.wrong(&one.span, "this is not an algorithm for tokens", help);
        }
        algorithm
    };
    let all: Vec<_> = written.iter().map(read).collect();
    all.into_iter().collect()
}

fn key_source(cx: &mut Context<'_>, key: &config::Key, tokens: &Tokens) -> Option<KeySource> {
    let refresh = cx.value(&tokens.jwks_refresh);
    let cooldown = cx.value(&tokens.jwks_cooldown);
    match (&key.jwks, &key.pem, &key.secret) {
        (Some(url), None, None) => {
            let url = cx.value(url)?;
            Some(KeySource::Jwks { url, refresh: refresh?, cooldown: cooldown? })
        }
        (None, Some(pem), None) => cx.value(pem).map(|pem| KeySource::Pem(pem.into_bytes())),
        (None, None, Some(secret)) => {
            cx.value(secret).map(|secret| KeySource::Secret(secret.into_bytes()))
        }
        (None, None, None) if !key.wrong.is_empty() => None,
        _ => {
            let help = "write one of `jwks`, `pem` and `secret`";
            cx.wrong(&key.span, "a key comes from one place", help);
            None
        }
    }
}

fn check(
    cx: &mut Context<'_>,
    tokens: &Tokens,
    algorithms: &[Algorithm],
    key: &config::Key,
    source: &KeySource,
) {
    let first = tokens.algorithms.as_ref().and_then(|algorithms| algorithms.first());
    let place = first.map_or(&key.span, |first| &first.span);
    if let Err(why) = check_algorithms(algorithms, source) {
        let mistake = Diagnostic::at(place.clone(), "these algorithms do not go with this key");
        cx.mistake(mistake.label(key.span.clone(), "").help(why));
    } else if let Err(why) = check_key(source, algorithms) {
        let written = [&key.jwks, &key.pem, &key.secret].into_iter().flatten().next();
        let span = written.map_or(&key.span, |written| &written.span);
        cx.wrong(span, "this key cannot be used", why);
    }
}

fn cookie(cx: &mut Context<'_>, tokens: &Tokens) -> Option<Option<Arc<str>>> {
    let Some(written) = &tokens.cookie else { return Some(None) };
    let name = cx.value(written)?;
    if !is_token(&name) {
        let help = "letters, digits and any of !#$%&'*+-.^_`|~";
        cx.wrong(&written.span, "this is not the name of a cookie", help);
    }
    Some(Some(Arc::from(name)))
}
