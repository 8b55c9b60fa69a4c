use serde_json::{Value, json};

use super::{Asked, Service, method_not_allowed, not_found};
use crate::wire::{Recorded, Reply};

/// `/items` and `/items/{sku}`: what there is, and what it costs, in cents.
pub(super) struct Stock;

impl Service for Stock {
    fn answer(&self, asked: Asked<'_>, request: &Recorded) -> Reply {
        match asked {
            ("GET", ["items"]) => super::page(request, &items()),
            ("GET", ["items", sku]) => {
                let item = items().into_iter().find(|item| item["sku"] == *sku);
                item.map_or_else(not_found, Reply::json)
            }
            (_, ["items"] | ["items", _]) => method_not_allowed(),
            _ => not_found(),
        }
    }
}

fn items() -> Vec<Value> {
    let item = |sku: &str, name: &str, price: u64, available: u64| json!({"sku": sku, "name": name, "price": price, "currency": "EUR", "available": available});
    vec![
        item("mug", "A mug", 1290, 40),
        item("shirt", "A shirt", 2490, 12),
        item("poster", "A poster, sold out", 990, 0),
    ]
}
