//! One request, from its head to its reply.
//!
//! [`run`] is the order of things. Each stage is a file, takes what the stage before gave, and knows no other stage.

mod asked;
mod auth;
mod body;
mod browser;
mod cache;
mod client;
mod cors;
mod deliver;
mod etag;
mod fan_out;
mod form;
mod frame;
mod gateway;
mod hold;
mod idempotency;
mod input;
mod key;
mod limits;
mod notes;
mod path;
mod payload;
mod promise;
mod refresh;
mod request;
mod respond;
mod revalidate;
mod route;
mod session;
mod shape;
mod standing;
mod typed;
mod webhook;

use std::rc::Rc;
use std::sync::Arc;

use tokio::time::{Instant, timeout_at};

pub use gateway::{Gateway, State};
pub use request::{Body, BodyError, Head, Ongoing, Payload, Request};
pub use respond::Reply;
pub use standing::standing;

use crate::fault::{Code, Fault};
use crate::idempotency::Reply as Kept;
use crate::plan::{Call, Endpoint, ErrorShape};
use cache::{Found, Whole};
use frame::Frame;
use notes::Notes;

/// Serves one request. Never fails: what goes wrong is a reply too.
pub async fn run(gateway: Rc<Gateway>, mut request: Request) -> Reply {
    let mut notes = Notes::default();
    let mut reply = answer(&gateway, &mut request, &mut notes).await;
    respond::note(&mut reply, &mut notes);
    standing::add(&gateway.plan, &mut reply);
    deliver::finish(&gateway, &request, &mut reply, &notes).await;
    reply
}

/// The reply to a request that is refused before it is served.
pub fn refuse(gateway: &Gateway, request: &Request, fault: &Fault) -> Reply {
    let mut reply = respond::fault(request, ErrorShape::Envelope, fault);
    reply.headers.extend(standing(&gateway.plan, Some((&request.method, &*request.head))));
    deliver::vary_by_cookie(request, &mut reply);
    reply
}

async fn answer(gateway: &Rc<Gateway>, request: &mut Request, notes: &mut Notes) -> Reply {
    // A browser that asks what it may ask costs nothing.
    if let Some(reply) = cors::preflight(&gateway.plan, request) {
        return reply;
    }
    // A login has its own paths, and routes cannot be there.
    if let Some(reply) = auth::answer(gateway, request, notes).await {
        return reply;
    }
    let found = match route::find(&gateway.plan, &request.method, &*request.head) {
        Ok(found) => found,
        Err(missed) => {
            cors::note(missed.cors.as_deref(), request, notes);
            return respond::fault(request, ErrorShape::Envelope, &missed.fault);
        }
    };
    let endpoint = Arc::clone(&found.endpoint);
    cors::note(endpoint.cors.as_deref(), request, notes);
    let frontend = Arc::clone(&found.frontend);
    let deadline = request.started + endpoint.deadline;
    let outcome = stages(gateway, found, request, notes, deadline).await;
    let mut reply = match outcome {
        Ok(Outcome::Made(whole)) => respond::whole(request, *whole),
        Ok(Outcome::Found(found)) => respond::found(request, found),
        Ok(Outcome::Kept(kept)) => respond::replayed(request, kept),
        Err(fault) => {
            session::forget(&fault, &frontend, notes);
            auth::instead_of(&fault, gateway, &frontend, &endpoint, request, notes)
                .unwrap_or_else(|| respond::fault(request, endpoint.errors, &fault))
        }
    };
    // Before it is sent, so that a client that never gets it may ask again.
    request.ongoing.end(reply.status, || respond::kept(&reply).to_record()).await;
    reply.endpoint = Some(endpoint);
    reply
}

/// What the stages have come to, where it is no fault.
enum Outcome {
    /// A reply that was made for this request.
    Made(Box<Whole>),
    /// A reply that others may get, too.
    Found(Found),
    /// A reply from before, to the same key.
    Kept(Kept),
}

