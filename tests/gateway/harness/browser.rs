//! A real browser.

use std::process::Output;

use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::provider::node;

/// Browsers need much of a machine, and its other tests go on meanwhile.
static BROWSERS: Semaphore = Semaphore::const_new(2);

/// What Chromium does in a scenario of `tests/browser/scenarios.mjs`, where the application is at this origin; or what
/// has gone wrong. `target/tmp` has the pictures.
pub async fn browse(scenario: &str, origin: &str) -> Result<Value, String> {
    let settings = json!({"origin": origin, "pictures": env!("CARGO_TARGET_TMPDIR")});
    let mut command = node("browser/browser.mjs");
    command.arg(scenario).arg(settings.to_string());
    let _turn = BROWSERS.acquire().await.expect("a turn");
    let run = tokio::task::spawn_blocking(move || command.output());
    let Output { status, stdout, stderr } =
        run.await.expect("it runs").expect("node is there: make tests/node_modules");
    match status.success() {
        true => Ok(serde_json::from_slice(&stdout).expect("JSON")),
        false => Err(String::from_utf8_lossy(&stderr).into_owned()),
    }
}
