//! Where an upstream's URLs begin.

use url::Url;

/// What stands before the paths of an upstream's calls. It is read once, and not with each request.
#[derive(Clone, Debug)]
pub struct Base {
    url: Url,
    /// Its path, without a slash at its end.
    path: String,
}

impl Base {
    /// `http://users:7001/base`; what is behind the path is left out.
    pub fn new(mut url: Url) -> Self {
        url.set_query(None);
        url.set_fragment(None);
        let path = url.path().trim_end_matches('/').to_owned();
        Self { url, path }
    }

    /// The base with this path behind it, encoded and from its first slash on, and this query, encoded; empty for none.
    pub fn join(&self, path: &str, query: &str) -> Url {
        let mut url = self.url.clone();
        match self.path.as_str() {
            "" => url.set_path(path),
            base => url.set_path(&[base, path].concat()),
        }
        if !query.is_empty() {
            url.set_query(Some(query));
        }
        url
    }

    /// Whether it is reached by TLS.
    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_path_goes_behind_the_base() {
        for base in
            ["http://[::1]:7001", "https://users.example/", "http://u:1/base", "http://u:1/a/b/"]
        {
            let joined = Base::new(base.parse().unwrap()).join("/users/a%2Fb", "x=%7B1&y=2");
            assert_eq!(
                joined.as_str(),
                format!("{}/users/a%2Fb?x=%7B1&y=2", base.trim_end_matches('/'))
            );
            assert_eq!(Base::new(base.parse().unwrap()).join("/", "").query(), None);
        }
    }

    proptest! {
        #[test]
        fn it_is_what_parsing_the_whole_would_give(path in "(/[a-z%0-9._~!$&'()*+,;=:@-]{0,4}){1,4}") {
            for base in ["http://127.0.0.1:7001", "http://u/base"] {
                let whole = Url::parse(&format!("{base}{path}")).unwrap();
                prop_assert_eq!(Base::new(base.parse().unwrap()).join(&path, ""), whole);
            }
        }
    }
}
