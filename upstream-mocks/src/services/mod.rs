//! The demo's services: what they know, and what they answer.

mod analytics;
mod clock;
mod id;
mod keys;
mod notifications;
mod orders;
mod payments;
mod posts;
mod seed;
mod stock;
mod token;
mod users;
mod web;

use serde_json::{Value, json};

pub use id::Provider;
pub(crate) use id::Settings;
pub(crate) use token::Issuer;
pub(crate) use web::Web;

use crate::wire::{Recorded, Reply};

/// A request's method, GET for HEAD too, and the decoded segments of its path.
pub(crate) type Asked<'a> = (&'a str, &'a [&'a str]);

/// A service's business: no keys, no faults, no sockets.
pub(crate) trait Service: Send + Sync {
    fn answer(&self, asked: Asked<'_>, request: &Recorded) -> Reply;
}

/// Every service that wants an API key, in the order of their ports.
pub(crate) fn all() -> Vec<(&'static str, Box<dyn Service>)> {
    vec![
        ("users", Box::new(users::Users::new())),
        ("analytics", Box::new(analytics::Analytics)),
        ("notifications", Box::new(notifications::Notifications::default())),
        ("posts", Box::new(posts::Posts::new())),
        ("orders", Box::new(orders::Orders::default())),
        ("payments", Box::new(payments::Payments::default())),
        ("stock", Box::new(stock::Stock)),
    ]
}

/// An answer as all services word their errors.
pub(crate) fn refuse(status: u16, message: &str) -> Reply {
    Reply::json(json!({"error": message})).with_status(status)
}

fn not_found() -> Reply {
    refuse(404, "there is no such thing here")
}

fn method_not_allowed() -> Reply {
    refuse(405, "not with this method")
}

fn created(value: Value) -> Reply {
    Reply::json(value).with_status(201)
}

/// One page of these, as `?page=` (from 1) and `?limit=` (20, at most 100) ask for.
fn page(request: &Recorded, all: &[Value]) -> Reply {
    let number = |name, default: usize| {
        request.query_value(name).and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let (page, limit) = (number("page", 1).max(1), number("limit", 20).clamp(1, 100));
    let items: Vec<_> = all.iter().skip((page - 1).saturating_mul(limit)).take(limit).collect();
    Reply::json(json!({"items": items, "total": all.len(), "page": page, "limit": limit}))
}

/// Text of a body's member; empty where there is none.
fn text<'a>(body: &'a Value, name: &str) -> &'a str {
    body[name].as_str().unwrap_or_default().trim()
}

#[cfg(test)]
mod tests;
