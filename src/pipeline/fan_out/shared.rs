//! Equal requests inside one client request are sent once.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use foldhash::fast::RandomState;
use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, Shared as Joined, WeakShared};
use url::Url;

use crate::cache::Tick;
use crate::upstream::{Answer, Client, Error, Request};

type Outcome = Result<Arc<Answer>, Error>;
type Sending = LocalBoxFuture<'static, Outcome>;

/// The requests that were sent so far, by URL.
#[derive(Default)]
pub(in crate::pipeline) struct Shared(RefCell<HashMap<Url, Vec<Rc<Sent>>, RandomState>>);

struct Sent {
    request: Request,
    /// The moment before it was sent.
    began: Tick,
    /// Only those who wait for it keep it in flight: when the last one leaves, it is cancelled.
    flight: RefCell<Option<WeakShared<Sending>>>,
    landed: OnceCell<Outcome>,
}

impl Shared {
    /// Sends a request that changes nothing, or joins an equal one that did not begin before `since`: an answer from before
    /// a revalidation is not kept after it. `now` is the moment that it is.
    pub(super) async fn send(
        &self,
        client: &Client,
        request: Request,
        now: Tick,
        since: Tick,
    ) -> Outcome {
        let sent = self.equal(request, now, since);
        if let Some(outcome) = sent.landed.get() {
            return outcome.clone();
        }
        let outcome = sent.flight(client).await;
        sent.landed.get_or_init(|| outcome).clone()
    }

    fn equal(&self, request: Request, began: Tick, since: Tick) -> Rc<Sent> {
        let mut all = self.0.borrow_mut();
        let same_url = all.entry(request.url.clone()).or_default();
        let joined = |sent: &&Rc<Sent>| sent.began >= since && equal(&sent.request, &request);
        if let Some(sent) = same_url.iter().find(joined) {
            return Rc::clone(sent);
        }
        let sent = Sent { request, began, flight: RefCell::default(), landed: OnceCell::new() };
        let sent = Rc::new(sent);
        same_url.push(Rc::clone(&sent));
        sent
    }
}

impl Sent {
    fn flight(self: &Rc<Self>, client: &Client) -> Joined<Sending> {
        let mut flight = self.flight.borrow_mut();
        if let Some(joined) = flight.as_ref().and_then(WeakShared::upgrade) {
            return joined;
        }
        let (client, sent) = (client.clone(), Rc::clone(self));
        let sending = async move { client.send(&sent.request).await.map(Arc::new) };
        let joined = sending.boxed_local().shared();
        *flight = joined.downgrade();
        joined
    }
}

fn equal(one: &Request, other: &Request) -> bool {
    one.method == other.method
        && one.max_response == other.max_response
        && one.body == other.body
        && one.headers == other.headers
}
