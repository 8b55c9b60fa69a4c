//! One entry of `origins`.

use std::fmt;

use http::HeaderValue;
use url::{Host, Url};

/// One entry of `origins`, compared with the header `Origin` to the letter: browsers write scheme and host in lower
/// case, the host in ASCII, and no port that is the scheme's own (RFC 6454 §6.2), and so is this kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// `*`: any.
    Any,
    /// This one.
    Exact(HeaderValue),
    /// `https://*.example.com`: any host below it, by one label or more, but not itself.
    Below {
        /// `https://`
        scheme: String,
        /// `.example.com`, with the port where it is not the scheme's own.
        rest: String,
    },
}

impl Origin {
    /// Reads `*`, `https://app.example.com`, `https://app.example.com:8443`, `https://*.example.com`, or that of an app,
    /// `capacitor://localhost`.
    ///
    /// # Errors
    /// A text for whoever wrote the config.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self::Any);
        }
        if text == "null" {
            return Err("any page can have the origin \"null\": name those that are meant".into());
        }
        let (scheme, authority) = text.split_once("://").ok_or(NO_SCHEME)?;
        if !["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
            return of_an_app(scheme, authority);
        }
        match authority.strip_prefix("*.") {
            Some(base) => below(scheme, base),
            None => {
                let (_, origin) = plain(scheme, authority)?;
                let value = HeaderValue::from_str(&origin).map_err(|error| error.to_string())?;
                Ok(Self::Exact(value))
            }
        }
    }

    /// Whether it means the origin of a request, as the header `Origin` has it.
    pub fn is(&self, origin: &[u8]) -> bool {
        match self {
            Self::Any => true,
            Self::Exact(exact) => exact.as_bytes() == origin,
            Self::Below { scheme, rest } => origin
                .strip_prefix(scheme.as_bytes())
                .and_then(|host| host.strip_suffix(rest.as_bytes()))
                .is_some_and(|labels| labels.split(|byte| *byte == b'.').all(is_label)),
        }
    }
}

/// As the config writes it.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Exact(origin) => f.write_str(origin.to_str().unwrap_or_default()),
            Self::Below { scheme, rest } => write!(f, "{scheme}*{rest}"),
        }
    }
}

const NO_SCHEME: &str = "an origin starts with `https://` or `http://`";

/// The origin of a page that came with an app: `capacitor://localhost`, `chrome-extension://…`.
fn of_an_app(scheme: &str, host: &str) -> Result<Origin, String> {
    let starts_well = scheme.starts_with(|c: char| c.is_ascii_lowercase());
    let known = |more: &'static [u8]| {
        move |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || more.contains(&byte)
    };
    // Schemes whose pages have the origin "null".
    let opaque = ["file", "data", "blob", "javascript", "about"].contains(&scheme);
    if !starts_well || !scheme.bytes().all(known(b"+-.")) || opaque {
        return Err(NO_SCHEME.into());
    }
    if host.is_empty() || !host.bytes().all(known(b"-.:")) {
        return Err("the origin of an app is `scheme://name`, in lower case".into());
    }
    let origin = HeaderValue::from_str(&format!("{scheme}://{host}"));
    origin.map(Origin::Exact).map_err(|error| error.to_string())
}

/// `https://` and `.example.com` of what stands behind `*.`.
fn below(scheme: &str, base: &str) -> Result<Origin, String> {
    let (host, origin) = plain(scheme, base)?;
    let Host::Domain(host) = host else {
        return Err("an address has no subdomains".into());
    };
    if host != "localhost" && !host.trim_end_matches('.').contains('.') {
        return Err(format!("anybody can have a name below `{host}`: name a domain of your own"));
    }
    let (scheme, authority) = origin.split_once("://").ok_or(NO_SCHEME)?;
    Ok(Origin::Below { scheme: format!("{scheme}://"), rest: format!(".{authority}") })
}

/// The host of an origin without a pattern, and the origin as browsers write it.
fn plain(scheme: &str, authority: &str) -> Result<(Host, String), String> {
    if authority.contains('*') {
        return Err("`*` stands alone, or for the first labels: \"https://*.example.com\"".into());
    }
    let more = |c: char| "/\\?#@".contains(c) || c.is_whitespace() || c.is_control();
    if authority.contains(more) {
        return Err("nothing stands beside the host and port of an origin, no `/` either".into());
    }
    let url = Url::parse(&format!("{scheme}://{authority}"));
    let url = url.map_err(|error| format!("this is not an origin: {error}"))?;
    let host = url.host().map(|host| host.to_owned()).ok_or("an origin has a host")?;
    Ok((host, url.origin().ascii_serialization()))
}

