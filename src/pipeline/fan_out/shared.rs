//! Equal requests inside one client request are sent once.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use foldhash::fast::RandomState;
use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, Shared as Joined};
use url::Url;

use crate::upstream::{Answer, Client, Error, Request};

type Outcome = Result<Rc<Answer>, Error>;
type Flight = Joined<LocalBoxFuture<'static, Outcome>>;

/// The requests that were sent so far, by URL.
#[derive(Default)]
pub(in crate::pipeline) struct Shared(RefCell<HashMap<Url, Vec<Sent>, RandomState>>);

type Sent = (Rc<Request>, Flight);

impl Shared {
    /// Sends a request that changes nothing, or joins an equal one. It goes on as long as somebody waits for it.
    pub(super) async fn send(&self, client: &Client, request: Request) -> Outcome {
        let request = Rc::new(request);
        let flight = self.flight(client, &request);
        flight.await
    }

    fn flight(&self, client: &Client, request: &Rc<Request>) -> Flight {
        let mut sent = self.0.borrow_mut();
        let same_url = sent.entry(request.url.clone()).or_default();
        if let Some((_, flight)) = same_url.iter().find(|(other, _)| equal(other, request)) {
            return flight.clone();
        }
        let (client, sending) = (client.clone(), Rc::clone(request));
        let flight = async move { client.send(&sending).await.map(Rc::new) }.boxed_local().shared();
        same_url.push((Rc::clone(request), flight.clone()));
        flight
    }
}

fn equal(one: &Request, other: &Request) -> bool {
    one.method == other.method
        && one.max_response == other.max_response
        && one.body == other.body
        && one.headers == other.headers
}
