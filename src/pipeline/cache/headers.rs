//! What headers of an answer say of its age and its time, read as leniently as RFC 9111 asks for.

use std::time::{Duration, UNIX_EPOCH};

use http::HeaderMap;
use http::header::{AGE, CACHE_CONTROL, DATE};

/// `Cache-Control`, all of it, in lower case. Bytes that are no text are question marks, and numbers longer than anything
/// is kept are [`LONGEST`] (RFC 9111 §1.2.2).
pub(super) fn directives(headers: &HeaderMap) -> String {
    let values = headers.get_all(CACHE_CONTROL).into_iter();
    let all = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    let all: Vec<_> = all.map(|one| bounded(&text(one))).collect();
    all.join(",")
}

/// How old an answer was when it was received at this time of day: as its caches have told it, or as its `Date` shows
/// (RFC 9111 §4.2.3), in whole seconds. Two weeks of a clock that is wrong count as two weeks.
pub(super) fn age(headers: &HeaderMap, received: Duration) -> Duration {
    let told = headers.get(AGE).map_or(0, |value| seconds(value.as_bytes()).unwrap_or(0));
    let date = headers.get(DATE).and_then(|value| value.to_str().ok());
    let date = date.and_then(|text| httpdate::parse_http_date(text).ok());
    let sent = date.and_then(|date| date.duration_since(UNIX_EPOCH).ok());
    let apparent = sent.map_or(0, |sent| received.as_secs().saturating_sub(sent.as_secs()));
    Duration::from_secs(told.max(apparent))
}

fn text(bytes: &[u8]) -> String {
    let readable = |byte: &u8| if matches!(byte, b' '..=b'~' | b'\t') { *byte } else { b'?' };
    bytes.iter().map(|byte| char::from(readable(byte)).to_ascii_lowercase()).collect()
}

fn bounded(directive: &str) -> String {
    let long = directive.split_once('=').and_then(|(name, value)| {
        let number = seconds(value.trim().trim_matches('"').as_bytes())?;
        (number > LONGEST.as_secs()).then(|| format!("{name}={}", LONGEST.as_secs()))
    });
    long.unwrap_or_else(|| directive.to_owned())
}

/// Seconds, the first of several; as many as there can be where they are more. None for what is no number.
fn seconds(text: &[u8]) -> Option<u64> {
    let first = text.split(|byte| *byte == b',').next().unwrap_or_default().trim_ascii();
    if first.is_empty() || !first.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digit = |sum: u64, byte: &u8| sum.saturating_mul(10).saturating_add((byte - b'0').into());
    Some(first.iter().fold(0, digit))
}

/// Nothing is kept for more than a year, as in the config.
pub(super) const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn said(value: &[u8]) -> String {
        let value = HeaderValue::from_bytes(value).unwrap();
        directives(&[(CACHE_CONTROL, value)].into_iter().collect())
    }

    #[test]
    fn directives_are_read_whatever_stands_beside_them() {
        assert_eq!(said(b"No-Store, x=\xff\xc3\xa9"), "no-store, x=???");
        assert_eq!(said(b"Max-Age=\"60\""), "max-age=\"60\"");
        assert_eq!(said(b"max-age=99999999999999999999999, public"), "max-age=31536000, public");
        assert_eq!(said(b"max-age=-1"), "max-age=-1");
    }

    #[test]
    fn the_age_is_the_longer_of_what_is_told_and_what_the_date_shows() {
        let day = Duration::from_secs(24 * 60 * 60);
        for (told, date, expected) in [
            (Some("5"), None, 5),
            (Some("5, 7"), None, 5),
            (Some("x"), None, 0),
            (Some("-5"), None, 0),
            (Some("99999999999999999999999"), None, u64::MAX),
            (None, Some("Thu, 01 Jan 1970 00:01:00 GMT"), 86_340),
            (Some("90000"), Some("Thu, 01 Jan 1970 00:01:00 GMT"), 90_000),
            (None, Some("Sat, 03 Jan 1970 00:00:00 GMT"), 0),
            (None, Some("yesterday"), 0),
        ] {
            let headers = [(AGE, told), (DATE, date)].into_iter();
            let headers = headers.filter_map(|(name, value)| Some((name, value?.parse().unwrap())));
            assert_eq!(age(&headers.collect(), day).as_secs(), expected, "{told:?} {date:?}");
        }
    }

    proptest! {
        #[test]
        fn any_value_is_read_as_text(bytes in prop::collection::vec(32_u8..=254, 0..40)) {
            if let Ok(value) = HeaderValue::from_bytes(&bytes) {
                let all = [(CACHE_CONTROL, value.clone()), (AGE, value.clone()), (DATE, value)];
                let headers = all.into_iter().collect();
                let said = directives(&headers);
                prop_assert!(HeaderValue::from_str(&said).is_ok_and(|said| said.to_str().is_ok()));
                age(&headers, Duration::from_secs(1));
            }
        }
    }
}
