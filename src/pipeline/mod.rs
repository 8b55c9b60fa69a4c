//! One request, from its head to its reply.
//!
//! [`run`] is the order of things. Each stage is a file, takes what the stage before gave, and knows no other stage.

mod body;
mod cors;
mod fan_out;
mod frame;
mod gateway;
mod hold;
mod idempotency;
mod input;
mod key;
mod notes;
mod path;
mod request;
mod respond;
mod route;
mod session;
mod shape;
mod standing;
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
use crate::plan::{Endpoint, ErrorShape};
use frame::Frame;
use hold::Hold;
use notes::Notes;
use shape::Shaped;
use webhook::Delivery;

/// Serves one request. Never fails: what goes wrong is a reply too.
pub async fn run(gateway: Rc<Gateway>, mut request: Request) -> Reply {
    let mut notes = Notes::default();
    let mut reply = answer(&gateway, &mut request, &mut notes).await;
    respond::note(&mut reply, notes);
    standing::add(&gateway.plan, &mut reply);
    reply
}

/// The reply to a request that is refused before it is served.
pub fn refuse(gateway: &Gateway, request: &Request, fault: &Fault) -> Reply {
    let mut reply = respond::fault(request, ErrorShape::Envelope, fault);
    reply.headers.extend(standing(&gateway.plan, Some((&request.method, &*request.head))));
    reply
}

async fn answer(gateway: &Rc<Gateway>, request: &mut Request, notes: &mut Notes) -> Reply {
    // A browser that asks what it may ask costs nothing.
    if let Some(reply) = cors::preflight(&gateway.plan, request) {
        return reply;
    }
    let found = match route::find(&gateway.plan, &request.method, request.head.path()) {
        Ok(found) => found,
        Err(missed) => {
            cors::note(missed.cors.as_deref(), request, notes);
            return respond::fault(request, ErrorShape::Envelope, &missed.fault);
        }
    };
    let endpoint = Arc::clone(&found.endpoint);
    cors::note(endpoint.cors.as_deref(), request, notes);
    let deadline = request.started + endpoint.deadline;
    let mut delivery = None;
    let outcome = stages(gateway, found, request, notes, &mut delivery, deadline).await;
    let mut reply = match outcome {
        Ok(Outcome::Shaped(shaped)) => respond::shaped(request, endpoint.errors, shaped),
        Ok(Outcome::Kept(kept)) => respond::replayed(request, kept),
        Err(fault) => respond::fault(request, endpoint.errors, &fault),
    };
    // Kept before it is sent, so that a client that never gets it may ask again.
    request.ongoing.end(|| respond::kept(&reply).to_record()).await;
    reply.endpoint = Some(endpoint);
    if let Some(hold) = delivery {
        webhook::end(&hold, reply.status).await;
    }
    reply
}

/// What the stages have come to, where it is no fault.
enum Outcome {
    Shaped(Shaped),
    /// A reply from before, to the same key.
    Kept(Kept),
}

async fn stages(
    gateway: &Rc<Gateway>,
    found: route::Found,
    request: &mut Request,
    notes: &mut Notes,
    delivery: &mut Option<Hold>,
    deadline: Instant,
) -> Result<Outcome, Fault> {
    let endpoint = &found.endpoint;
    let asking = async {
        // Who asks, before anything of theirs is read.
        let session = session::check(gateway, endpoint, request, notes).await?;
        // A browser sends cookies along with requests that other sites make it send.
        session::origin(gateway, endpoint, request, session.as_ref())?;
        // What the session may do is known without input, so that a no costs nothing.
        session::roles(gateway, endpoint, session).await
    };
    let session = timeout_at(deadline, asking).await.map_err(|_| session::too_slow(endpoint))??;
    // A webhook has no session: its signature says who sent it, over a body that nobody has looked at yet.
    let arriving = webhook::check(gateway, endpoint, request);
    let signed = timeout_at(deadline, arriving).await.map_err(|_| too_slow(endpoint))??;
    // Everything that programs will see of the request, checked.
    let arriving = input::read(gateway, endpoint, &found.path, request);
    let input = timeout_at(deadline, arriving).await.map_err(|_| too_slow(endpoint))??;
    // What was done is not done again, once it is known who asks for what.
    if let Some(kept) =
        idempotency::begin(gateway, endpoint, request, session.as_ref(), &input).await?
    {
        return Ok(Outcome::Kept(kept));
    }
    // A delivery is served once. What it is known by may stand in the body.
    if let Some(signed) = signed {
        match webhook::begin(gateway, endpoint, request, &signed, &input).await? {
            Delivery::New(hold) => *delivery = Some(hold),
            Delivery::Seen => return Ok(Outcome::Shaped(Shaped::nothing(endpoint))),
        }
    }
    let frame = Frame::new(Rc::clone(gateway), Arc::clone(endpoint), request, session, input);
    // A sender's next try changes nothing that this one has changed, where upstreams know keys.
    if let Some(hold) = delivery {
        frame.derive_keys_from(hold.key());
    }
    // Allow is asked inside: as soon as what it reads is there, and before anything is changed.
    let partial = fan_out::run(&frame, deadline).await?;
    shape::make(&frame, partial).await.map(Outcome::Shaped)
}

fn too_slow(endpoint: &Endpoint) -> Fault {
    let cause = format!("the request was not there after {:?}", endpoint.deadline);
    Fault::new(Code::RequestTimeout).cause(cause)
}
