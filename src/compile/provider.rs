//! What a provider of logins or tokens needs to know.

use std::net::IpAddr;
use std::sync::Arc;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use url::{Host, Url};

use super::context::Context;
use super::upstreams::positive;
use crate::config::{self, Name, Plain};
use crate::diagnostic::Span;
use crate::login::{At, ClientAuth, Settings};

/// Compiles what the provider of a login needs to know.
pub(super) fn settings(
    cx: &mut Context<'_>,
    name: &Name,
    written: &config::Login,
) -> Option<Settings> {
    let table = format!("[login.{name}]");
    let wrong = &written.wrong;
    let issuer = needed(cx, (&table, &written.span, wrong), "issuer", written.issuer.as_ref());
    let issuer = issuer.and_then(|issuer| address(cx, issuer, Part::Issuer));
    let client =
        needed(cx, (&table, &written.span, wrong), "client_id", written.client_id.as_ref());
    let client_id = client.and_then(|client| some_text(cx, client));
    let client = client_auth(cx, &table, written);
    let scopes = scopes(cx, written);
    let params = params(cx, written);
    let resource: Vec<_> = written.resource.iter().map(|one| resource(cx, one)).collect();
    let timeout = positive(cx, &written.timeout);
    Some(Settings {
        name: Arc::from(name.text.as_str()),
        at: At::Issuer(Arc::from(issuer?)),
        client_id: client_id?,
        client: client?,
        scopes: scopes?,
        params: params?,
        resource: resource.into_iter().collect::<Option<_>>()?,
        timeout,
    })
}

/// What of a provider has an address.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// All of it: without a query (OpenID Connect Discovery 1.0 §2).
    Issuer,
    /// Its token endpoint, which may have one (RFC 6749 §3.2).
    Tokens,
}

/// The address of a part of a provider.
pub(super) fn address(cx: &mut Context<'_>, written: &Plain<String>, part: Part) -> Option<String> {
    let text = cx.value(written)?;
    match check_address(&text, part) {
        Ok(()) => Some(text),
        Err(help) => {
            cx.wrong(&written.span, "this cannot be the address of a provider", help);
            None
        }
    }
}

/// Whether nobody but this machine is there.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        None => false,
    }
}

/// A key that a table cannot do without.
pub(super) fn needed<'a, T>(
    cx: &mut Context<'_>,
    (table, span, wrong): (&str, &Span, &[&'static str]),
    key: &str,
    value: Option<&'a T>,
) -> Option<&'a T> {
    if value.is_none() && !wrong.contains(&key) {
        let help = match key {
            "issuer" => "the provider: `issuer = \"https://id.example.com/\"`",
            "client_id" => "who the gateway is there: `client_id = \"dashboard\"`",
            "client_secret" => "what proves it: `client_secret = \"${OIDC_CLIENT_SECRET}\"`",
            "token_url" => "where they come from: `token_url = \"https://id.example.com/token\"`",
            "origin" => "where its pages are: `origin = \"https://admin.example.com\"`",
            _ => "`grant = \"client_credentials\"` (the gateway itself) or \"exchange\" (the user)",
        };
        cx.wrong(span, format!("`{table}` has no `{key}`"), help);
    }
    value
}

/// A text that is not empty.
pub(super) fn some_text(cx: &mut Context<'_>, written: &Plain<String>) -> Option<String> {
    let text = cx.value(written)?;
    if text.is_empty() {
        cx.wrong(&written.span, "this is empty", "the provider has told you what it is");
        return None;
    }
    Some(text)
}

fn client_auth(cx: &mut Context<'_>, table: &str, written: &config::Login) -> Option<ClientAuth> {
    match (&written.client_secret, &written.client_key) {
        (Some(secret), None) => some_text(cx, secret).map(ClientAuth::Secret),
        (None, Some(key)) => client_key(cx, key),
        (Some(_), Some(key)) => {
            let help = "one of them proves who the gateway is: take the other one away";
            cx.wrong(&key.span, "`client_key` cannot stand beside `client_secret`", help);
            None
        }
        (None, None) => {
            let said =
                ["client_secret", "client_key"].iter().any(|key| written.wrong.contains(key));
            if !said {
                let help = "`client_secret = \"${OIDC_CLIENT_SECRET}\"`, or \
                            `client_key = \"${file:…}\"` for private_key_jwt";
                let title = format!("`{table}` has neither `client_secret` nor `client_key`");
                cx.wrong(&written.span, title, help);
            }
            None
        }
    }
}

