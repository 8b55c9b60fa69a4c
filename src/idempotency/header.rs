//! `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header).

/// Characters of a key, at most.
pub const MAX_KEY: usize = 255;

/// The key that these values of the header name, if there is one.
///
/// The draft wants a Structured Field string, `"8e03978e"` (RFC 9651 §3.3.3). Most clients leave the quotes out, so both
/// are the same key.
///
/// # Errors
/// What is wrong with it, as a sentence goes on after its name.
pub fn key(values: &[&[u8]]) -> Result<Option<String>, &'static str> {
    let value = match values {
        [] => return Ok(None),
        [value] => value.trim_ascii(),
        _ => return Err("must not be sent more than once"),
    };
    let key = match value.strip_prefix(b"\"") {
        Some(rest) => unquoted(rest),
        None => bare(value),
    };
    let key = key.ok_or("must be one text of visible ASCII, bare or in quotes")?;
    match key.len() {
        0 => Err("must not be empty"),
        1..=MAX_KEY => Ok(Some(key)),
        _ => Err("must have at most 255 characters"),
    }
}

/// Blanks and commas could be several keys.
fn bare(value: &[u8]) -> Option<String> {
    let known = |byte: &u8| byte.is_ascii_graphic() && !b"\",".contains(byte);
    value.iter().all(known).then(|| value.iter().map(|byte| char::from(*byte)).collect())
}

/// What stands behind the opening quote, up to a closing one at the very end.
fn unquoted(rest: &[u8]) -> Option<String> {
    let mut key = String::new();
    let mut bytes = rest.iter();
    loop {
        match bytes.next()? {
            b'"' => return bytes.as_slice().is_empty().then_some(key),
            b'\\' => key.push(char::from(*bytes.next().filter(|byte| b"\"\\".contains(byte))?)),
            byte @ 0x20..=0x7e => key.push(char::from(*byte)),
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(value: &str) -> Result<Option<String>, &'static str> {
        key(&[value.as_bytes()])
    }

    #[test]
    fn a_key_is_bare_or_quoted() {
        for (value, meant) in [
            ("8e03978e-40d5", "8e03978e-40d5"),
            (r#""8e03978e-40d5""#, "8e03978e-40d5"),
            (" a+/=; ", "a+/=;"),
            (r#""a b, \"c\" \\""#, r#"a b, "c" \"#),
            (r"a\b", r"a\b"),
        ] {
            assert_eq!(one(value), Ok(Some(meant.to_owned())), "{value}");
        }
        assert_eq!(key(&[]), Ok(None));
    }

    #[test]
    fn what_may_be_several_or_none_is_refused() {
        for value in [
            "",
            " ",
            "\"\"",
            "\"",
            "\"a",
            "a\"",
            "\"a\"b",
            "\"a\" ;x=1",
            "a b",
            "a,b",
            "ä",
            "\"ä\"",
            "\"\\n\"",
            "\"a\\\"",
            "a\tb",
        ] {
            assert!(one(value).is_err(), "{value}");
        }
        assert!(key(&[b"a", b"a"]).is_err());
    }

    #[test]
    fn a_key_has_a_length() {
        assert!(one(&"a".repeat(MAX_KEY)).is_ok());
        assert!(one(&format!("\"{}\"", "a".repeat(MAX_KEY))).is_ok());
        assert!(one(&"a".repeat(MAX_KEY + 1)).is_err());
    }
}
