//! What the gateway says about itself. So far: the log.
//!
//! One line per event, as JSON with flat members or as text for people. Nothing that comes from outside can start a line
//! of its own or move a terminal's cursor, and no line holds a secret: callers never pass one.

mod access;
mod level;
mod line;
mod output;
#[cfg(test)]
mod tests;
mod text;
mod trace;

use std::io::Write;

use tracing_subscriber::layer::{Layer, SubscriberExt};

pub use access::{Access, access};
pub use level::check_level;
pub use output::Guard;
pub use trace::Trace;

/// How log lines look: `[telemetry] log`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// `Pretty` on a terminal, `Json` elsewhere.
    #[default]
    Auto,
    /// For people.
    Pretty,
    /// For programs: one object per line.
    Json,
}

/// Starts the log of this process. `output` is written to by a thread of its own; the guard, when dropped, waits for the
/// last line.
///
/// `level` is a level, and levels for single targets: `info,frontdesk::upstream=debug`.
///
/// # Errors
/// What [`check_level`] says; or that there is a log already, or no thread to be had.
pub fn init(
    format: Format,
    level: &str,
    is_terminal: bool,
    output: impl Write + Send + 'static,
) -> Result<Guard, String> {
    let levels = level::targets(level)?;
    let json = match format {
        Format::Auto => !is_terminal,
        Format::Pretty => false,
        Format::Json => true,
    };
    let (lines, guard) = output::start(output).map_err(|error| format!("no log: {error}"))?;
    let line = line::Line { json, colours: is_terminal && !json };
    let subscriber = tracing_subscriber::registry().with(line.layer(lines).with_filter(levels));
    tracing::subscriber::set_global_default(subscriber).map_err(|error| error.to_string())?;
    Ok(guard)
}
