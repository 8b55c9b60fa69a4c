use std::sync::Mutex;

use serde_json::{Value, json};

use super::{Asked, Service, created, method_not_allowed, not_found, refuse, text};
use crate::scripted::lock;
use crate::wire::{Recorded, Reply};

/// `POST /charges`: the card `card_declined` is declined with 402. `GET /charges/{id}`.
#[derive(Default)]
pub(super) struct Payments(Mutex<Vec<Value>>);

impl Service for Payments {
    fn answer(&self, asked: Asked<'_>, request: &Recorded) -> Reply {
        match asked {
            ("POST", ["charges"]) => self.charge(&request.json()),
            ("GET", ["charges", id]) => {
                let charge = lock(&self.0).iter().find(|charge| charge["id"] == *id).cloned();
                charge.map_or_else(not_found, Reply::json)
            }
            (_, ["charges"] | ["charges", _]) => method_not_allowed(),
            _ => not_found(),
        }
    }
}

impl Payments {
    fn charge(&self, body: &Value) -> Reply {
        if body["amount"].as_u64().unwrap_or(0) == 0 || text(body, "card").is_empty() {
            return refuse(422, "a charge has an amount and a card");
        }
        if body["card"] == "card_declined" {
            let refusal = json!({"error": "card declined", "reason": "insufficient_funds"});
            return Reply::json(refusal).with_status(402);
        }
        let mut charges = lock(&self.0);
        let charge = json!({
            "id": format!("ch{}", charges.len() + 1), "status": "paid",
            "amount": body["amount"], "currency": body["currency"],
        });
        charges.push(charge.clone());
        created(charge)
    }
}
