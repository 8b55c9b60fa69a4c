//! Times as the config writes them.

use std::time::Duration;

/// `7d`, `90s`, `250ms`: a whole number of the largest unit that it is one of.
pub(super) fn duration(time: Duration) -> String {
    const UNITS: [(u128, &str); 4] =
        [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s")];
    let millis = time.as_millis();
    let whole = UNITS.iter().find(|(unit, _)| millis > 0 && millis.is_multiple_of(*unit));
    whole.map_or_else(|| format!("{millis}ms"), |(unit, name)| format!("{}{name}", millis / unit))
}

/// `60/min`
pub(super) fn rate(count: u32, per: Duration) -> String {
    match per.as_secs() {
        1 => format!("{count}/s"),
        60 => format!("{count}/min"),
        3600 => format!("{count}/h"),
        86_400 => format!("{count}/d"),
        _ => format!("{count} in {}", duration(per)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_in_the_config() {
        for (millis, text) in [
            (0, "0ms"),
            (250, "250ms"),
            (1500, "1500ms"),
            (3000, "3s"),
            (90_000, "90s"),
            (300_000, "5m"),
            (86_400_000, "1d"),
            (2_592_000_000, "30d"),
        ] {
            assert_eq!(duration(Duration::from_millis(millis)), text);
        }
        assert_eq!(rate(60, Duration::from_secs(60)), "60/min");
    }
}
