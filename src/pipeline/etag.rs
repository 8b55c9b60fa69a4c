//! `ETag` and `If-None-Match` (RFC 9110 §8.8.3, §13.1.2).

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderValue;

/// The strong tag of a body: another for other bytes.
pub(super) fn of(body: &[u8]) -> Option<HeaderValue> {
    let hash = digest(&SHA256, body);
    let mut text = String::with_capacity(24);
    text.push('"');
    URL_SAFE_NO_PAD.encode_string(&hash.as_ref()[..16], &mut text);
    text.push('"');
    HeaderValue::from_maybe_shared(bytes::Bytes::from(text)).ok()
}

/// The same tag for bytes that say the same.
pub(super) fn weak(tag: &HeaderValue) -> Option<HeaderValue> {
    let tag = tag.as_bytes();
    let text = if tag.starts_with(WEAK) { tag.to_vec() } else { [WEAK, tag].concat() };
    HeaderValue::from_maybe_shared(bytes::Bytes::from(text)).ok()
}

/// Whether `If-None-Match` names a tag, weak or not; `*` names any. `values` are those of all headers of that name.
pub(super) fn is_named<'a>(mut values: impl Iterator<Item = &'a [u8]>, tag: &HeaderValue) -> bool {
    let tag = opaque(tag.as_bytes());
    values.any(|value| value.trim_ascii() == b"*" || names(value, tag))
}

/// Whether a list of tags has one. A comma inside a tag does not end it.
fn names(list: &[u8], tag: &[u8]) -> bool {
    let mut rest = list;
    loop {
        // Empty elements count as nothing (RFC 9110 §5.6.1).
        let begins = rest.iter().position(|byte| !matches!(byte, b',' | b' ' | b'\t'));
        rest = opaque(begins.map_or(&[], |at| &rest[at..]));
        let end = match rest {
            [b'"', inside @ ..] => inside.iter().position(|byte| *byte == b'"').map(|at| at + 2),
            _ => None,
        };
        let Some(end) = end else { return false };
        if &rest[..end] == tag {
            return true;
        }
        match rest[end..].trim_ascii_start() {
            [b',', further @ ..] => rest = further,
            _ => return false,
        }
    }
}

fn opaque(tag: &[u8]) -> &[u8] {
    tag.strip_prefix(WEAK).unwrap_or(tag)
}

const WEAK: &[u8] = b"W/";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn named(list: &str, tag: &'static str) -> bool {
        is_named([list.as_bytes()].into_iter(), &HeaderValue::from_static(tag))
    }

    #[test]
    fn a_tag_is_found_in_a_list_whether_it_is_weak_or_not() {
        for list in [
            "\"a\"",
            "W/\"a\"",
            " \"a\" ",
            "\"b\", \"a\"",
            "W/\"b\" ,W/\"a\"",
            "*",
            "\"b,\",\"a\"",
            "\"\", \"a\"",
            ",,\"a\"",
            "\"b\", ,\t,W/\"a\",",
        ] {
            assert!(named(list, "\"a\""), "{list}");
            assert!(named(list, "W/\"a\""), "{list}");
        }
        for list in
            ["", "a", "\"b\"", "\"a", "w/\"a\"", "\"b\" \"a\"", "\"b, \"a\"", "\"x\\\"a\"", ", ,"]
        {
            assert!(!named(list, "\"a\""), "{list}");
        }
        let several = [&b"\"b\""[..], b"\"a\""];
        assert!(is_named(several.into_iter(), &HeaderValue::from_static("\"a\"")));
    }

    #[test]
    fn a_weak_tag_is_not_made_weaker() {
        let tag = of(b"body").unwrap();
        let weakened = weak(&tag).unwrap();
        assert!(weakened.as_bytes().starts_with(b"W/\""));
        assert_eq!(weak(&weakened), Some(weakened));
    }

    proptest! {
        #[test]
        fn other_bodies_have_other_tags_that_can_be_named(one: Vec<u8>, other: Vec<u8>) {
            let (one_tag, other_tag) = (of(&one).unwrap(), of(&other).unwrap());
            prop_assert_eq!(one == other, one_tag == other_tag);
            let list = [other_tag.as_bytes(), b", ", weak(&one_tag).unwrap().as_bytes()].concat();
            prop_assert!(is_named([&list[..]].into_iter(), &one_tag));
        }

        #[test]
        fn any_list_is_read(list: Vec<u8>) {
            is_named([&list[..]].into_iter(), &HeaderValue::from_static("\"a\""));
        }
    }
}