/// What browsers write of a label.
fn is_label(label: &[u8]) -> bool {
    let known =
        |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(byte);
    !label.is_empty() && label.iter().all(known)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn allows(written: &str, origin: &str) -> bool {
        Origin::parse(written).unwrap().is(origin.as_bytes())
    }

    #[test]
    fn an_exact_origin_is_itself_as_browsers_write_it() {
        for (written, origin) in [
            ("https://app.example.com", "https://app.example.com"),
            ("HTTPS://App.Example.COM:443", "https://app.example.com"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("http://127.0.0.1:80", "http://127.0.0.1"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
            ("capacitor://localhost", "capacitor://localhost"),
            (
                "chrome-extension://aeblfdkhhhdcdjpifhhbdiojplfjncoa",
                "chrome-extension://aeblfdkhhhdcdjpifhhbdiojplfjncoa",
            ),
        ] {
            assert!(allows(written, origin), "{written}");
        }
    }

    #[test]
    fn nothing_else_is_an_exact_origin() {
        for origin in [
            "",
            "null",
            "*",
            "https://app.example.com.evil.test",
            "https://evilapp.example.com",
            "https://app.example.com.",
            "https://app.example.com:8443",
            "https://app.example.com:443",
            "https://app.example.com:",
            "http://app.example.com",
            "https://APP.example.com",
            "HTTPS://app.example.com",
            "https://app.example.com/",
            "https://user@app.example.com",
            "https://app.example.com@evil.test",
            "https://app.example.com https://evil.test",
            "https://app.example.com,https://evil.test",
            " https://app.example.com",
            "https://app.example.com\0",
            "//app.example.com",
            "app.example.com",
        ] {
            assert!(!allows("https://app.example.com", origin), "{origin:?}");
        }
    }

    #[test]
    fn a_wildcard_is_one_label_or_more() {
        for origin in
            ["https://a.example.com", "https://a.b-c.example.com", "https://x_1.example.com"]
        {
            assert!(allows("https://*.example.com", origin), "{origin}");
        }
        assert!(allows("https://*.Example.com:8443", "https://a.example.com:8443"));
        assert!(allows("http://*.localhost:3000", "http://app.localhost:3000"));
        assert!(allows("https://*.bücher.example", "https://a.xn--bcher-kva.example"));
    }

    #[test]
    fn c5_a_wildcard_ends_at_the_boundary_of_a_label() {
        for origin in [
            "https://example.com",
            "https://.example.com",
            "https://a..example.com",
            "https://evilexample.com",
            "https://a.evilexample.com",
            "https://a.example.com.evil.test",
            "https://a.example.com.",
            "https://evil.test/.example.com",
            "https://evil.test?.example.com",
            "https://evil.test#.example.com",
            "https://evil.test:1.example.com",
            "https://evil.test@a.example.com",
            "https://evil.test\\.example.com",
            "https://a b.example.com",
            "https://a%00.example.com",
            "https://A.example.com",
            "https://a.EXAMPLE.com",
            "https://bücher.example.com",
            "https://a.example.com:8443",
            "http://a.example.com",
            "https://*.example.com",
            "null",
            "",
        ] {
            assert!(!allows("https://*.example.com", origin), "{origin:?}");
        }
    }

    #[test]
    fn what_is_no_origin_is_told() {
        for text in [
            "",
            "null",
            "app.example.com",
            "//app.example.com",
            "1x://app.example.com",
            "Capacitor://localhost",
            "capacitor://",
            "capacitor://*",
            "capacitor://local host",
            "capacitor://localhost/",
            "file:///x",
            "https://",
            "https://app.example.com/",
            "https://app.example.com/path",
            "https://app.example.com?x",
            "https://app.example.com#x",
            "https://user@app.example.com",
            "https://app.example.com:99999",
            "https://a b",
            "https://a\\b",
            "https://*",
            "https://*.com",
            "https://*.com.",
            "https://*.",
            "*.example.com",
            "https://app.*.com",
            "https://a*.example.com",
            "https://*.*.example.com",
            "https://*.example.com:*",
            "https://*.127.0.0.1",
            "https://*.[::1]",
            "**",
            "https://a.test https://b.test",
        ] {
            assert!(Origin::parse(text).is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_is_allowed_but_what_stands_there(origin in ".*") {
            prop_assert!(!allows("https://app.example.com", &origin));
            prop_assert!(!allows("https://*.example.com", &origin));
        }

        #[test]
        fn what_a_wildcard_allows_is_a_host_below(
            scheme in "(https?|HTTPS)://",
            before in "[a-zA-Z0-9._@:/?#%\\\\ -]{0,12}",
            after in "\\.?(example\\.com|EXAMPLE\\.com|com)[.:/@a-z0-9]{0,6}",
        ) {
            let origin = format!("{scheme}{before}{after}");
            if allows("https://*.example.com", &origin) {
                let labels = origin.strip_prefix("https://").and_then(|rest| rest.strip_suffix(".example.com"));
                let labels: Vec<&str> = labels.expect("both ends").split('.').collect();
                prop_assert!(labels.iter().all(|label| !label.is_empty()));
                let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
                prop_assert!(labels.iter().all(|label| label.chars().all(known)));
            }
        }

        #[test]
        fn what_is_read_is_as_browsers_write_it(text in ".*|https?://[a-zA-Zäß0-9.:*-]{1,20}") {
            if let Ok(Origin::Exact(value)) = Origin::parse(&text) {
                let text = value.to_str().expect("ASCII");
                let url = Url::parse(text).expect("an origin");
                if ["http", "https"].contains(&url.scheme()) {
                    prop_assert_eq!(url.origin().ascii_serialization(), text);
                }
            }
        }
    }
}
