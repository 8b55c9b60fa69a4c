//! The types that a plain value can have, and how each is written.

use std::time::Duration;

use super::gateway::{Rate, Size};
use super::plain::Value;
use super::route::Ttl;
use super::units;

/// A type that a plain value can have.
pub trait Literal: Sized {
    /// What it is called: "expected a duration, found an integer".
    const EXPECTED: &'static str;

    /// The value where it is written without quotes; `None` where it is of another kind.
    fn literal(value: &Value) -> Option<Self>;

    /// The value of a text that holds no reference to a secret any more.
    ///
    /// # Errors
    /// What is wrong about it, without the text itself, and how to mend it.
    fn parse(text: &str) -> Result<Self, (String, Option<String>)>;

    /// Whether it is written as a text even where it holds no reference.
    const TEXT: bool;
}

impl Literal for String {
    const EXPECTED: &'static str = "text";
    const TEXT: bool = true;

    fn literal(_: &Value) -> Option<Self> {
        None
    }

    fn parse(text: &str) -> Result<Self, (String, Option<String>)> {
        Ok(text.to_owned())
    }
}

impl Literal for u64 {
    const EXPECTED: &'static str = "a whole number of 0 or more";
    const TEXT: bool = false;

    fn literal(value: &Value) -> Option<Self> {
        match value {
            Value::Integer(integer) => Self::try_from(*integer).ok(),
            _ => None,
        }
    }

    fn parse(text: &str) -> Result<Self, (String, Option<String>)> {
        text.parse().map_err(|_| not(Self::EXPECTED))
    }
}

impl Literal for f64 {
    const EXPECTED: &'static str = "a number";
    const TEXT: bool = false;

    fn literal(value: &Value) -> Option<Self> {
        match value {
            Value::Float(float) => Some(*float),
            Value::Integer(integer) => Some(*integer as Self),
            _ => None,
        }
    }

    fn parse(text: &str) -> Result<Self, (String, Option<String>)> {
        let number = text.parse().ok().filter(|number: &Self| number.is_finite());
        number.ok_or_else(|| not(Self::EXPECTED))
    }
}

impl Literal for bool {
    const EXPECTED: &'static str = "`true` or `false`";
    const TEXT: bool = false;

    fn literal(value: &Value) -> Option<Self> {
        match value {
            Value::Boolean(boolean) => Some(*boolean),
            _ => None,
        }
    }

    fn parse(text: &str) -> Result<Self, (String, Option<String>)> {
        text.parse().map_err(|_| not(Self::EXPECTED))
    }
}

impl Literal for Duration {
    const EXPECTED: &'static str = "a duration such as \"3s\"";
    const TEXT: bool = true;

    fn literal(_: &Value) -> Option<Self> {
        None
    }

    fn parse(text: &str) -> Result<Self, (String, Option<String>)> {
        let help = "a whole number and one unit: \"250ms\", \"3s\", \"5m\", \"12h\" or \"7d\"";
        units::duration(text).ok_or_else(|| ("this is not a duration".into(), Some(help.into())))
    }
}

impl Literal for Ttl {
    const EXPECTED: &'static str = "a duration such as \"30s\", or \"upstream\"";
    const TEXT: bool = true;

    fn literal(_: &Value) -> Option<Self> {
        None
    }

    fn parse(text: &str) -> Result<Self, (String, Option<String>)> {
        if text == "upstream" {
            return Ok(Self::Upstream);
        }
        let help = "a whole number and one unit, such as \"30s\" or \"5m\", or \"upstream\"";
        let wrong = || ("this is not a duration".into(), Some(help.into()));
        units::duration(text).map(Self::Fixed).ok_or_else(wrong)
    }
}

impl Literal for Size {
    const EXPECTED: &'static str = "a size such as \"64KiB\"";
    const TEXT: bool = true;

    fn literal(_: &Value) -> Option<Self> {
        None
    }

    fn parse(text: &str) -> Result<Self, (String, Option<String>)> {
        let help = "a whole number and one unit: \"64KiB\", \"1MiB\", \"500KB\" or \"2MB\"";
        units::size(text).ok_or_else(|| ("this is not a size".into(), Some(help.into())))
    }
}

impl Literal for Rate {
    const EXPECTED: &'static str = "a rate such as \"60/min\"";
    const TEXT: bool = true;

    fn literal(_: &Value) -> Option<Self> {
        None
    }

    fn parse(text: &str) -> Result<Self, (String, Option<String>)> {
        let help = "a whole number and one unit: \"10/s\", \"60/min\", \"1000/h\" or \"5000/d\"";
        units::rate(text).ok_or_else(|| ("this is not a rate".into(), Some(help.into())))
    }
}

fn not(expected: &str) -> (String, Option<String>) {
    (format!("this is not {expected}"), None)
}
