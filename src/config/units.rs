//! Durations and sizes.

use std::time::Duration;

use super::gateway::Size;

/// `"250ms"`, `"3s"`, `"5m"`, `"12h"`, `"7d"`: a whole number and one unit.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = number_and_unit(text)?;
    let millis = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.checked_mul(millis).map(Duration::from_millis)
}

/// `"64KiB"`, `"1MiB"`, `"10KB"`, `"2MB"`: a whole number and one unit.
pub(super) fn size(text: &str) -> Option<Size> {
    let (number, unit) = number_and_unit(text)?;
    let bytes = match unit {
        "KB" => 1000,
        "MB" => 1_000_000,
        "KiB" => 1024,
        "MiB" => 1024 * 1024,
        _ => return None,
    };
    number.checked_mul(bytes).map(Size)
}

fn number_and_unit(text: &str) -> Option<(u64, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    Some((number.parse().ok()?, unit))
}
