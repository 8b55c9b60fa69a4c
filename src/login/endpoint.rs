//! Which addresses of a provider are spoken to.

use url::{Host, Url};

/// The address of an issuer or a token endpoint: https, or http on loopback.
pub(super) fn safe(text: &str) -> Result<Url, &'static str> {
    let url = plain(text)?;
    match url.scheme() == "https" || is_loopback(&url) {
        true => Ok(url),
        false => Err("an address that is neither https nor on loopback"),
    }
}

/// An endpoint that the metadata of `issuer` names. Where the issuer itself is on loopback and without TLS, so may be
/// what it names.
pub(super) fn of(issuer: &Url, text: &str) -> Result<Url, &'static str> {
    match issuer.scheme() {
        "http" => plain(text),
        _ => safe(text),
    }
}

fn plain(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "an address that is none")?;
    if !["https", "http"].contains(&url.scheme()) || url.host().is_none() {
        return Err("an address that is not http");
    }
    let bare = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    bare.then_some(url).ok_or("an address with a user or a fragment")
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
