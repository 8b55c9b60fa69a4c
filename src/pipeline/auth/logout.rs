//! `POST /auth/logout`

use super::params::media_type;
use super::place::Place;
use super::{attempt, end, reply};
use crate::fault::Fault;
use crate::identity::Token;
use crate::pipeline::browser::{self, Use};
use crate::pipeline::notes::Notes;
use crate::pipeline::request::{Head, Request};
use crate::pipeline::respond::Reply;
use crate::pipeline::session::{Held, held};
use crate::value::{Members, Value};

/// Ends the session, and says where to go to log out at the provider too.
///
/// # Errors
/// 403 for a request of another site, also without a cookie: the deletion in its reply would log the user out; 503 where
/// the store is away, and the session lives.
pub(super) async fn answer(
    place: &Place<'_>,
    request: &Request,
    notes: &mut Notes,
) -> Result<Reply, Fault> {
    let head = &*request.head;
    browser::is_ours(true, place.frontend, place.gateway.plan.cors.as_deref(), head)?;
    let mut id_token = None;
    if let Held::Live(live) = held(place.gateway, place.frontend, head, notes).await? {
        end::session(place, request, &live, "logout").await?;
        id_token = live.record.id_token.as_deref().map(Token::new);
    }
    notes.stale_cookies.clear();
    notes.stale_cookies.extend(place.door.cookie.delete());
    attempt::forget(place, head, notes);
    if is_form(head) {
        let to = provider_page(place, id_token.as_ref()).await?;
        return reply::see_other(request, &to);
    }
    // A script reads this: it gets no token.
    let to = provider_page(place, None).await?;
    let members: Members = [("logout_url".into(), Value::from(to.as_str()))].into_iter().collect();
    Ok(reply::data(request, Value::object(members)))
}

/// Where the user logs out at the provider, and comes back from; our own page where there is no such place, or nobody can
/// say so now: here the session has ended.
async fn provider_page(place: &Place<'_>, id_token: Option<&Token>) -> Result<String, Fault> {
    let home = place.home()?;
    match place.provider.logout_url(&home, id_token).await {
        Ok(url) => Ok(url.unwrap_or(home)),
        Err(problem) => {
            tracing::warn!(login = %place.login.name, %problem, "a logout ends at the gateway");
            Ok(home)
        }
    }
}

fn is_of_a_form(kind: Vec<u8>) -> bool {
    FORMS.contains(&&*kind)
}

/// What HTML forms are sent as.
const FORMS: [&[u8]; 2] = [b"application/x-www-form-urlencoded", b"multipart/form-data"];

/// Whether a browser goes where the reply says.
fn is_form(head: &dyn Head) -> bool {
    match Use::of(head) {
        Use::Page | Use::Frame => true,
        Use::Part => false,
        Use::Unknown => browser::shows_pages(head) || media_type(head).is_some_and(is_of_a_form),
    }
}