fn client_key(cx: &mut Context<'_>, written: &Plain<String>) -> Option<ClientAuth> {
    let pem = cx.value(written)?.into_bytes();
    let good = signs(&pem);
    if !good {
        let help = "an RSA (2048 bits at least), P-256 or Ed25519 key in PKCS #8: `openssl pkcs8 -topk8 -nodes` makes one of others";
        cx.wrong(&written.span, "this is not a private key", help);
        return None;
    }
    Some(ClientAuth::Key(pem))
}

/// Whether it is a key that a client can sign with.
fn signs(pem: &[u8]) -> bool {
    let keys = [
        (Algorithm::RS256, EncodingKey::from_rsa_pem(pem)),
        (Algorithm::ES256, EncodingKey::from_ec_pem(pem)),
        (Algorithm::EdDSA, EncodingKey::from_ed_pem(pem)),
    ];
    let signs = |(algorithm, key): (Algorithm, Result<EncodingKey, _>)| {
        key.is_ok_and(|key| jsonwebtoken::encode(&Header::new(algorithm), &(), &key).is_ok())
    };
    keys.into_iter().any(signs)
}

fn scopes(cx: &mut Context<'_>, written: &config::Login) -> Option<Vec<String>> {
    let mut scopes = Vec::new();
    for one in &written.request_scopes {
        let scope = cx.value(one)?;
        // RFC 6749 §3.3
        let ok = |c: char| c.is_ascii_graphic() && !['"', '\\'].contains(&c);
        if scope.is_empty() || !scope.chars().all(ok) {
            cx.wrong(&one.span, "this is not a scope", "one word each: [\"openid\", \"profile\"]");
        }
        scopes.push(scope);
    }
    if !scopes.iter().any(|scope| scope == "openid") && !written.wrong.contains(&"request_scopes") {
        let span = written.request_scopes.first().map_or(&written.span, |first| &first.span);
        let help = "without it the provider does not say who has logged in";
        cx.wrong(span, "`request_scopes` does not ask for `openid`", help);
    }
    Some(scopes)
}

/// Parameters of the authorization request that the gateway writes.
const OURS: &[&str] = &[
    "client_id",
    "code_challenge",
    "code_challenge_method",
    "nonce",
    "redirect_uri",
    "request",
    "request_uri",
    "resource",
    "response_mode",
    "response_type",
    "scope",
    "state",
];

fn params(cx: &mut Context<'_>, written: &config::Login) -> Option<Vec<(String, String)>> {
    let read = |(name, value): (&Name, &Plain<String>)| {
        if OURS.contains(&&*name.text) {
            let help = match &*name.text {
                "scope" => "`request_scopes` is what it holds",
                "resource" => "`resource` of the login is what it holds",
                _ => "take it away",
            };
            cx.wrong(&name.span, format!("the gateway writes the parameter `{name}` itself"), help);
        }
        Some((name.text.clone(), cx.value(value)?))
    };
    let all: Vec<_> = written.params.iter().map(read).collect();
    all.into_iter().collect()
}

/// RFC 8707 §2: absolute, without a fragment.
fn resource(cx: &mut Context<'_>, written: &Plain<String>) -> Option<String> {
    let text = cx.value(written)?;
    if !Url::parse(&text).is_ok_and(|url| url.fragment().is_none()) {
        let help = "an absolute URI without `#`, such as \"https://api.example.com/\"";
        cx.wrong(&written.span, "this cannot be a resource", help);
    }
    Some(text)
}

fn check_address(text: &str, part: Part) -> Result<(), &'static str> {
    let url = Url::parse(text).map_err(|_| "a URL such as \"https://id.example.com/\"")?;
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        "http" => return Err("it begins with `https://`; `http://` is for this machine only"),
        _ => return Err("it begins with `https://`"),
    }
    if url.fragment().is_some() || (part == Part::Issuer && url.query().is_some()) {
        return Err("it has no `?` and no `#`");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it holds no user");
    }
    Ok(())
}
