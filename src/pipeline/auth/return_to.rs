//! Where a browser goes once its user has logged in: a path of our own, whatever is asked for.

use url::Url;

use crate::pipeline::path;

/// The place to go to: `wanted` where that is a path of this origin and nothing else to any browser, otherwise `/`.
///
/// `login` is the path of the login itself, where nobody is sent back to.
pub(super) fn path(wanted: Option<&str>, origin: &str, login: &str) -> String {
    let good = wanted.filter(|wanted| is_our_path(wanted, origin) && !is_below(wanted, login));
    good.unwrap_or("/").to_owned()
}

/// Longer ones do not fit into a cookie together with all else.
const MOST: usize = 1024;

fn is_our_path(wanted: &str, origin: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() && !br#"\"'<>^`{|}"#.contains(&byte);
    if wanted.len() > MOST || !wanted.bytes().all(plain) || !path::well_encoded(wanted.as_bytes()) {
        return false;
    }
    let own = &wanted[..wanted.find(['?', '#']).unwrap_or(wanted.len())];
    // Behind an origin `/@` is a path. Where somebody joins the two without their slash it is not.
    let is_clear = own.starts_with('/') && !own.starts_with("/@") && path::canonical(own).is_ok();
    is_clear && stays(wanted, own, origin)
}

/// Whether a browser that follows it stays here, and finds this path.
fn stays(wanted: &str, own: &str, origin: &str) -> bool {
    let Ok(base) = Url::parse(origin) else { return false };
    let Ok(url) = base.join(wanted) else { return false };
    url.origin() == base.origin()
        && url.origin().is_tuple()
        && url.username().is_empty()
        && url.password().is_none()
        && url.path() == own
}

fn is_below(wanted: &str, login: &str) -> bool {
    let rest = wanted.strip_prefix(login);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OURS: &str = "https://app.test";

    fn goes(wanted: &str) -> String {
        path(Some(wanted), OURS, "/auth")
    }

    #[test]
    fn a_path_of_ours_is_gone_to() {
        for wanted in [
            "/",
            "/orders",
            "/orders/7?tab=items&q=a%20b",
            "/orders#items",
            "/search?u=https://other.test/x",
            "/caf%C3%A9/a.b-c_d~e",
            "/authors",
        ] {
            assert_eq!(goes(wanted), wanted);
        }
        assert_eq!(path(None, OURS, "/auth"), "/");
    }

    #[test]
    fn s9_whatever_else_is_wanted_leads_home() {
        for wanted in [
            "",
            "//evil",
            "/\\evil",
            "/%09/evil",
            "/%5cevil",
            "\\\\evil",
            "https:evil",
            "https://evil",
            "https://app.test/x",
            "javascript:alert(1)",
            "/..//evil",
            "/./x",
            "/a/../b",
            "///evil",
            "/@evil",
            " //evil",
            "%2f%2fevil",
            "/%2f/evil",
            "/\t/evil",
            "/\r\nset-cookie: a=b",
            "/a%0d%0ab",
            "/a b",
            "/a%",
            "/caf\u{e9}",
            "/\u{ff0f}evil",
            "/<script>",
            "/\"x",
            "orders",
            "?x",
            "#x",
            "/auth/login?return_to=/x",
            "/auth",
            "/auth/logout",
        ] {
            assert_eq!(goes(wanted), "/", "{wanted:?}");
        }
        assert_eq!(goes(&format!("/{}", "a".repeat(MOST))), "/");
    }

    /// What attackers put together: separators in all their forms, hosts, schemes, user names, blanks.
    fn hostile() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec![
            "/",
            "//",
            "\\",
            "%2f",
            "%5c",
            "%2F%2F",
            "%09",
            "%0a",
            "%00",
            "\t",
            "\r",
            "\n",
            " ",
            "\0",
            "@",
            ":",
            ";",
            "?",
            "#",
            ".",
            "..",
            "%2e%2e",
            "evil.test",
            "app.test",
            "https:",
            "http:",
            "javascript:",
            "data:",
            "//evil.test",
            "user:pass@",
            "[::1]",
            "\u{2044}",
            "\u{ff0f}",
            "\u{3002}",
            "a",
            "%",
            "%25",
            "&",
            "=",
        ]);
        prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn s9_no_text_leads_away(wanted in prop_oneof![hostile(), hostile().prop_map(|text| format!("/{text}")), any::<String>()]) {
            let to = goes(&wanted);
            prop_assert!(to == "/" || to == wanted);
            // As a browser reads a `Location`, and as somebody reads it who joins texts.
            let base = Url::parse("https://app.test/auth/callback?code=x").unwrap();
            for url in [base.join(&to).unwrap(), Url::parse(&format!("{OURS}{to}")).unwrap()] {
                prop_assert_eq!(url.origin().ascii_serialization(), OURS);
                prop_assert!(url.username().is_empty() && url.password().is_none());
            }
            prop_assert!(to.starts_with('/') && !to.starts_with("//") && !to.starts_with("/\\"));
            prop_assert!(http::HeaderValue::from_str(&to).is_ok());
        }
    }
}
