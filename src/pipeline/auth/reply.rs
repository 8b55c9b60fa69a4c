//! Replies of logins: JSON, redirects, and the few pages. None is kept by anybody.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION};
use http::{HeaderName, HeaderValue};

use super::place::Place;
use crate::fault::Fault;
use crate::pipeline::browser::{self, Use};
use crate::pipeline::request::Request;
use crate::pipeline::respond::{self, Reply};
use crate::plan::ErrorShape;
use crate::value::Value;

/// A reply without a body.
pub(super) fn empty(request: &Request, status: u16) -> Reply {
    let mut reply = respond::empty(request, status);
    reply.headers.push(NO_STORE);
    reply
}

/// Sends a browser on, by GET whatever it has come with (RFC 9700 §4.12: never 307).
///
/// # Errors
/// 500 for what cannot stand in a header.
pub(super) fn see_other(request: &Request, to: &str) -> Result<Reply, Fault> {
    let mut reply = empty(request, 303);
    let to = HeaderValue::from_str(to).map_err(|_| Fault::internal("no place to go to"))?;
    reply.headers.push((LOCATION, to));
    Ok(reply)
}

/// `{"data": …}`
pub(super) fn data(request: &Request, data: Value) -> Reply {
    json(request, 200, &Value::object([("data".into(), data)].into_iter().collect()))
}

/// A JSON body.
pub(super) fn json(request: &Request, status: u16, value: &Value) -> Reply {
    let mut reply = empty(request, status);
    reply.headers.push((CONTENT_TYPE, HeaderValue::from_static("application/json")));
    reply.body = value.to_json().into();
    reply
}

/// A page that goes on by itself. A browser withholds a Strict cookie from the redirects that another site has begun; what
/// a page of ours asks for is our own.
pub(super) fn going_on(request: &Request, status: u16, title: &str, to: &str) -> Reply {
    let to = escaped(to);
    let refresh = format!("<meta http-equiv=\"refresh\" content=\"0; url={to}\">\n");
    let body = format!("<h1>{title}</h1>\n<p><a href=\"{to}\">Continue</a></p>\n");
    page(empty(request, status), title, &refresh, &body)
}

/// A fault, as a page where a person waits for one.
pub(super) fn fault(place: &Place<'_>, request: &Request, fault: &Fault) -> Reply {
    let reply = respond::fault(request, ErrorShape::Envelope, fault);
    let head = &*request.head;
    if Use::of(head) == Use::Part || !browser::shows_pages(head) {
        return reply;
    }
    let body = format!(
        "<h1>That did not work</h1>\n<p>{}</p>\n<p><a href=\"{}/login\">Sign in</a></p>\n\
         <p><a href=\"/\">Home</a></p>\n<p><small>Request {}</small></p>\n",
        escaped(&fault.parts().message),
        escaped(&place.login.path),
        escaped(&request.id),
    );
    page(reply, "That did not work", "", &body)
}

fn page(mut reply: Reply, title: &str, head: &str, body: &str) -> Reply {
    let text = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n{head}</head>\n\
         <body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    );
    reply.headers.retain(|(name, _)| *name != CONTENT_TYPE);
    reply.headers.push((CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")));
    reply.headers.push((CONTENT_SECURITY_POLICY, HeaderValue::from_static(NOTHING_ELSE)));
    reply.body = Bytes::from(text);
    reply
}

const NO_STORE: (HeaderName, HeaderValue) = (CACHE_CONTROL, HeaderValue::from_static("no-store"));

/// The pages are text and links.
const NOTHING_ELSE: &str =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}
