use std::fmt;

/// Which requests something is for: a method and a path pattern.
///
/// In a path, `*` and `{any}` stand for one segment, `**` and `{*rest}` at the end for any number
/// of them, none included. Everything else is compared as it came, still encoded.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Pattern {
    method: String,
    path: String,
}

impl Pattern {
    /// `*` as the method is for all of them.
    pub(crate) fn new(method: &str, path: &str) -> Self {
        Self { method: method.to_owned(), path: path.to_owned() }
    }

    /// From `/users/*`, for all methods, or `GET /users/*`.
    pub(crate) fn parse(text: &str) -> Self {
        let (method, path) = text.trim().split_once(' ').unwrap_or(("*", text));
        Self::new(method, path.trim())
    }

    pub(crate) fn matches(&self, method: &str, path: &str) -> bool {
        (self.method == "*" || self.method == method) && path_matches(&self.path, path)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.method.as_str() {
            "*" => f.write_str(&self.path),
            method => write!(f, "{method} {}", self.path),
        }
    }
}

fn path_matches(pattern: &str, path: &str) -> bool {
    let mut segments = path.split('/');
    for part in pattern.split('/') {
        if part == "**" || part.starts_with("{*") {
            return true;
        }
        let wild = part == "*" || (part.starts_with('{') && part.ends_with('}'));
        match segments.next() {
            Some(segment) if segment == part || (wild && !segment.is_empty()) => {}
            _ => return false,
        }
    }
    segments.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn a_pattern_is_for_whole_segments() {
        let matches = |pattern, path| Pattern::new("*", pattern).matches("GET", path);
        assert!(matches("/users", "/users"));
        assert!(matches("/users/*", "/users/u1"));
        assert!(matches("/users/{id}/posts", "/users/a%2Fb/posts"));
        assert!(matches("/files/**", "/files/a/b"));
        assert!(matches("/files/{*rest}", "/files/a/b"));
        assert!(matches("/**", "/"));
        assert!(!matches("/users", "/usersx"));
        assert!(!matches("/users", "/users/"));
        assert!(!matches("/users/*", "/users/"));
        assert!(!matches("/users/*", "/users/u1/posts"));
        assert!(!matches("/users/*", "/users"));
    }

    #[test]
    fn a_method_is_compared_exactly() {
        assert!(Pattern::new("GET", "/x").matches("GET", "/x"));
        assert!(!Pattern::new("GET", "/x").matches("get", "/x"));
    }
}
