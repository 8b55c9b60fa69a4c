use std::sync::Mutex;

use serde_json::{Value, json};

use super::{Asked, Service, created, method_not_allowed, not_found, page, refuse, text};
use crate::scripted::lock;
use crate::wire::{Recorded, Reply};

/// `/orders?user=` and `/orders/{id}`; an order is for a charge that was paid.
#[derive(Default)]
pub(super) struct Orders(Mutex<Vec<Value>>);

impl Service for Orders {
    fn answer(&self, asked: Asked<'_>, request: &Recorded) -> Reply {
        let mut orders = lock(&self.0);
        match asked {
            ("POST", ["orders"]) => order(&mut orders, request),
            ("GET", ["orders"]) => {
                let user = request.query_value("user");
                let of_user = |order: &&Value| user.as_deref().is_none_or(|x| order["user"] == x);
                page(request, &orders.iter().filter(of_user).cloned().collect::<Vec<_>>())
            }
            ("GET", ["orders", id]) => {
                let order = orders.iter().find(|order| order["id"] == *id).cloned();
                order.map_or_else(not_found, Reply::json)
            }
            (_, ["orders"] | ["orders", _]) => method_not_allowed(),
            _ => not_found(),
        }
    }
}

fn order(orders: &mut Vec<Value>, request: &Recorded) -> Reply {
    let body = request.json();
    if text(&body, "charge").is_empty() || text(&body, "sku").is_empty() {
        return refuse(422, "an order has a charge and a sku");
    }
    let order = json!({
        "id": format!("o{}", orders.len() + 1), "user": request.header("x-user-id"),
        "sku": body["sku"], "quantity": body["quantity"], "charge": body["charge"],
        "status": "accepted", "created_at": "2026-11-20T12:00:00Z",
    });
    orders.push(order.clone());
    created(order)
}
