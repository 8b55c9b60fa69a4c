//! What the programs and templates of one request read.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use http::{HeaderName, HeaderValue};

use super::asked::Asked;
use super::cache::Parts;
use super::fan_out::{Items, Settled, Shared};
use super::gateway::Gateway;
use super::input::{Raw, Values};
use super::key::{self, Item};
use super::request::{Ongoing, Request};
use super::session::{By, Known};
use crate::cache::Tag;
use crate::cache::Tick;
use crate::idempotency::Hash;
use crate::identity::Identity;
use crate::jq::{Limits, Scope, Slot};
use crate::plan::{Call, Endpoint, slot};
use crate::session::Live;
use crate::telemetry::Trace;
use crate::value::{Members, SmolStr, Value};

/// One request after everything that can refuse it early: its input, and the answers of its calls as they come.
pub(super) struct Frame {
    pub(super) gateway: Rc<Gateway>,
    pub(super) endpoint: Arc<Endpoint>,
    pub(super) id: SmolStr,
    pub(super) trace: Trace,
    pub(super) identity: Option<Arc<Identity>>,
    /// The login session that it asks with, as it is now.
    login: Option<RefCell<Arc<Live>>>,
    pub(super) raw: Option<Raw>,
    /// Told when a call that changes something is sent.
    pub(super) ongoing: Rc<Ongoing>,
    /// Requests that other calls may share.
    pub(super) shared: Shared,
    /// Bytes of all answers so far: programs over more input may take more steps.
    pub(super) answered_bytes: Cell<usize>,
    /// All `allow` programs have said yes.
    pub(super) is_allowed: Cell<bool>,
    /// The moment before anything was asked for.
    pub(super) began: Tick,
    /// What the calls say of keeping the whole reply.
    pub(super) parts: RefCell<Parts>,
    /// Changes that were sent, but for those that were answered with an error: they were made, or may have been.
    pub(super) changes: Cell<usize>,
    /// What was revalidated before the reply.
    pub(super) revalidated: OnceCell<Vec<Tag>>,
    settled: Vec<OnceCell<Settled>>,
    items: Vec<Items>,
    input: [Value; 6],
    asked: Asked,
    about: OnceCell<Value>,
    told: OnceCell<[(HeaderName, HeaderValue); 2]>,
    /// What keys for upstreams are derived from.
    key: OnceCell<Hash>,
}

impl Frame {
    /// Takes what the stages before have found.
    pub(super) fn new(
        gateway: Rc<Gateway>,
        endpoint: Arc<Endpoint>,
        request: &Request,
        session: Option<Known>,
        input: Values,
    ) -> Rc<Self> {
        let (identity, session, by) = match session {
            Some(Known { identity, value, by }) => (Some(identity), value, Some(by)),
            None => (None, Value::Null, None),
        };
        let login = match by {
            Some(By::Login(live)) => Some(RefCell::new(live)),
            _ => None,
        };
        let Values { params, query, headers, cookies, body, raw } = input;
        Rc::new(Self {
            id: request.id.clone(),
            trace: request.trace.clone(),
            ongoing: Rc::clone(&request.ongoing),
            asked: Asked::of(request, &endpoint.frontend),
            settled: endpoint.calls.iter().map(|_| OnceCell::new()).collect(),
            input: [session, params, query, headers, cookies, body],
            items: endpoint.calls.iter().map(|_| Items::default()).collect(),
            shared: Shared::default(),
            is_allowed: Cell::new(false),
            began: gateway.cache.entries.tags.now(),
            parts: RefCell::default(),
            changes: Cell::new(0),
            revalidated: OnceCell::new(),
            answered_bytes: Cell::new(0),
            gateway,
            endpoint,
            identity,
            login,
            raw,
            about: OnceCell::new(),
            told: OnceCell::new(),
            key: OnceCell::new(),
        })
    }

