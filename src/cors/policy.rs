//! What is shared, and with whom.

use std::fmt;
use std::time::Duration;

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, VARY,
};
use http::{HeaderName, HeaderValue};

use super::origin::Origin;

/// What is shared, and with whom.
#[derive(Debug)]
pub struct Policy {
    origins: Vec<Origin>,
    credentials: bool,
    /// Lists of names; none where they are empty.
    allow_headers: Option<HeaderValue>,
    expose_headers: Option<HeaderValue>,
    /// In seconds.
    max_age: HeaderValue,
    private_network: bool,
}

/// `https://app.example.com, https://*.example.com, with credentials`
impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origins: Vec<String> = self.origins.iter().map(ToString::to_string).collect();
        let credentials = if self.credentials { ", with credentials" } else { "" };
        write!(f, "{}{credentials}", origins.join(", "))
    }
}

/// Headers of a reply.
type Headers = Vec<(HeaderName, HeaderValue)>;

impl Policy {
    /// A policy for these origins, which shares replies and nothing more.
    pub fn new(origins: Vec<Origin>) -> Self {
        Self {
            origins,
            credentials: false,
            allow_headers: None,
            expose_headers: None,
            max_age: HeaderValue::from_static("0"),
            private_network: false,
        }
    }

    /// Whether requests may carry cookies and `Authorization` of the browser's own. Not with [`Origin::Any`].
    #[must_use]
    pub fn credentials(self, credentials: bool) -> Self {
        Self { credentials, ..self }
    }

    /// Request headers that a page may set beyond those that are safe.
    #[must_use]
    pub fn allow_headers(self, names: &[String]) -> Self {
        Self { allow_headers: list(names), ..self }
    }

    /// Reply headers that a page may read beyond those that are safe.
    #[must_use]
    pub fn expose_headers(self, names: &[String]) -> Self {
        Self { expose_headers: list(names), ..self }
    }

    /// How long a browser may keep the answer to a preflight.
    #[must_use]
    pub fn max_age(self, max_age: Duration) -> Self {
        Self { max_age: max_age.as_secs().into(), ..self }
    }

    /// Whether pages of public addresses may ask where this one is private (Private Network Access).
    #[must_use]
    pub fn private_network(self, private_network: bool) -> Self {
        Self { private_network, ..self }
    }

    /// Whether pages of this origin may read replies.
    pub fn allows(&self, origin: Option<&[u8]>) -> bool {
        self.allow_origin(origin).is_some()
    }

    /// Whether pages of this origin act for the user: it is written out, and shares credentials.
    pub fn trusts(&self, origin: &[u8]) -> bool {
        let exact = |one: &&Origin| matches!(one, Origin::Exact(_));
        self.credentials && self.origins.iter().filter(exact).any(|one| one.is(origin))
    }

    /// Adds what says who may read the reply. `origin` is none where the request has no `Origin`, or several.
    ///
    /// `Vary` stands there even if the origin is none or a foreign one, so that no cache gives one's reply to another.
    pub fn share(&self, origin: Option<&[u8]>, headers: &mut Headers) {
        if !self.is_for_any() {
            headers.push((VARY, HeaderValue::from_static("Origin")));
        }
        if self.grant(origin, headers) {
            let exposed = self.expose_headers.iter();
            headers.extend(exposed.map(|names| (ACCESS_CONTROL_EXPOSE_HEADERS, names.clone())));
        }
    }

    /// Adds the answer to a preflight: nothing but `Vary` for a foreign origin. `methods` is a list such as `GET, HEAD`;
    /// `from_private` says that the browser asks for private network access.
    pub fn preflight(
        &self,
        origin: Option<&[u8]>,
        methods: &str,
        from_private: bool,
        headers: &mut Headers,
    ) {
        headers.push((VARY, HeaderValue::from_static(ASKED)));
        if !self.grant(origin, headers) {
            return;
        }
        if let Ok(methods) = HeaderValue::from_str(methods) {
            headers.push((ACCESS_CONTROL_ALLOW_METHODS, methods));
        }
        let allowed = self.allow_headers.iter();
        headers.extend(allowed.map(|names| (ACCESS_CONTROL_ALLOW_HEADERS, names.clone())));
        headers.push((ACCESS_CONTROL_MAX_AGE, self.max_age.clone()));
        if from_private && self.private_network {
            headers.push((PRIVATE_NETWORK, HeaderValue::from_static("true")));
        }
    }

