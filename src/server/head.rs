//! The head of an actix request, as the pipeline sees it.

use actix_web::HttpRequest;

use crate::fault::{Code, Fault};
use crate::pipeline::Head;
use crate::plan::Limits;

/// The head of an actix request.
pub(super) struct ActixHead(pub(super) HttpRequest);

impl Head for ActixHead {
    fn path(&self) -> &str {
        self.0.uri().path()
    }

    fn query(&self) -> &str {
        self.0.uri().query().unwrap_or_default()
    }

    fn host(&self) -> &str {
        let host = self.0.headers().get("host").and_then(|host| host.to_str().ok());
        host.unwrap_or_default()
    }

    fn header(&self, name: &str) -> Vec<&[u8]> {
        self.0.headers().get_all(name).map(|value| value.as_bytes()).collect()
    }
}

/// What is refused before anything is looked at.
///
/// # Errors
/// 414 and 431 for what is too large; 400 for a target that names another authority than `Host` (RFC 9112 §3.2.2), or
/// a `Host` that is none.
pub(super) fn check(request: &HttpRequest, limits: &Limits) -> Result<(), Fault> {
    let uri = request.uri();
    let target = uri.path().len() + uri.query().map_or(0, |query| query.len() + 1);
    if target > limits.max_uri {
        return Err(Fault::new(Code::UriTooLong));
    }
    let (mut count, mut bytes) = (0, 0);
    for (name, value) in request.headers() {
        count += 1;
        bytes += name.as_str().len() + value.len();
    }
    if count > limits.max_headers || bytes > limits.max_header_bytes {
        return Err(Fault::new(Code::HeadersTooLarge));
    }
    check_host(request)
}

fn check_host(request: &HttpRequest) -> Result<(), Fault> {
    let refuse = |why: &'static str| Err(Fault::new(Code::BadRequest).message(why));
    let mut hosts = request.headers().get_all("host");
    let (host, more) = (hosts.next(), hosts.next());
    if more.is_some() {
        return refuse("There is more than one Host header.");
    }
    let Some(host) = host else { return Ok(()) };
    let host = host.as_bytes();
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._:[]%~".contains(byte);
    if !host.iter().all(plain) {
        return refuse("The Host header is malformed.");
    }
    match request.uri().authority() {
        Some(authority) if !authority.as_str().as_bytes().eq_ignore_ascii_case(host) => {
            refuse("The request is for another host than its Host header says.")
        }
        _ => Ok(()),
    }
}
