use super::{Asked, Service, method_not_allowed, not_found};
use crate::wire::{Recorded, Reply};

/// Plays the frontend's own server: the page of the demo, its program, its style.
pub(crate) struct Web;

impl Service for Web {
    fn answer(&self, asked: Asked<'_>, _: &Recorded) -> Reply {
        let (kind, text) = match asked {
            ("GET", []) => ("text/html; charset=utf-8", include_str!("index.html")),
            ("GET", ["app.js"]) => ("text/javascript; charset=utf-8", include_str!("app.js")),
            ("GET", ["app.css"]) => ("text/css; charset=utf-8", include_str!("app.css")),
            (_, [] | ["app.js" | "app.css"]) => return method_not_allowed(),
            _ => return not_found(),
        };
        Reply::text(text).header("content-type", kind)
    }
}
