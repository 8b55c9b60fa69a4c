//! What the providers make that nobody else may see.

use std::sync::OnceLock;

static TOLD: OnceLock<Told> = OnceLock::new();

type Told = fn(kind: &'static str, text: &str);

/// From now on, each code and token that a provider of this process makes is told before it goes out. Only the first to
/// ask for it is told.
pub fn on_secret(told: fn(kind: &'static str, text: &str)) {
    let _ = TOLD.set(told);
}

pub(crate) fn tell(kind: &'static str, text: &str) {
    if let Some(told) = TOLD.get() {
        told(kind, text);
    }
}
