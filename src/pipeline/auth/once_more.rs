//! A callback under `SameSite=Strict`, asked for once more by a page of ours.
//!
//! The provider's site leads here, so the browser withholds the cookie of the session that it has, which the login is to
//! end. What a page of ours asks for is ours, and the cookie comes along.

use http::header::SET_COOKIE;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::attempt::{self, Said};
use super::params::Params;
use super::place::Place;
use super::reply;
use crate::cookie::SameSite;
use crate::fault::Fault;
use crate::pipeline::browser;
use crate::pipeline::notes::Notes;
use crate::pipeline::request::Request;
use crate::pipeline::respond::Reply;

/// The page that asks for it once more, by its state alone: the attempt's cookie keeps the code meanwhile. Nothing where
/// the callback is to be served as it is, as that of a client that does not say which site leads here.
///
/// # Errors
/// 400 for a parameter that stands there twice; 500 where nothing can be sealed.
pub(super) fn page(
    place: &Place<'_>,
    request: &Request,
    params: &Params,
    notes: &mut Notes,
) -> Result<Option<Reply>, Fault> {
    let head = &*request.head;
    let is_withheld = place.door.cookie.same_site == SameSite::Strict
        && browser::is_of_another_site(None, head)
        && browser::shows_pages(head);
    let Some(state) = params.get("state")?.filter(|_| is_withheld) else { return Ok(None) };
    let (code, error) = (params.get("code")?, params.get("error")?);
    let to = utf8_percent_encode(state, NOT_UNRESERVED);
    let to = format!("{}/callback?state={to}", place.login.path);
    match (attempt::find(place, head, state), code, error) {
        (Some(begun), Some(code), None) => {
            let said =
                Said { code: code.to_owned(), issuer: params.get("iss")?.map(str::to_owned) };
            let kept = attempt::keep(place, head, begun, said, notes)?;
            Ok(kept.map(|cookie| {
                let mut reply = reply::going_on(request, 200, "Signing in", &to);
                reply.headers.push((SET_COOKIE, cookie));
                reply
            }))
        }
        // It was finished before, or never begun; who has a session goes home from there.
        (None, Some(_), _) | (None, _, Some(_)) => {
            Ok(Some(reply::going_on(request, 400, "Signing in", &to)))
        }
        // By the state alone it comes from a page of ours, whatever a browser says: no page asks twice.
        _ => Ok(None),
    }
}

/// RFC 3986 §2.3
const NOT_UNRESERVED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
