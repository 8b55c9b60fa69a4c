//! `GET /auth/login?return_to=/path`

use super::place::Place;
use super::reply::see_other;
use super::{attempt, params::Params, return_to};
use crate::fault::{Code, Fault};
use crate::login::Problem;
use crate::pipeline::browser::Use;
use crate::pipeline::notes::Notes;
use crate::pipeline::request::{Head, Request};
use crate::pipeline::respond::Reply;
use crate::pipeline::session::{Held, held};

/// Begins an attempt, and sends the browser to the provider.
///
/// # Errors
/// 403 for what is not a page of its own in a tab; 503 where the provider or the store is away.
pub(super) async fn answer(
    place: &Place<'_>,
    request: &Request,
    notes: &mut Notes,
) -> Result<Reply, Fault> {
    let head = &*request.head;
    only_in_a_tab(head)?;
    // A query that cannot be read names no place to go back to.
    let params = Params::of_query(head.query()).ok();
    let wanted = params.as_ref().and_then(|params| params.get("return_to").ok().flatten());
    let return_to = return_to::path(wanted, place.origin()?, &place.login.path);
    let session = match held(place.gateway, place.frontend, head, notes).await? {
        Held::Live(live) => Some(live.key.entry().0),
        Held::Nothing | Held::Dead(_) => None,
    };
    let (attempt, cookie) = attempt::begin(place, head, return_to, session, notes)?;
    let url = place.provider.authorization_url(&place.redirect_uri()?, &attempt).await;
    let mut reply = see_other(request, &url.map_err(problem)?)?;
    reply.headers.push((http::header::SET_COOKIE, cookie));
    Ok(reply)
}

/// Nobody is logged in unseen: not in a frame, and not by an image or a script.
///
/// # Errors
/// 403 where the browser says that it is something else.
pub(super) fn only_in_a_tab(head: &dyn Head) -> Result<(), Fault> {
    match Use::of(head) {
        Use::Page | Use::Unknown => Ok(()),
        Use::Frame | Use::Part => Err(Fault::new(Code::Forbidden)
            .message("A sign-in is a page of its own: open this address in the browser's tab.")
            .cause("a login in a frame, or as a part of a page (Sec-Fetch-Mode, Sec-Fetch-Dest)")),
    }
}

/// What the user sees of a provider that did not do what it should.
pub(super) fn problem(problem: Problem) -> Fault {
    let message = match &problem {
        Problem::Away(_) => "The sign-in service is not available at the moment.",
        Problem::Refused(_) | Problem::Bad(_) => "The sign-in service did not answer as expected.",
    };
    tracing::warn!(%problem, "a sign-in failed");
    Fault::from(problem).message(message)
}
