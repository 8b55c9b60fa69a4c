//! `Set-Cookie` (RFC 6265bis).

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;

/// A cookie as it is named and sent. A browser forgets it only for a deletion with the same attributes.
///
/// Always `HttpOnly`, `Path=/` and without `Domain`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cookie {
    /// Its name, with its prefix.
    pub name: Arc<str>,
    /// Whether it is sent over TLS only.
    pub secure: bool,
    /// `SameSite`
    pub same_site: SameSite,
}

/// `SameSite`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    /// With requests of our own pages only.
    Strict,
    /// Also when another site leads here.
    Lax,
}

impl Cookie {
    /// A cookie that only a reply over TLS can set, and only for this host: `__Host-Http-NAME`.
    ///
    /// Without `secure`, for plain http in development, it has no prefix: browsers would refuse it.
    pub fn new(name: &str, secure: bool, same_site: SameSite) -> Self {
        let name = if secure { format!("{PREFIX}{name}") } else { name.to_owned() };
        Self { name: name.into(), secure, same_site }
    }

    /// `Set-Cookie` with a value; without `max_age` for as long as the browser is open. Nothing for a value that cannot
    /// stand in a header.
    pub fn set(&self, value: &str, max_age: Option<Duration>) -> Option<HeaderValue> {
        let max_age = max_age.map_or(String::new(), |age| format!("; Max-Age={}", age.as_secs()));
        self.header(value, &max_age)
    }

    /// `Set-Cookie` that has the browser forget it.
    pub fn delete(&self) -> Option<HeaderValue> {
        self.header("", "; Max-Age=0")
    }

    fn header(&self, value: &str, max_age: &str) -> Option<HeaderValue> {
        let secure = if self.secure { "; Secure" } else { "" };
        let same_site = match self.same_site {
            SameSite::Strict => "Strict",
            SameSite::Lax => "Lax",
        };
        let text = format!(
            "{}={value}; Path=/{max_age}{secure}; HttpOnly; SameSite={same_site}",
            self.name
        );
        let mut header = HeaderValue::from_str(&text).ok()?;
        header.set_sensitive(true);
        Some(header)
    }
}

/// Browsers take such a cookie only over TLS, for this host alone, and never from a script.
const PREFIX: &str = "__Host-Http-";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_deleted_with_what_it_was_set_with() {
        let cookie = Cookie::new("session", true, SameSite::Strict);
        let text = |header: Option<HeaderValue>| header.unwrap().to_str().unwrap().to_owned();
        insta::assert_snapshot!(text(cookie.set("v1", None)), @"__Host-Http-session=v1; Path=/; Secure; HttpOnly; SameSite=Strict");
        insta::assert_snapshot!(text(cookie.delete()), @"__Host-Http-session=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict");
        let plain = Cookie::new("session", false, SameSite::Lax);
        let age = Some(Duration::from_secs(600));
        insta::assert_snapshot!(text(plain.set("v1", age)), @"session=v1; Path=/; Max-Age=600; HttpOnly; SameSite=Lax");
        assert_eq!(plain.set("a\r\nb", None), None);
    }
}
