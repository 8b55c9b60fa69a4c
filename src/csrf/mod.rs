//! Whether a request comes from our own pages (RFC 10017 §6.1.3.3, Fetch Metadata).
//!
//! A browser sends a cookie with every request to us, also with those that another site's page makes.

use std::borrow::Cow;

use http::HeaderName;

use crate::fault::{Code, Fault};

/// The origin of a page (RFC 6454): scheme, host, and the port if it is not the scheme's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// Reads an origin such as `https://app.example.com`.
    ///
    /// # Errors
    /// A text for whoever wrote the config.
    pub fn parse(text: &str) -> Result<Self, String> {
        let url = url::Url::parse(text).map_err(|error| format!("not an origin: {error}"))?;
        let origin = url.origin();
        let nothing_more = url.path() == "/"
            && !text.ends_with('/')
            && url.query().is_none()
            && url.fragment().is_none();
        match origin.is_tuple() && ["http", "https"].contains(&url.scheme()) {
            true if nothing_more && url.username().is_empty() && url.password().is_none() => {
                Ok(Self(origin.ascii_serialization()))
            }
            true => {
                Err("not an origin: nothing may follow the host and port, no `/` either".into())
            }
            false => Err("not an origin: it starts with `http://` or `https://`".into()),
        }
    }

    /// As a browser writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Checks where a request that a cookie authenticates comes from.
///
/// `changes` is false for GET and HEAD. `Sec-Fetch-Site` decides where it is sent: `same-origin` is us, and `none`, an
/// address that was typed, is good enough for what changes nothing. A sibling domain (`same-site`) is not us. `Origin`
/// counts only without it and must be one of `ours`. With neither, nothing may be changed.
///
/// `trusted` says that the config trusts the origin as our own though it is another site's: then `cross-site` and
/// `same-site`, which say no more than that, are good enough.
///
/// # Errors
/// 403 `CSRF_FAILED`, with a text that names the header.
pub fn check(
    changes: bool,
    sec_fetch_site: Option<&[u8]>,
    origin: Option<&[u8]>,
    ours: &[Origin],
    trusted: bool,
) -> Result<(), Fault> {
    match (sec_fetch_site, origin) {
        (Some(b"same-origin"), _) => Ok(()),
        (Some(b"none"), _) if !changes => Ok(()),
        (Some(b"cross-site" | b"same-site") | None, Some(_)) if trusted => Ok(()),
        (Some(site), _) => Err(refused(
            "The request does not come from this site (Sec-Fetch-Site).",
            format!("Sec-Fetch-Site: {}", shown(site)),
        )),
        (None, Some(origin)) if ours.iter().any(|one| one.0.as_bytes() == origin) => Ok(()),
        (None, Some(origin)) => Err(refused(
            "The request does not come from this site (Origin).",
            format!("Origin: {}", shown(origin)),
        )),
        (None, None) if !changes => Ok(()),
        (None, None) => Err(refused(
            "The request does not say where it comes from (Sec-Fetch-Site or Origin).",
            "neither Sec-Fetch-Site nor Origin".into(),
        )),
    }
}

/// Checks the header that our pages show themselves with: a page of another site cannot set it, unless CORS lets it.
///
/// # Errors
/// 403 `CSRF_FAILED`, with a text that names the header, where it is not there, there twice, or empty.
pub fn header(name: &HeaderName, values: &[&[u8]]) -> Result<(), Fault> {
    let (message, cause) = match values {
        [value] if !value.trim_ascii().is_empty() => return Ok(()),
        [] => (
            format!("The request does not have the header {name}, which this site's pages send."),
            "no",
        ),
        [_] => (format!("The header {name} is empty."), "empty"),
        _ => (format!("The header {name} stands there more than once."), "more than one"),
    };
    Err(refused(message, format!("{cause} {name}")))
}

fn refused(message: impl Into<Cow<'static, str>>, cause: String) -> Fault {
    Fault::new(Code::CsrfFailed).message(message).cause(cause)
}

