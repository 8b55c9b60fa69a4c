//! What actix-http itself answers to what is malformed: a head, and nothing else.

use std::time::Duration;

use bytes::Bytes;
use memchr::memmem;

use crate::fault::Code;
use crate::server::error;
use crate::telemetry::{Access, access};

/// Where in `bytes` such a head starts. It stands at the end of what is written; whole, since nothing was written of it.
///
/// Replies of the app cannot be taken for one: their bodies are JSON, where line breaks are escaped, header values have
/// none, and a status line with `content-length: 0` behind it is written for empty bodies only, all of which have a
/// request id.
pub(super) fn find(bytes: &[u8]) -> Option<usize> {
    if !bytes.ends_with(b"\r\n\r\n") {
        return None;
    }
    let before = bytes.len().saturating_sub(LONGEST);
    let line_end = before + memmem::rfind(&bytes[before..], b"\r\ncontent-length: 0\r\n")?;
    let start = before + memmem::rfind(&bytes[before..line_end], b"HTTP/1.")?;
    let is_error = PHRASES.iter().any(|phrase| bytes[start + 8..line_end] == *phrase.as_bytes());
    let is_ours = memmem::find(&bytes[line_end..], b"x-request-id").is_some();
    (is_error && !is_ours).then_some(start)
}

/// Bytes of the longest one, by far.
const LONGEST: usize = 512;

const PHRASES: [&str; 3] =
    [" 400 Bad Request", " 408 Request Timeout", " 431 Request Header Fields Too Large"];

/// The reply in its place, in our error shape. There is no request to tell of, so it has an access line of its own.
/// `standing` are the lines of the headers that stand on every reply.
pub(super) fn shaped(head: &[u8], standing: &str) -> Bytes {
    let code = match head.get(9..12) {
        Some(b"408") => Code::RequestTimeout,
        Some(b"431") => Code::HeadersTooLarge,
        _ => Code::BadRequest,
    };
    let id = uuid::Uuid::new_v4().simple().to_string();
    let status = code.status();
    let body = error::body(&code, &id);
    let length = body.len();
    access(&Access {
        method: "-",
        route: None,
        path: "-",
        status,
        duration: Duration::ZERO,
        request_id: &id,
        bytes: Some(length as u64),
        partial: None,
        code: Some(code.name()),
        cause: Some("what came is not a request"),
    });
    let phrase = http::StatusCode::from_u16(status).ok().and_then(|s| s.canonical_reason());
    let phrase = phrase.unwrap_or_default();
    let text = format!(
        "HTTP/1.1 {status} {phrase}\r\ncontent-type: application/json\r\nx-request-id: {id}\r\n\
         content-length: {length}\r\nconnection: close\r\n{standing}\r\n{body}"
    );
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BARE: &str = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\
                        date: Fri, 20 Nov 2026 18:00:00 GMT\r\n\r\n";

    #[test]
    fn a_bare_head_is_found_behind_anything() {
        assert_eq!(find(BARE.as_bytes()), Some(0));
        let old = BARE.replace("1.1", "1.0");
        for before in
            ["HTTP/1.1 100 Continue\r\n\r\n", "[1]", "{}", "true", "HTTP/1.1 204 x\r\n\r\n"]
        {
            assert_eq!(find(format!("{before}{BARE}").as_bytes()), Some(before.len()), "{before}");
            assert_eq!(find(format!("{before}{old}").as_bytes()), Some(before.len()), "{before}");
        }
    }

    #[test]
    fn replies_of_the_app_are_not_taken_for_one() {
        for reply in [
            "",
            "\r\n\r\n",
            "HTTP/1.1 100 Continue\r\n\r\n",
            "HTTP/1.1 404 Not Found\r\ncontent-length: 80\r\n\r\n",
            "HTTP/1.1 205 Reset Content\r\ncontent-length: 0\r\nx-request-id: 1\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nx-request-id: 1\r\n\r\n",
            "HTTP/1.1 204 No Content\r\nlocation: /HTTP/1.1 400 Bad Request\r\nx: y\r\n\r\n",
        ] {
            assert_eq!(find(reply.as_bytes()), None, "{reply}");
        }
    }

    #[test]
    fn it_becomes_a_reply_in_our_shape() {
        let text = String::from_utf8(shaped(BARE.as_bytes(), "x-a: b\r\n").to_vec()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{head}");
        assert!(head.ends_with("\r\nx-a: b"), "{head}");
        let error: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(error["error"]["code"], "BAD_REQUEST");
        let id = error["error"]["request_id"].as_str().unwrap();
        assert!(head.contains(&format!("x-request-id: {id}\r\n")), "{head}");
    }
}
