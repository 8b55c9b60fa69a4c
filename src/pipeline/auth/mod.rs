//! The paths of a login: `/auth/login`, `/callback`, `/logout`, `/session` and `/backchannel-logout`.

mod attempt;
mod backchannel;
mod callback;
mod end;
mod login;
mod logout;
mod once_more;
mod params;
mod place;
mod reply;
mod return_to;
mod session;
mod to_login;

use std::rc::Rc;

pub(super) use to_login::instead_of;

use super::gateway::Gateway;
use super::notes::Notes;
use super::request::Request;
use super::respond::Reply;
use super::{client, cors, limits, path};
use crate::fault::{Code, Fault};
use place::Place;

/// What a path below a login's is for.
#[derive(Clone, Copy)]
enum Task {
    Login,
    Callback,
    Logout,
    Session,
    BackchannelLogout,
}

/// The reply to a request for a path of its frontend's login. Each has one spelling; what is spelled otherwise is left to
/// the routes, and is nothing there.
pub(super) async fn answer(
    gateway: &Rc<Gateway>,
    request: &mut Request,
    notes: &mut Notes,
) -> Option<Reply> {
    let head = Rc::clone(&request.head);
    let (place, rest) = Place::of(gateway, &*head)?;
    let task = Task::named(rest);
    // What could be taken for a file below one of ours is not there at all.
    if task.is_none() && path::canonical(head.path()).is_ok() {
        return None;
    }
    cors::note(gateway.plan.cors.as_deref(), request, notes);
    let answered = match task {
        None => Err(Fault::new(Code::NotFound)),
        // Apart, so that no other request carries the room that a login takes.
        Some(task) => Box::pin(task.serve(&place, request, notes)).await,
    };
    Some(answered.unwrap_or_else(|fault| reply::fault(&place, request, &fault)))
}

/// Anybody may ask here, so that is counted before anything is done.
async fn let_in(place: &Place<'_>, request: &mut Request, notes: &mut Notes) -> Result<(), Fault> {
    client::find(&place.gateway.plan.proxies, request)?;
    limits::at_login(place.gateway, (place.frontend, place.login), request, notes).await
}

impl Task {
    fn named(rest: &str) -> Option<Self> {
        Some(match rest {
            "login" => Self::Login,
            "callback" => Self::Callback,
            "logout" => Self::Logout,
            "session" => Self::Session,
            "backchannel-logout" => Self::BackchannelLogout,
            _ => return None,
        })
    }

    /// Whatever looks at links ahead of people does so by HEAD: it must not use up a code.
    fn methods(self) -> &'static str {
        match self {
            Self::Login | Self::Callback => "GET",
            Self::Session => "GET, HEAD",
            Self::Logout | Self::BackchannelLogout => "POST",
        }
    }

    async fn serve(
        self,
        place: &Place<'_>,
        request: &mut Request,
        notes: &mut Notes,
    ) -> Result<Reply, Fault> {
        let_in(place, request, notes).await?;
        self.answer(place, request, notes).await
    }

    async fn answer(
        self,
        place: &Place<'_>,
        request: &mut Request,
        notes: &mut Notes,
    ) -> Result<Reply, Fault> {
        let methods = self.methods();
        if !methods.split(", ").any(|one| one == request.method.as_str()) {
            return Err(Fault::new(Code::MethodNotAllowed).allow(methods.to_owned()));
        }
        match self {
            Self::Login => login::answer(place, request, notes).await,
            Self::Callback => callback::answer(place, request, notes).await,
            Self::Logout => logout::answer(place, request, notes).await,
            Self::Session => session::answer(place, request, notes).await,
            Self::BackchannelLogout => backchannel::answer(place, request).await,
        }
    }
}
