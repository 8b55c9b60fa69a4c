//! Durations, sizes and rates.

use std::time::Duration;

use super::gateway::{Rate, Size};

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

/// `"10/s"`, `"60/min"`, `"1000/h"`, `"5000/d"`: a whole number and one unit.
pub(super) fn rate(text: &str) -> Option<Rate> {
    let (number, unit) = number_and_unit(text)?;
    let seconds = match unit {
        "/s" => 1,
        "/min" => 60,
        "/h" => 3600,
        "/d" => 86_400,
        _ => return None,
    };
    Some(Rate { count: number, per: Duration::from_secs(seconds) })
}

fn number_and_unit(text: &str) -> Option<(u64, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    Some((number.parse().ok()?, unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let millis = |text: &str| duration(text).map(|found| found.as_millis());
        assert_eq!(millis("250ms"), Some(250));
        assert_eq!(millis("3s"), Some(3000));
        assert_eq!(millis("5m"), Some(300_000));
        assert_eq!(millis("12h"), Some(43_200_000));
        assert_eq!(millis("7d"), Some(604_800_000));
        assert_eq!(millis("0s"), Some(0));
        for bad in ["", "3", "s", "1.5s", "1h30m", "-1s", "+1s", "1 s", " 1s", "1S", "1us", "٣s"] {
            assert_eq!(millis(bad), None, "{bad}");
        }
        assert_eq!(millis("999999999999999999d"), None);
    }

    #[test]
    fn rates() {
        let seconds = |text: &str| rate(text).map(|found| (found.count, found.per.as_secs()));
        assert_eq!(seconds("10/s"), Some((10, 1)));
        assert_eq!(seconds("60/min"), Some((60, 60)));
        assert_eq!(seconds("1000/h"), Some((1000, 3600)));
        assert_eq!(seconds("5000/d"), Some((5000, 86_400)));
        for bad in ["", "10", "/s", "10/m", "10 / s", "1.5/s", "-1/s", "10/5s", "10/S", "10s"] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }

    #[test]
    fn sizes() {
        assert_eq!(size("64KiB"), Some(Size(65536)));
        assert_eq!(size("1MiB"), Some(Size(1_048_576)));
        assert_eq!(size("10KB"), Some(Size(10_000)));
        assert_eq!(size("2MB"), Some(Size(2_000_000)));
        for bad in ["", "1", "1B", "1kb", "1 KB", "1.5MB", "-1KB", "99999999999999MiB"] {
            assert_eq!(size(bad), None, "{bad}");
        }
    }
}
