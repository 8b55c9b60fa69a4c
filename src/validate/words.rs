//! What is wrong with a value, in words that a person would write. No word of the value itself is in them.

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use jsonschema::types::JsonType;
use serde_json::Value as Json;

use super::kinds::{Kinds, Type};

/// A mistake of a value, or of a member of it that is missing.
pub(super) struct Said {
    pub(super) message: String,
    pub(super) rule: &'static str,
    pub(super) member: Option<String>,
}

impl Said {
    pub(super) fn new(message: impl Into<String>, rule: &'static str) -> Self {
        Self { message: message.into(), rule, member: None }
    }

    /// Nothing else about the value needs to be said.
    pub(super) fn is_all(&self) -> bool {
        matches!(self.rule, "type" | "enum" | "const")
    }
}

/// What a validator found, in words.
pub(super) fn say(error: &ValidationError<'_>) -> Said {
    match error.kind() {
        Kind::Type { kind } => Said::new(format!("must be {}", kinds(kind).in_words()), "type"),
        Kind::Enum { options } => Said::new(one_of(options), "enum"),
        Kind::MinLength { limit: 1 } => Said::new("must not be empty", "minLength"),
        Kind::MinLength { limit } => Said::new(at_least(*limit, "character"), "minLength"),
        Kind::MaxLength { limit } => Said::new(at_most(*limit, "character"), "maxLength"),
        Kind::MinItems { limit } => Said::new(at_least(*limit, "item"), "minItems"),
        Kind::MaxItems { limit } => Said::new(at_most(*limit, "item"), "maxItems"),
        Kind::MinProperties { limit } => Said::new(at_least(*limit, "member"), "minProperties"),
        Kind::MaxProperties { limit } => Said::new(at_most(*limit, "member"), "maxProperties"),
        Kind::UniqueItems => Said::new("must not have the same item twice", "uniqueItems"),
        Kind::Pattern { .. } => Said::new("does not have the form that is expected", "pattern"),
        Kind::Format { format } => {
            Said::new(format!("must be {}", format_in_words(format)), "format")
        }
        Kind::Required { property } => Said {
            message: "is required".to_owned(),
            rule: "required",
            member: property.as_str().map(str::to_owned),
        },
        Kind::Custom { keyword, message } => Said::new(message.clone(), limit(keyword)),
        _ => Said::new("is not valid here", "schema"),
    }
}

/// "must be one of new, old"
fn one_of(options: &Json) -> String {
    let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut list: Vec<String> = options.iter().take(MOST_OPTIONS).map(shown).collect();
    if options.len() > MOST_OPTIONS {
        list.push(format!("… ({} in all)", options.len()));
    }
    format!("must be one of {}", list.join(", "))
}

/// More options than these are not listed.
const MOST_OPTIONS: usize = 25;

pub(super) fn shown(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

pub(super) fn at_least(limit: u64, what: &str) -> String {
    format!("must have at least {}", counted(limit, what))
}

fn at_most(limit: u64, what: &str) -> String {
    match limit {
        0 => "must be empty".to_owned(),
        _ => format!("must have at most {}", counted(limit, what)),
    }
}

fn counted(count: u64, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}

fn limit(keyword: &str) -> &'static str {
    super::limits::KEYWORDS.into_iter().find(|own| *own == keyword).unwrap_or("schema")
}

fn kinds(kind: &TypeKind) -> Kinds {
    let own = |kind: JsonType| match kind {
        JsonType::Null => Type::Null,
        JsonType::Boolean => Type::Boolean,
        JsonType::Integer => Type::Integer,
        JsonType::Number => Type::Number,
        JsonType::String => Type::String,
        JsonType::Array => Type::Array,
        JsonType::Object => Type::Object,
    };
    match kind {
        TypeKind::Single(kind) => Kinds::from_iter([own(*kind)]),
        TypeKind::Multiple(kinds) => kinds.iter().map(own).collect(),
    }
}

fn format_in_words(format: &str) -> &str {
    match format {
        "date" => "a date such as 2026-01-31",
        "date-time" => "a date and time such as 2026-01-31T12:00:00Z",
        "time" => "a time such as 12:00:00Z",
        "duration" => "a duration such as P3D or PT15M",
        "email" | "idn-email" => "an e-mail address",
        "hostname" | "idn-hostname" => "a host name",
        "ipv4" => "an IPv4 address",
        "ipv6" => "an IPv6 address",
        "uri" | "iri" => "an address such as https://example.com/",
        "uri-reference" | "iri-reference" => "an address or a path",
        "uri-template" => "a URI template",
        "uuid" => "a UUID",
        "json-pointer" => "a JSON pointer such as /a/b",
        "relative-json-pointer" => "a relative JSON pointer such as 1/a",
        "regex" => "a regular expression",
        _ => "of another form",
    }
}
