//! Cookies as a browser keeps them (RFC 6265bis, with the prefixes of its section 4.1.3).

use url::{Host, Url};

/// What one browser keeps, of all hosts. As in every browser, ports are not told apart.
#[derive(Default)]
pub struct Jar {
    cookies: Vec<Cookie>,
    now: u64,
}

/// One cookie.
#[derive(Clone, Debug, PartialEq)]
pub struct Cookie {
    pub name: String,
    pub value: String,
    pub host: String,
    pub path: String,
    pub same_site: SameSite,
    pub secure: bool,
    pub http_only: bool,
    /// Without `Domain`.
    pub host_only: bool,
    /// When it ends, in seconds since the browser was started; none: with the browser.
    pub until: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SameSite {
    Strict,
    Lax,
    None,
}

/// Where a request comes from, as far as cookies are concerned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum From {
    /// A page of the same site, or the address bar.
    SameSite,
    /// A link or a redirect elsewhere that a window follows.
    CrossSiteNavigation,
    /// A form, frame or script elsewhere.
    CrossSite,
}

impl Jar {
    pub fn cookies(&self) -> &[Cookie] {
        &self.cookies
    }

    /// Lets this many seconds go by.
    pub fn advance(&mut self, seconds: u64) {
        self.now += seconds;
        let now = self.now;
        self.cookies.retain(|cookie| cookie.until.is_none_or(|until| until > now));
    }

    /// Takes one `Set-Cookie` of a reply from there. One that a browser would not take ends the test.
    #[track_caller]
    pub fn set(&mut self, url: &Url, line: &str) {
        let cookie = self.parse(url, line);
        let refuse = |why: &str| panic!("no browser takes this cookie of {url}, {why}: {line}");
        if cookie.secure && url.scheme() != "https" {
            refuse("Secure over http");
        }
        if cookie.same_site == SameSite::None && !cookie.secure {
            refuse("SameSite=None without Secure");
        }
        if let Some(why) = prefix(&cookie) {
            refuse(why);
        }
        let same = |old: &Cookie| {
            (&old.name, &old.host, &old.path, old.host_only)
                == (&cookie.name, &cookie.host, &cookie.path, cookie.host_only)
        };
        self.cookies.retain(|old| !same(old));
        if cookie.until.is_none_or(|until| until > self.now) {
            self.cookies.push(cookie);
        }
    }

    /// The value of `Cookie` in a request there.
    pub fn header(&self, url: &Url, from: From) -> Option<String> {
        let mut sent: Vec<_> =
            self.cookies.iter().filter(|cookie| cookie.goes(url, from)).collect();
        sent.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pairs: Vec<_> =
            sent.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    #[track_caller]
    fn parse(&self, url: &Url, line: &str) -> Cookie {
        let mut parts = line.split(';').map(str::trim);
        let (name, value) = parts.next().and_then(|pair| pair.split_once('=')).expect("a name");
        let mut cookie = Cookie {
            name: name.trim().to_owned(),
            value: value.trim().to_owned(),
            host: url.host_str().expect("a host").to_owned(),
            path: default_path(url),
            same_site: SameSite::Lax,
            secure: false,
            http_only: false,
            host_only: true,
            until: None,
        };
        let mut max_age = None;
        for part in parts {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            match key.to_ascii_lowercase().as_str() {
                "secure" => cookie.secure = true,
                "httponly" => cookie.http_only = true,
                "path" if value.starts_with('/') => cookie.path = value.to_owned(),
                "domain" => {
                    let domain = value.trim_start_matches('.');
                    assert!(domain_matches(&cookie.host, domain), "another's domain: {line}");
                    (cookie.host, cookie.host_only) = (domain.to_owned(), false);
                }
                "samesite" if value.eq_ignore_ascii_case("strict") => {
                    cookie.same_site = SameSite::Strict;
                }
                "samesite" if value.eq_ignore_ascii_case("none") => {
                    cookie.same_site = SameSite::None
                }
                "max-age" => max_age = Some(value.parse::<i64>().expect("Max-Age is a number")),
                "expires" => cookie.until = Some(self.now + seconds_until(value)),
                _ => {}
            }
        }
        if let Some(seconds) = max_age {
            cookie.until = Some(self.now + u64::try_from(seconds).unwrap_or(0));
        }
        cookie
    }
}

impl Cookie {
    fn goes(&self, url: &Url, from: From) -> bool {
        let host = url.host_str().expect("a host");
        let host_fits =
            if self.host_only { host == self.host } else { domain_matches(host, &self.host) };
        let path = url.path();
        let path_fits = path.strip_prefix(self.path.as_str()).is_some_and(|rest| {
            rest.is_empty() || rest.starts_with('/') || self.path.ends_with('/')
        });
        let site_fits = match self.same_site {
            SameSite::None => true,
            SameSite::Lax => from != From::CrossSite,
            SameSite::Strict => from == From::SameSite,
        };
        host_fits && path_fits && site_fits && (!self.secure || url.scheme() == "https")
    }
}

/// Scheme and registrable domain, for the hosts that tests have.
pub fn site(url: &Url) -> String {
    let host = match url.host() {
        Some(Host::Domain(name)) => {
            let mut labels: Vec<_> = name.rsplit('.').take(2).collect();
            labels.reverse();
            labels.join(".")
        }
        other => other.expect("a host").to_string(),
    };
    format!("{}://{host}", url.scheme())
}

/// What the prefix of its name forbids.
fn prefix(cookie: &Cookie) -> Option<&'static str> {
    let name = cookie.name.to_ascii_lowercase();
    let (host, http) = if name.starts_with("__host-http-") {
        (true, true)
    } else {
        (name.starts_with("__host-"), name.starts_with("__http-"))
    };
    if (host || http || name.starts_with("__secure-")) && !cookie.secure {
        Some("its prefix needs Secure")
    } else if http && !cookie.http_only {
        Some("its prefix needs HttpOnly")
    } else if host && cookie.path != "/" {
        Some("its prefix needs Path=/")
    } else if host && !cookie.host_only {
        Some("its prefix refuses Domain")
    } else {
        None
    }
}

