use serde_json::json;

use super::seed::Dice;
use super::{Asked, Service, method_not_allowed, not_found};
use crate::wire::{Recorded, Reply};

/// `GET /stats/{user}?days=30`: about 1 KB for 30 days.
pub(super) struct Analytics;

impl Service for Analytics {
    fn answer(&self, asked: Asked<'_>, request: &Recorded) -> Reply {
        match asked {
            ("GET", ["stats", user]) => statistics(request, user),
            (_, ["stats", _]) => method_not_allowed(),
            _ => not_found(),
        }
    }
}

fn statistics(request: &Recorded, user: &str) -> Reply {
    let days = request.query_value("days").and_then(|days| days.parse().ok());
    let days: u64 = days.unwrap_or(30).clamp(1, 366);
    let mut dice = Dice::named(user);
    let daily: Vec<_> = (0..days).map(|_| (100 + dice.roll(400), 20 + dice.roll(60))).collect();
    let views: u64 = daily.iter().map(|(views, _)| views).sum();
    let visitors: u64 = daily.iter().map(|(_, visitors)| visitors).sum();
    let series = daily
        .iter()
        .enumerate()
        .map(|(day, (views, visitors))| json!({"day": day, "views": views, "new": visitors}));
    Reply::json(json!({
        "user": user, "days": days, "views": views, "visitors": visitors,
        "bounce_rate": 0.37, "series": series.collect::<Vec<_>>(),
    }))
}
