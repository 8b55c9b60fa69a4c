//! Headers that go around actix-http.

use actix_web::http::header::{HeaderName, HeaderValue};
use httparse::Header;

use crate::fault::{Code, Fault};

/// A head of which actix-http sees a part: it takes a certain number of headers and no more, invites bodies before anyone
/// knows whether they are wanted, and reads what follows `Upgrade` as it comes, though nothing here is upgraded.
#[derive(Debug)]
pub(super) struct Aside {
    /// What it sees.
    pub(super) head: Vec<u8>,
    /// What the request gets back when it has been read.
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
}

/// Headers that actix-http takes.
pub(super) const ROOM: usize = 96;

impl Aside {
    /// # Errors
    /// 400 for a header that is none, though nothing lets one come here.
    pub(super) fn new(
        method: &str,
        target: &str,
        is_old: bool,
        headers: &[Header<'_>],
    ) -> Result<Self, Fault> {
        let version = if is_old { '0' } else { '1' };
        let mut head = format!("{method} {target} HTTP/1.{version}\r\n").into_bytes();
        let (mut kept, mut aside) = (0, Vec::new());
        for Header { name, value } in headers {
            let is = |others: &[&str]| others.iter().any(|other| name.eq_ignore_ascii_case(other));
            // There is one of each of these at most.
            let is_framing = is(&["host", "content-length", "transfer-encoding"]);
            let is_hidden = is(&["connection", "expect", "upgrade"]);
            if is_framing || (!is_hidden && kept < ROOM - 3) {
                kept += usize::from(!is_framing);
                for part in [name.as_bytes(), b": ", value, b"\r\n"] {
                    head.extend_from_slice(part);
                }
                continue;
            }
            let name = HeaderName::from_bytes(name.as_bytes());
            let value = HeaderValue::from_bytes(value);
            let (Ok(name), Ok(value)) = (name, value) else {
                return Err(Fault::new(Code::BadRequest));
            };
            aside.push((name, value));
        }
        head.extend_from_slice(b"\r\n");
        Ok(Self { head, headers: aside })
    }
}