fn domain_matches(host: &str, domain: &str) -> bool {
    host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

fn default_path(url: &Url) -> String {
    match url.path().rfind('/') {
        None | Some(0) => "/".to_owned(),
        Some(at) => url.path()[..at].to_owned(),
    }
}

fn seconds_until(date: &str) -> u64 {
    let date = httpdate::parse_http_date(&date.replace('-', " ")).expect("Expires is a date");
    let until = date.duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    until.saturating_sub(super::signer::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().expect("a URL")
    }

    fn jar(line: &str) -> Jar {
        let mut jar = Jar::default();
        jar.set(&url("https://app.test/auth/callback?code=1"), line);
        jar
    }

    const SESSION: &str = "__Host-Http-s=1; Secure; HttpOnly; Path=/; SameSite=Strict";

    #[test]
    fn a_strict_cookie_is_not_sent_when_another_site_leads_here() {
        let jar = jar(SESSION);
        let here = url("https://app.test/");
        assert_eq!(jar.header(&here, From::SameSite).as_deref(), Some("__Host-Http-s=1"));
        assert_eq!(jar.header(&here, From::CrossSiteNavigation), None);
        assert_eq!(jar.header(&url("https://api.app.test/"), From::SameSite), None);
        assert_eq!(jar.header(&url("http://app.test/"), From::SameSite), None);
    }

    #[test]
    fn a_lax_cookie_is_sent_when_a_window_is_led_here_but_not_with_a_form_of_another_site() {
        let jar = jar("a=1; Secure");
        let here = url("https://app.test/auth/x");
        assert!(jar.header(&here, From::CrossSiteNavigation).is_some());
        assert_eq!(jar.header(&here, From::CrossSite), None);
        assert_eq!(jar.header(&url("https://app.test/authentic"), From::SameSite), None);
    }

    #[test]
    fn a_deletion_needs_the_same_path() {
        let mut jar = jar(SESSION);
        jar.set(
            &url("https://app.test/auth/logout"),
            "__Host-Http-s=; Secure; HttpOnly; Path=/; Max-Age=0",
        );
        assert_eq!(jar.cookies(), []);
        jar.set(&url("https://app.test/"), "t=1; Secure; Path=/auth");
        jar.set(&url("https://app.test/"), "t=; Secure; Path=/; Max-Age=0");
        assert_eq!(jar.cookies().len(), 1);
    }

    #[test]
    fn a_cookie_ends_when_its_time_is_over() {
        let mut jar = jar("a=1; Secure; Path=/; Max-Age=60");
        jar.advance(59);
        assert_eq!(jar.cookies().len(), 1);
        jar.advance(1);
        assert_eq!(jar.cookies(), []);
    }

    #[test]
    fn what_a_prefix_forbids_no_browser_takes() {
        for line in [
            "__Host-a=1; Path=/",
            "__Host-a=1; Secure",
            "__Host-a=1; Secure; Path=/; Domain=app.test",
            "__Host-Http-a=1; Secure; Path=/",
            "__Http-a=1; Secure; Path=/",
            "__Secure-a=1; Path=/",
            "__host-a=; Path=/; Max-Age=0",
            "a=1; SameSite=None",
        ] {
            assert!(std::panic::catch_unwind(|| jar(line)).is_err(), "{line}");
        }
    }
}
