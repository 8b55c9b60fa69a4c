//! Cookies: the `Cookie` header (RFC 6265 §5.4), read leniently as every server does; and `Set-Cookie`, written strictly.

mod set;

pub use set::{Cookie, SameSite};

/// Names and values of all `Cookie` headers, in the order in which they came.
///
/// Blanks around both are cut, quotes stay; a piece without `=` is nobody's cookie and is left out.
pub fn cookies<'a>(headers: &'a [&'a [u8]]) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
    headers.iter().flat_map(|header| header.split(|byte| *byte == b';')).filter_map(|piece| {
        let equals = piece.iter().position(|byte| *byte == b'=')?;
        Some((piece[..equals].trim_ascii(), piece[equals + 1..].trim_ascii()))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(header: &str) -> Vec<(String, String)> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        cookies(&[header.as_bytes()]).map(|(name, value)| (text(name), text(value))).collect()
    }

    #[test]
    fn splits_at_semicolons_and_the_first_equals_sign() {
        let pairs = [("a", "1"), ("b", "x=y"), ("c", "")].map(|(n, v)| (n.into(), v.into()));
        assert_eq!(read("a=1; b=x=y;c=;; d ;"), pairs);
        assert_eq!(read("=;;="), [(String::new(), String::new()), (String::new(), String::new())]);
    }

    #[test]
    fn reads_several_headers() {
        let headers: [&[u8]; 2] = [b"a=1", b"b=2"];
        assert_eq!(cookies(&headers).count(), 2);
    }

    proptest! {
        #[test]
        fn takes_any_bytes(bytes: Vec<u8>) {
            for (name, _) in cookies(&[&bytes]) {
                prop_assert!(!name.contains(&b';') && !name.contains(&b'='));
            }
        }
    }
}
