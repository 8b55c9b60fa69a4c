//! The keywords that compare numbers, exact for numbers of any size.

use std::cmp::Ordering;

use jsonschema::paths::Location;
use jsonschema::{Keyword, ValidationError, ValidationOptions};
use serde_json::{Map, Value as Json};

use super::decimal::Decimal;
use super::instance::Ours;
use super::same;
use super::words::shown;
use crate::value::{Num, Value};

/// The keywords that compare numbers. (`enum` asks [`Ours`].)
pub(super) const KEYWORDS: [&str; 6] =
    ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "const"];

/// Has a validator compare numbers as these do.
pub(super) fn exact<R>(options: ValidationOptions<'_, R, Ours>) -> ValidationOptions<'_, R, Ours> {
    KEYWORDS.into_iter().fold(options, |options, keyword| {
        options.with_keyword(keyword, move |_: &Map<String, Json>, limit: &Json, _: Location| {
            Ok(match keyword {
                "const" => Box::new(Constant(limit.clone())) as Box<dyn for<'i> Keyword<'i, Ours>>,
                _ => Box::new(Limit::of(keyword, limit)),
            })
        })
    })
}

struct Limit {
    rule: fn(Ordering) -> bool,
    is_divisor: bool,
    small: Option<isize>,
    exact: Decimal,
    words: String,
}

impl Limit {
    fn of(keyword: &str, limit: &Json) -> Self {
        let (rule, words): (fn(Ordering) -> bool, _) = match keyword {
            "minimum" => (Ordering::is_ge, "at least"),
            "maximum" => (Ordering::is_le, "at most"),
            "exclusiveMinimum" => (Ordering::is_gt, "more than"),
            "exclusiveMaximum" => (Ordering::is_lt, "less than"),
            _ => (Ordering::is_eq, "a multiple of"),
        };
        let text = limit.to_string();
        Self {
            rule,
            is_divisor: keyword == "multipleOf",
            small: limit.as_i64().and_then(|limit| isize::try_from(limit).ok()),
            exact: Decimal::parse(&text),
            words: format!("must be {words} {}", text.strip_suffix(".0").unwrap_or(&text)),
        }
    }

    fn holds(&self, number: &Num) -> bool {
        match (number, self.small) {
            (Num::Int(number), Some(divisor)) if self.is_divisor => {
                number.checked_rem(divisor) == Some(0)
            }
            (Num::Int(number), Some(limit)) => (self.rule)(number.cmp(&limit)),
            _ => match Decimal::of(number) {
                Some(number) if self.is_divisor => number.is_multiple_of(&self.exact),
                Some(number) => (self.rule)(number.cmp(&self.exact)),
                None => false,
            },
        }
    }
}

impl<'i> Keyword<'i, Ours> for Limit {
    fn validate(&self, value: &'i Value) -> Result<(), ValidationError<'i>> {
        if Keyword::<Ours>::is_valid(self, value) {
            return Ok(());
        }
        Err(ValidationError::custom(self.words.clone()))
    }

    fn is_valid(&self, value: &'i Value) -> bool {
        match value {
            Value::Num(number) => self.holds(number),
            _ => true,
        }
    }
}

struct Constant(Json);

impl<'i> Keyword<'i, Ours> for Constant {
    fn validate(&self, value: &'i Value) -> Result<(), ValidationError<'i>> {
        if Keyword::<Ours>::is_valid(self, value) {
            return Ok(());
        }
        Err(ValidationError::custom(format!("must be {}", shown(&self.0))))
    }

    fn is_valid(&self, value: &'i Value) -> bool {
        same::equal(value, &self.0)
    }
}
