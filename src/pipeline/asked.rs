//! `$request`: what programs see of a request itself.

use std::net::IpAddr;
use std::rc::Rc;

use http::Method;

use super::key;
use super::request::{Head, Request};
use crate::value::{SmolStr, Value};

/// What `$request` is made of, where a program reads it.
pub(super) struct Asked {
    id: SmolStr,
    method: Method,
    head: Rc<dyn Head>,
    client: Option<IpAddr>,
    frontend: SmolStr,
}

impl Asked {
    /// What there is of it. The client's address is known by now.
    pub(super) fn of(request: &Request, frontend: &SmolStr) -> Self {
        Self {
            id: request.id.clone(),
            method: request.method.clone(),
            head: Rc::clone(&request.head),
            client: request.client,
            frontend: frontend.clone(),
        }
    }

    /// The client's idempotency key, if it has sent one.
    pub(super) fn key(&self) -> Option<String> {
        key::of_client(&*self.head).ok().flatten()
    }

    /// `{id, method, path, ip, host, frontend, idempotency_key}`
    pub(super) fn describe(&self) -> Value {
        let text = |text: &str| Value::Str(SmolStr::new(text));
        let key = self.key();
        let frontend = match self.frontend.is_empty() {
            true => Value::Null,
            false => Value::Str(self.frontend.clone()),
        };
        let members = [
            ("id", Value::Str(self.id.clone())),
            ("method", text(self.method.as_str())),
            ("path", text(self.head.path())),
            ("ip", self.client.map_or(Value::Null, |ip| text(&ip.to_string()))),
            ("host", text(self.head.host())),
            ("frontend", frontend),
            ("idempotency_key", key.as_deref().map_or(Value::Null, text)),
        ];
        Value::object(
            members.map(|(name, value)| (SmolStr::new_static(name), value)).into_iter().collect(),
        )
    }
}