    /// The request's id and its trace, as each upstream is told them.
    pub(super) fn told(&self) -> &[(HeaderName, HeaderValue)] {
        self.told.get_or_init(|| {
            // Both are hexadecimal, and so always are header values.
            let value = |text: &str| HeaderValue::from_str(text);
            let value = |text: &str| value(text).unwrap_or(HeaderValue::from_static(""));
            [
                (HeaderName::from_static("x-request-id"), value(&self.id)),
                (HeaderName::from_static("traceparent"), value(&self.trace.to_header())),
            ]
        })
    }

    /// The login session that it asks with, as it is now.
    pub(super) fn login(&self) -> Option<Arc<Live>> {
        self.login.as_ref().map(|live| Arc::clone(&live.borrow()))
    }

    /// The session was refreshed.
    pub(super) fn note_login(&self, live: &Arc<Live>) {
        if let Some(login) = &self.login
            && login.borrow().version < live.version
        {
            login.replace(Arc::clone(live));
        }
    }

    /// What the keys of calls are made of, where that is not the client's key.
    pub(super) fn derive_keys_from(&self, key: Hash) {
        let _ = self.key.set(key);
    }

    /// The key that a request of a call is sent with.
    pub(super) fn key_for(&self, call: &Call, item: Option<Item<'_>>) -> HeaderValue {
        let base = self.key.get_or_init(|| match self.asked.key() {
            Some(key) => key::bound(&self.endpoint, self.identity.as_deref(), &key),
            None => key::of_request(&self.id),
        });
        key::derived(base, &call.name, item)
    }

    /// The call of an index that the engine has made itself.
    pub(super) fn call(&self, index: usize) -> &Call {
        &self.endpoint.calls[index]
    }

    /// How a call has ended, once it has.
    pub(super) fn settled(&self, index: usize) -> Option<&Settled> {
        self.settled.get(index)?.get()
    }

    /// Notes how a call has ended. Only the first time counts.
    pub(super) fn settle(&self, index: usize, settled: Settled) {
        if let Some(cell) = self.settled.get(index) {
            let _ = cell.set(settled);
        }
    }

    /// The call that has failed, without which there is no reply, and the status of its answer.
    pub(super) fn fails_with(&self) -> Option<(&Call, u16)> {
        let mut calls = self.endpoint.calls.iter().zip(&self.settled);
        calls.find_map(|(call, cell)| Some((call, cell.get()?.fails_with(call)?)))
    }

    /// How far an `each` call of an index that the engine has made itself has come.
    pub(super) fn items(&self, index: usize) -> &Items {
        &self.items[index]
    }

    /// What a program may use: the plan's limits, and a step more per byte that it may read.
    pub(super) fn limits(&self) -> Limits {
        let limits = self.gateway.plan.limits.program;
        Limits { steps: limits.steps + self.answered_bytes.get() as u64, ..limits }
    }

    /// `$calls`: an object of the calls that have ended.
    fn calls(&self) -> Value {
        let mut members = Members::default();
        for (call, cell) in self.endpoint.calls.iter().zip(&self.settled) {
            if let Some(settled) = cell.get() {
                members.insert(call.name.clone(), settled.describe());
            }
        }
        Value::object(members)
    }
}

impl Scope for Frame {
    fn get(&self, slot: Slot) -> Value {
        match slot {
            slot::SESSION..=slot::BODY => self.input[usize::from(slot)].clone(),
            slot::REQUEST => self.about.get_or_init(|| self.asked.describe()).clone(),
            slot::CALLS => self.calls(),
            slot::FIRST_CALL.. => {
                let settled = self.settled(usize::from(slot - slot::FIRST_CALL));
                settled.map_or(Value::Null, |settled| settled.value.clone())
            }
            _ => Value::Null,
        }
    }
}

/// A scope and one variable more: `$item` inside `each`, `$error` in `details`.
pub(super) struct With<'a> {
    pub(super) scope: &'a dyn Scope,
    pub(super) slot: Slot,
    pub(super) value: &'a Value,
}

impl Scope for With<'_> {
    fn get(&self, slot: Slot) -> Value {
        if slot == self.slot { self.value.clone() } else { self.scope.get(slot) }
    }
}