async fn stages(
    gateway: &Rc<Gateway>,
    found: route::Found,
    request: &mut Request,
    notes: &mut Notes,
    deadline: Instant,
) -> Result<Outcome, Fault> {
    let endpoint = &found.endpoint;
    // Whom all that follows takes the client for.
    client::find(&gateway.plan.proxies, request)?;
    let asking = async {
        // Before the first signature is checked for somebody who asks too often.
        limits::by_address(gateway, endpoint, request, notes).await?;
        // Who asks, before anything of theirs is read.
        let session = session::check(gateway, &found.frontend, endpoint, request, notes).await?;
        // A browser sends cookies along with requests that other sites make it send.
        session::origin(gateway, &found.frontend, endpoint, request, session.as_ref())?;
        // A request of our own pages keeps its session going. One that another site has led here is served as it is.
        let session = match browser::is_of_another_site(endpoint.cors.as_deref(), &*request.head) {
            true => session,
            false => {
                let session = session::keep(gateway, session).await?;
                refresh::keep(gateway, endpoint, request, session).await?
            }
        };
        let session = session::describe(gateway, session).await?;
        limits::by_session(gateway, endpoint, request, session.as_ref(), notes).await?;
        // What the session may do is known without input, so that a no costs nothing.
        session::roles(endpoint, session.as_ref())?;
        Ok::<_, Fault>(session)
    };
    let session = timeout_at(deadline, asking).await.map_err(|_| session::too_slow(endpoint))??;
    // A webhook has no session: its signature says who sent it, over a body that nobody has looked at yet.
    let arriving = webhook::check(gateway, endpoint, request);
    let signed = timeout_at(deadline, arriving).await.map_err(|_| too_slow(endpoint))??;
    // Everything that programs will see of the request, checked.
    let arriving = input::read(gateway, endpoint, &found.path, request);
    let input = timeout_at(deadline, arriving).await.map_err(|_| too_slow(endpoint))??;
    notes.is_somebody = session.is_some();
    let frame = Frame::new(Rc::clone(gateway), Arc::clone(endpoint), request, session, input);
    limits::by_input(&frame, request, notes).await?;
    // What was done is not done again, once it is known who asks for what.
    if let Some(kept) = idempotency::begin(&frame, request).await? {
        return Ok(Outcome::Kept(kept));
    }
    // A delivery is served once. What it is known by may stand in the body.
    if let Some(nothing) = webhook::begin(&frame, request, signed).await? {
        return respond::written(nothing).map(Box::new).map(Outcome::Made);
    }
    reply(&frame, deadline, notes).await
}

/// What is kept, where the endpoint keeps its replies and the client may have it; otherwise what it says now.
async fn reply(frame: &Rc<Frame>, deadline: Instant, notes: &mut Notes) -> Result<Outcome, Fault> {
    let Some(caching) = &frame.endpoint.reply.cache else {
        // Who has the reply sees what it has changed.
        let made = revalidate::after(frame, make(frame, deadline).await).await;
        // That a part of it is kept says nothing of a fault, unless the fault is what that part says.
        let says = |(call, _): (&Call, u16)| call.cache.is_some();
        let marked = made.is_ok() || frame.fails_with().is_some_and(says);
        notes.cache = frame.parts.borrow().mark.filter(|_| marked);
        return made.map(Box::new).map(Outcome::Made);
    };
    fan_out::allow(frame, deadline).await?;
    // Whoever makes it has the whole deadline for it: others wait for it, too.
    let make = |frame: Rc<Frame>| async move {
        let deadline = Instant::now() + frame.endpoint.deadline;
        make(&frame, deadline).await
    };
    let (found, mark) = cache::reply(frame, caching, deadline, make).await?;
    notes.cache = Some(mark);
    found.map(Outcome::Found)
}

/// What the endpoint says now.
async fn make(frame: &Rc<Frame>, deadline: Instant) -> Result<Whole, Fault> {
    // Allow is asked inside: as soon as what it reads is there, and before anything is changed.
    let partial = fan_out::run(frame, deadline).await?;
    let shaped = shape::make(frame, partial).await?;
    // What the endpoint promises is checked on what it says.
    promise::check(frame, &shaped).await?;
    respond::written(shaped)
}

fn too_slow(endpoint: &Endpoint) -> Fault {
    let cause = format!("the request was not there after {:?}", endpoint.deadline);
    Fault::new(Code::RequestTimeout).cause(cause)
}