    /// Whether it does.
    fn grant(&self, origin: Option<&[u8]>, headers: &mut Headers) -> bool {
        let Some(allowed) = self.allow_origin(origin) else { return false };
        headers.push((ACCESS_CONTROL_ALLOW_ORIGIN, allowed));
        if self.credentials {
            headers.push((ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true")));
        }
        true
    }

    fn allow_origin(&self, origin: Option<&[u8]>) -> Option<HeaderValue> {
        if self.is_for_any() {
            return Some(HeaderValue::from_static("*"));
        }
        let origin = origin?;
        match self.origins.iter().find(|one| one.is(origin))? {
            Origin::Exact(value) => Some(value.clone()),
            _ => HeaderValue::from_bytes(origin).ok(),
        }
    }

    fn is_for_any(&self) -> bool {
        matches!(self.origins[..], [Origin::Any])
    }
}

const PRIVATE_NETWORK: HeaderName = HeaderName::from_static("access-control-allow-private-network");

/// What the answer to a preflight depends on.
const ASKED: &str = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers, \
                     Access-Control-Request-Private-Network";

fn list(names: &[String]) -> Option<HeaderValue> {
    let text = names.join(", ");
    HeaderValue::from_str(&text).ok().filter(|_| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(origins: &[&str]) -> Policy {
        let origins = origins.iter().map(|one| Origin::parse(one).unwrap()).collect();
        let names = ["x-a".to_owned(), "x-b".to_owned()];
        Policy::new(origins).allow_headers(&names).expose_headers(&names)
    }

    fn shown(headers: &Headers) -> Vec<String> {
        headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect()
    }

    fn shared(policy: &Policy, origin: Option<&str>) -> Vec<String> {
        let mut headers = Vec::new();
        policy.share(origin.map(str::as_bytes), &mut headers);
        shown(&headers)
    }

    #[test]
    fn an_origin_that_is_allowed_stands_in_the_reply() {
        let policy = policy(&["https://a.test", "https://*.b.test"]).credentials(true);
        for origin in ["https://a.test", "https://x.b.test"] {
            assert_eq!(
                shared(&policy, Some(origin)),
                [
                    "vary: Origin",
                    &format!("access-control-allow-origin: {origin}"),
                    "access-control-allow-credentials: true",
                    "access-control-expose-headers: x-a, x-b",
                ]
            );
        }
        for origin in [None, Some("https://evil.test"), Some("null"), Some("")] {
            assert_eq!(shared(&policy, origin), ["vary: Origin"], "{origin:?}");
        }
    }

    #[test]
    fn any_is_the_same_for_all() {
        let policy = policy(&["*"]);
        for origin in [None, Some("https://evil.test"), Some("null")] {
            let expected =
                ["access-control-allow-origin: *", "access-control-expose-headers: x-a, x-b"];
            assert_eq!(shared(&policy, origin), expected);
        }
        assert!(!policy.trusts(b"https://evil.test"));
    }

    #[test]
    fn a_preflight_is_answered_in_full_or_not_at_all() {
        let policy = policy(&["https://a.test"]).max_age(Duration::from_secs(90));
        let ask = |policy: &Policy, origin: &[u8], private| {
            let mut headers = Vec::new();
            policy.preflight(Some(origin), "GET, HEAD", private, &mut headers);
            shown(&headers)
        };
        let vary = format!("vary: {ASKED}");
        let full = [
            &vary,
            "access-control-allow-origin: https://a.test",
            "access-control-allow-methods: GET, HEAD",
            "access-control-allow-headers: x-a, x-b",
            "access-control-max-age: 90",
        ];
        assert_eq!(ask(&policy, b"https://a.test", true), full);
        assert_eq!(ask(&policy, b"https://evil.test", true), [&*vary]);
        let open = policy.private_network(true);
        assert_eq!(ask(&open, b"https://a.test", false), full);
        let private = ask(&open, b"https://a.test", true);
        assert_eq!(private.last().unwrap(), "access-control-allow-private-network: true");
    }

    #[test]
    fn only_what_is_written_out_and_shares_credentials_is_trusted() {
        let with = policy(&["https://a.test", "https://*.b.test"]).credentials(true);
        assert!(with.trusts(b"https://a.test"));
        assert!(!with.trusts(b"https://x.b.test"));
        assert!(!with.trusts(b"https://A.test"));
        assert!(!with.credentials(false).trusts(b"https://a.test"));
    }
}
