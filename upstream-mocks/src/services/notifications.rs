use std::collections::BTreeSet;
use std::sync::Mutex;

use serde_json::json;

use super::seed::Dice;
use super::{Asked, Service, method_not_allowed, not_found};
use crate::scripted::lock;
use crate::wire::{Recorded, Reply};

/// `/unread/{user}`: `GET` counts, `DELETE` marks all as read.
#[derive(Default)]
pub(super) struct Notifications {
    read: Mutex<BTreeSet<String>>,
}

impl Service for Notifications {
    fn answer(&self, asked: Asked<'_>, _: &Recorded) -> Reply {
        match asked {
            ("GET", ["unread", user]) => {
                let mut dice = Dice::named(user);
                let unread = if lock(&self.read).contains(*user) { 0 } else { 1 + dice.roll(40) };
                Reply::json(json!({
                    "user": user, "unread": unread, "mentions": unread / 4,
                    "latest": dice.moment(), "muted": false,
                }))
            }
            ("DELETE", ["unread", user]) => {
                lock(&self.read).insert((*user).to_owned());
                Reply::status(204)
            }
            (_, ["unread", _]) => method_not_allowed(),
            _ => not_found(),
        }
    }
}
