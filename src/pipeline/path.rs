//! The one form of a path that matching, authorization and upstream URLs share.

use percent_encoding::percent_decode_str;

use crate::fault::{Code, Fault};
use crate::value::SmolStr;

/// The decoded segments of a path. What two programs could read in two ways is refused.
///
/// A trailing slash gives an empty last segment, so that it is another path.
///
/// # Errors
/// 400 for a malformed percent-encoding, text that is not UTF-8, an empty segment inside, a dot segment (also encoded,
/// also twice), and for slashes, backslashes and control characters, however written.
pub(super) fn canonical(path: &str) -> Result<Vec<SmolStr>, Fault> {
    let Some(rest) = path.strip_prefix('/') else {
        return Err(refuse("it does not start with a slash"));
    };
    if rest.is_empty() {
        return Ok(Vec::new());
    }
    let count = rest.split('/').count();
    let decoded = rest.split('/').enumerate().map(|(index, raw)| {
        let segment = decode(raw)?;
        if segment.is_empty() && index + 1 < count {
            return Err(refuse("a segment is empty"));
        }
        Ok(segment)
    });
    decoded.collect()
}

fn decode(raw: &str) -> Result<SmolStr, Fault> {
    if raw.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_~".contains(&byte)) {
        return Ok(SmolStr::new(raw));
    }
    if !well_encoded(raw.as_bytes()) {
        return Err(refuse("a percent-encoding is malformed"));
    }
    let text = percent_decode_str(raw).decode_utf8().map_err(|_| refuse("it is not UTF-8"))?;
    let text = SmolStr::new(text);
    let twice = percent_decode_str(&text).decode_utf8_lossy();
    for view in [&*text, &*twice] {
        let before_parameters = view.split(';').next().unwrap_or_default();
        if matches!(before_parameters, "." | "..") {
            return Err(refuse("a segment means another directory"));
        }
    }
    if text.chars().any(|c| matches!(c, '/' | '\\') || c.is_control()) {
        return Err(refuse("a segment holds a slash, a backslash or a control character"));
    }
    Ok(text)
}

/// Whether every `%` has two hexadecimal digits behind it (RFC 3986 §2.1).
pub(super) fn well_encoded(raw: &[u8]) -> bool {
    let mut bytes = raw.iter();
    while let Some(byte) = bytes.next() {
        let mut digit = || bytes.next().is_some_and(u8::is_ascii_hexdigit);
        if *byte == b'%' && !(digit() && digit()) {
            return false;
        }
    }
    true
}

fn refuse(why: &'static str) -> Fault {
    Fault::new(Code::BadRequest).message(format!("The path is malformed: {why}.")).cause(why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_decoded_once() {
        let read = |path| canonical(path).map(|segments| segments.join("|")).map_err(|_| ());
        assert_eq!(read("/"), Ok(String::new()));
        assert_eq!(read("/%61pi/v1"), Ok("api|v1".into()));
        assert_eq!(read("/a%20b/c%3Fd"), Ok("a b|c?d".into()));
        assert_eq!(read("/users/"), Ok("users|".into()));
        assert_eq!(read("/a;x=y"), Ok("a;x=y".into()));
        assert_eq!(read("/caf%C3%A9.x"), Ok("café.x".into()));
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for path in [
            "",
            "x",
            "//a",
            "/a//b",
            "/public/../admin",
            "/public/%2e%2e/admin",
            "/public/..%2fadmin",
            "/public/.%2e/admin",
            "/public/..;/admin",
            "/public/%252e%252e/admin",
            "/public\\..\\admin",
            "/.",
            "/a%00",
            "/a%",
            "/a%2",
            "/a%zz",
            "/%ff",
            "/a%0a",
            "/a%2fb",
            "/a%5cb",
            "/%2e;x",
            "/\u{7f}",
        ] {
            assert_eq!(canonical(path).map_err(|fault| fault.parts().status), Err(400), "{path}");
        }
    }
}
