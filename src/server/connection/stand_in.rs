//! What actix-http is given in the place of what is refused.

use httparse::Request;

use super::head::{is_method, is_target};
use super::limits::Limits;

/// A good request without a body, which says who asked for what as far as that could be read.
pub(super) struct StandIn {
    pub(super) head: Vec<u8>,
    /// Its method and path are the client's.
    pub(super) is_known: bool,
}

impl StandIn {
    /// For what begins like this.
    pub(super) fn new(refused: &[u8], limits: &Limits) -> Self {
        let mut request = Request::new(&mut []);
        // How this ends does not matter: the request line is read first, and there is no room for more.
        let _ = request.parse(refused);
        let path = request.path.and_then(|target| target.split(['?', '#']).next());
        let known = request.method.zip(path).filter(|(method, path)| {
            let is_long = path.len() > limits.max_uri || !path.starts_with('/');
            is_method(method) && *method != "CONNECT" && !is_long && is_target(path)
        });
        let is_head = refused.starts_with(b"HEAD ");
        let (method, path) = known.unwrap_or((if is_head { "HEAD" } else { "GET" }, "/"));
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: -\r\n").into_bytes();
        // Scripts of that origin may read the reply where they may read others.
        if let Some(origin) = origin(refused) {
            head.extend_from_slice(b"origin: ");
            head.extend_from_slice(origin);
            head.extend_from_slice(b"\r\n");
        }
        head.extend_from_slice(b"\r\n");
        Self { head, is_known: known.is_some() }
    }
}

/// The only `Origin`, where it is plain text.
fn origin(refused: &[u8]) -> Option<&[u8]> {
    let lines = refused.split(|byte| *byte == b'\n').take_while(|line| *line != b"\r");
    let mut origins = lines.filter_map(|line| {
        let (name, value) = line.split_at_checked("origin:".len())?;
        name.eq_ignore_ascii_case(b"origin:").then(|| value.trim_ascii())
    });
    let origin = origins.next().filter(|_| origins.next().is_none())?;
    (!origin.is_empty() && origin.iter().all(u8::is_ascii_graphic)).then_some(origin)
}

#[cfg(test)]
mod tests {
    use super::super::tests::LIMITS;
    use super::*;

    fn stand_in(refused: &str) -> String {
        String::from_utf8(StandIn::new(refused.as_bytes(), &LIMITS).head).unwrap()
    }

    #[test]
    fn it_says_what_could_be_read() {
        for (refused, head) in [
            ("nonsense\r\n\r\n", "GET / HTTP/1.1\r\nhost: -\r\n\r\n"),
            ("POST /a?b HTTP/1.1\r\n\r\n", "POST /a HTTP/1.1\r\nhost: -\r\n\r\n"),
            ("GET /a#b HTTP/1.1\r\n\r\n", "GET /a HTTP/1.1\r\nhost: -\r\n\r\n"),
            ("HEAD http://a/b HTTP/1.1\r\n\r\n", "HEAD / HTTP/1.1\r\nhost: -\r\n\r\n"),
            ("CONNECT a:1 HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nhost: -\r\n\r\n"),
            ("PUT /a HTTP/1.1\r\nbad header", "PUT /a HTTP/1.1\r\nhost: -\r\n\r\n"),
            (
                "GET /a HTTP/1.1\r\nx: y\r\nOrigin: https://a\r\ncontent-length: 5\r\n\r\norigin: b",
                "GET /a HTTP/1.1\r\nhost: -\r\norigin: https://a\r\n\r\n",
            ),
            (
                "GET /a HTTP/1.1\r\norigin: https://a\r\norigin: https://b\r\n\r\n",
                "GET /a HTTP/1.1\r\nhost: -\r\n\r\n",
            ),
        ] {
            assert_eq!(stand_in(refused), head, "{refused:?}");
        }
    }
}
