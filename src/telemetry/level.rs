//! `[telemetry] level`.

use tracing_subscriber::filter::{LevelFilter, Targets};

/// Whether a text is a list of levels; the error is for whoever wrote the config.
///
/// # Errors
/// What is wrong and what would be right.
pub fn check_level(text: &str) -> Result<(), String> {
    targets(text).map(|_| ())
}

/// Stricter than the library, which takes a misspelt level for the name of a target, and then logs nothing else.
pub(super) fn targets(text: &str) -> Result<Targets, String> {
    // The one calls a client's malformed request an error of ours, which has an access line; the other tells of its threads.
    let mut targets = Targets::new()
        .with_target("actix_http", LevelFilter::OFF)
        .with_target("actix_server", LevelFilter::WARN);
    for part in text.split(',').map(str::trim) {
        targets = match part.split_once('=') {
            None => targets.with_default(level(part)?),
            Some((target, name)) if is_path(target.trim()) => {
                targets.with_target(target.trim(), level(name.trim())?)
            }
            Some((target, _)) => return Err(format!("`{target}` is not the name of a module")),
        };
    }
    Ok(targets)
}

fn level(name: &str) -> Result<LevelFilter, String> {
    let known = LEVELS.iter().find(|(known, _)| *known == name);
    known.map(|(_, level)| *level).ok_or_else(|| {
        let names = LEVELS.map(|(known, _)| format!("`{known}`")).join(", ");
        format!("`{name}` is not a level; there are {names}, and `module=level` for one module")
    })
}

fn is_path(text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.split("::").all(|part| !part.is_empty() && part.chars().all(is_word))
}

const LEVELS: [(&str, LevelFilter); 6] = [
    ("off", LevelFilter::OFF),
    ("error", LevelFilter::ERROR),
    ("warn", LevelFilter::WARN),
    ("info", LevelFilter::INFO),
    ("debug", LevelFilter::DEBUG),
    ("trace", LevelFilter::TRACE),
];

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn the_nearest_target_decides() {
        let targets = targets("info, frontdesk::upstream=debug,h2=off").unwrap();
        assert!(targets.would_enable("frontdesk::pipeline", &Level::INFO));
        assert!(!targets.would_enable("frontdesk::pipeline", &Level::DEBUG));
        assert!(targets.would_enable("frontdesk::upstream::pool", &Level::DEBUG));
        assert!(!targets.would_enable("h2", &Level::ERROR));
        assert!(!targets.would_enable("actix_http::h1", &Level::ERROR));
    }

    #[test]
    fn what_is_not_a_level_is_told() {
        insta::assert_snapshot!(check_level("inof").unwrap_err(), @"`inof` is not a level; there are `off`, `error`, `warn`, `info`, `debug`, `trace`, and `module=level` for one module");
        for text in ["", "INFO", "info,", "frontdesk=", "=debug", "a b=info", "[span]=info", "1"] {
            assert!(check_level(text).is_err(), "{text}");
        }
    }
}
