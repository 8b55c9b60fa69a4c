//! Numbers as they are written, digit by digit: compared and divided without rounding.

use std::cmp::Ordering;

use crate::value::{Num, float_of};

/// The number `digits` × 10^`exponent`. No digits are zero; the first and the last digit are not 0.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Decimal {
    negative: bool,
    digits: Vec<u8>,
    exponent: i64,
}

/// Exponents beyond this are cut to it, so that sums of them fit: nobody can write as many digits as would matter.
const FARTHEST: i64 = i64::MAX / 4;

impl Decimal {
    /// The exact value; none for what is not finite.
    pub(super) fn of(number: &Num) -> Option<Self> {
        match number {
            Num::Int(integer) => Some(Self::parse(&integer.to_string())),
            Num::BigInt(integer) => Some(Self::parse(&integer.to_string())),
            Num::Float(float) if float.is_finite() => Some(Self::parse(&format!("{float:e}"))),
            Num::Float(_) => None,
            Num::Dec(text) => Some(Self::parse(text)),
        }
    }

    /// The value of a number as JSON writes it.
    pub(super) fn parse(text: &str) -> Self {
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let negative = mantissa.starts_with('-');
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = whole.bytes().chain(fraction.bytes()).filter(u8::is_ascii_digit);
        let mut digits: Vec<u8> = all.skip_while(|digit| *digit == b'0').collect();
        let written = digits.len();
        digits.truncate(digits.iter().rposition(|digit| *digit != b'0').map_or(0, |at| at + 1));
        if digits.is_empty() {
            return Self { negative: false, digits, exponent: 0 };
        }
        let dropped = (written - digits.len()) as i64 - fraction.len() as i64;
        Self { negative, digits, exponent: power(exponent) + dropped }
    }

    /// Whether there is nothing behind the point.
    pub(super) fn is_whole(&self) -> bool {
        self.digits.is_empty() || self.exponent >= 0
    }

    /// Whether it is `other` times a whole number.
    pub(super) fn is_multiple_of(&self, other: &Self) -> bool {
        if self.digits.is_empty() {
            return true;
        }
        let Ok(divisor) = std::str::from_utf8(&other.digits).unwrap_or_default().parse::<u64>()
        else {
            return false;
        };
        // The digits do not end in 0, so that no power of ten divides them.
        let Ok(shift) = u64::try_from(self.exponent - other.exponent) else { return false };
        if divisor == 0 {
            return false;
        }
        let divisor = u128::from(divisor);
        let append = |rest: u128, digit: &u8| (rest * 10 + u128::from(digit - b'0')) % divisor;
        let rest = self.digits.iter().fold(0, append);
        (rest * power_of_ten(shift, divisor)).is_multiple_of(divisor)
    }

    /// How far the first digit stands from the point.
    fn magnitude(&self) -> i64 {
        self.digits.len() as i64 + self.exponent
    }

    fn cmp_size(&self, other: &Self) -> Ordering {
        match (self.digits.is_empty(), other.digits.is_empty()) {
            (false, false) => {
                let sizes = self.magnitude().cmp(&other.magnitude());
                sizes.then_with(|| self.digits.cmp(&other.digits))
            }
            (ours, theirs) => theirs.cmp(&ours),
        }
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, false) => self.cmp_size(other),
            (true, true) => other.cmp_size(self),
            (ours, theirs) => theirs.cmp(&ours),
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Whether it counts as an integer: `2.0` does (JSON Schema 2020-12, validation §6.1.1). What is written with an exponent
/// that no float can hold does not: who reads it as an integer would get no number at all.
pub(super) fn is_whole(number: &Num) -> bool {
    match number {
        Num::Int(_) | Num::BigInt(_) => true,
        number => {
            let exact = Decimal::of(number).is_some_and(|number| number.is_whole());
            exact && float_of(number).is_finite()
        }
    }
}

fn power(text: &str) -> i64 {
    let farthest = if text.starts_with('-') { -FARTHEST } else { FARTHEST };
    let power = text.strip_prefix('+').unwrap_or(text).parse().unwrap_or(farthest);
    power.clamp(-FARTHEST, FARTHEST)
}

fn power_of_ten(mut exponent: u64, divisor: u128) -> u128 {
    let (mut result, mut base) = (1 % divisor, 10 % divisor);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = result * base % divisor;
        }
        base = base * base % divisor;
        exponent >>= 1;
    }
    result
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text)
    }

    #[test]
    fn no_digit_is_lost() {
        assert_eq!(decimal("1.10"), decimal("11e-1"));
        assert_eq!(decimal("-0.0"), decimal("0"));
        assert_eq!(decimal("100"), decimal("1E+2"));
        assert!(decimal("0.30000000000000000001") > decimal("0.3"));
        assert!(decimal("9007199254740993") > decimal("9007199254740992.9"));
        assert!(decimal("1e400") > decimal("1e399"));
        assert!(decimal("-1e400") < decimal("-1e399"));
        assert!(decimal("1e99999999999999999999") > decimal("1e400"));
        assert!(decimal("1e-99999999999999999999") > decimal("0"));
        assert!(decimal("-1") < decimal("0") && decimal("0") < decimal("0.1"));
    }

    #[test]
    fn whole_and_multiple_are_exact() {
        assert!(decimal("2.0").is_whole() && decimal("1e400").is_whole());
        assert!(!decimal("9007199254740993.5").is_whole() && !decimal("1e-400").is_whole());
        for (number, of, is) in [
            ("0.3", "0.1", true),
            ("19.99", "0.01", true),
            ("19.999", "0.01", false),
            ("123456789012345678901234567890", "7", true),
            ("123456789012345678901234567888", "7", false),
            ("1e1000000000000", "7", false),
            ("0", "7", true),
            ("-14", "7", true),
            ("4.5", "1.5", true),
        ] {
            assert_eq!(decimal(number).is_multiple_of(&decimal(of)), is, "{number} {of}");
        }
    }

    proptest! {
        #[test]
        fn they_are_ordered_as_integers_are(a: i128, b: i128) {
            prop_assert_eq!(decimal(&a.to_string()).cmp(&decimal(&b.to_string())), a.cmp(&b));
        }

        #[test]
        fn any_text_is_taken(text: String) {
            let any = decimal(&text);
            prop_assert_eq!(any.cmp(&any), Ordering::Equal);
        }
    }
}