/// For the log: short, and in characters that cannot break out of a line.
fn shown(value: &[u8]) -> String {
    value[..value.len().min(100)].escape_ascii().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours() -> Vec<Origin> {
        vec![Origin::parse("https://app.example.com").unwrap()]
    }

    fn passes(changes: bool, site: Option<&str>, origin: Option<&str>) -> bool {
        let bytes = |text: Option<&'static str>| text.map(str::as_bytes);
        let leak = |text: Option<&str>| text.map(|text| &*text.to_owned().leak());
        let trusted = origin == Some("https://admin.example.org");
        check(changes, bytes(leak(site)), bytes(leak(origin)), &ours(), trusted).is_ok()
    }

    #[test]
    fn c1_what_changes_something_says_where_it_comes_from() {
        assert!(!passes(true, None, None));
        assert!(passes(false, None, None));
    }

    #[test]
    fn c2_sec_fetch_site_decides_where_it_is_sent() {
        let own = Some("https://app.example.com");
        assert!(passes(true, Some("same-origin"), None));
        assert!(passes(true, Some("same-origin"), Some("https://evil.example")));
        for site in ["cross-site", "Same-Origin", " same-origin", "", "same-origin, cross-site"] {
            assert!(!passes(true, Some(site), own), "{site}");
            assert!(!passes(false, Some(site), own), "{site}");
        }
        assert!(passes(false, Some("none"), None));
        assert!(!passes(true, Some("none"), own));
    }

    #[test]
    fn c3_a_sibling_domain_is_not_us() {
        assert!(!passes(true, Some("same-site"), Some("https://app.example.com")));
    }

    #[test]
    fn an_origin_that_is_trusted_may_be_of_another_site() {
        let admin = Some("https://admin.example.org");
        for site in [Some("cross-site"), Some("same-site"), Some("same-origin"), None] {
            assert!(passes(true, site, admin), "{site:?}");
        }
        for site in ["none", "", "Cross-Site", "cross-site, none"] {
            assert!(!passes(true, Some(site), admin), "{site}");
        }
    }

    #[test]
    fn c4_an_origin_must_be_ours_to_the_letter() {
        assert!(passes(true, None, Some("https://app.example.com")));
        for origin in [
            "https://evil.example",
            "null",
            "",
            "https://app.example.com.evil.example",
            "https://app.example.com:8443",
            "https://app.example.com/",
            "http://app.example.com",
            "https://APP.example.com",
            "https://app.example.com https://evil.example",
        ] {
            assert!(!passes(true, None, Some(origin)), "{origin}");
        }
    }

    #[test]
    fn the_reason_goes_to_the_client_and_the_value_to_the_log() {
        let fault = check(true, None, Some(b"https://evil\r\nx: y"), &ours(), false).unwrap_err();
        assert_eq!(fault.parts().code, Code::CsrfFailed);
        assert!(fault.parts().message.contains("Origin"));
        assert_eq!(fault.parts().cause.as_deref(), Some(r"Origin: https://evil\r\nx: y"));
    }

    #[test]
    fn c7_the_header_stands_there_once_and_says_something() {
        let name = HeaderName::from_static("x-csrf");
        assert!(header(&name, &[b"1"]).is_ok());
        let refused: [&[&[u8]]; 4] = [&[], &[b""], &[b" "], &[b"1", b"1"]];
        for values in refused {
            let fault = header(&name, values).unwrap_err();
            assert_eq!(fault.parts().code, Code::CsrfFailed);
            assert!(fault.parts().message.contains("x-csrf"), "{:?}", fault.parts().message);
        }
    }

    #[test]
    fn an_origin_is_written_as_browsers_write_it() {
        let read = |text| Origin::parse(text).map(|origin| origin.0);
        assert_eq!(read("https://App.Example.com:443").unwrap(), "https://app.example.com");
        assert_eq!(read("http://127.0.0.1:8080").unwrap(), "http://127.0.0.1:8080");
        for text in [
            "app.example.com",
            "https://a/",
            "https://a/b",
            "https://a?b",
            "file:///x",
            "https://u@a",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
