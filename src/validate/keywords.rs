//! The keywords of a schema, and what may stand in each.

use serde_json::Value as Json;

/// What stands in a keyword.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A type or a list of them.
    Types,
    /// Any value.
    Any,
    /// A list of values.
    Values,
    /// A number.
    Number,
    /// A number above 0.
    Positive,
    /// A whole number of 0 or more.
    Count,
    /// `true` or `false`
    Flag,
    /// Text.
    Text,
    /// A regular expression.
    Pattern,
    /// The name of a format.
    Format,
    /// A list of names.
    Names,
    /// Lists of names, by name.
    NamesByName,
    /// `strip`, `refuse` or `keep`
    Additional,
    /// A schema.
    Schema,
    /// A list of schemas.
    Schemas,
    /// Schemas by name.
    ByName,
    /// Schemas by pattern.
    ByPattern,
}

/// Every keyword that means something here. `additional`, `trim`, `lowercase` and `clamp` are ours.
pub(super) const KEYWORDS: [(&str, Form); 51] = [
    ("type", Form::Types),
    ("enum", Form::Values),
    ("const", Form::Any),
    ("default", Form::Any),
    ("minimum", Form::Number),
    ("maximum", Form::Number),
    ("exclusiveMinimum", Form::Number),
    ("exclusiveMaximum", Form::Number),
    ("multipleOf", Form::Positive),
    ("minLength", Form::Count),
    ("maxLength", Form::Count),
    ("pattern", Form::Pattern),
    ("format", Form::Format),
    ("required", Form::Names),
    ("properties", Form::ByName),
    ("patternProperties", Form::ByPattern),
    ("additionalProperties", Form::Schema),
    ("unevaluatedProperties", Form::Schema),
    ("propertyNames", Form::Schema),
    ("minProperties", Form::Count),
    ("maxProperties", Form::Count),
    ("dependentRequired", Form::NamesByName),
    ("dependentSchemas", Form::ByName),
    ("items", Form::Schema),
    ("prefixItems", Form::Schemas),
    ("unevaluatedItems", Form::Schema),
    ("contains", Form::Schema),
    ("minContains", Form::Count),
    ("maxContains", Form::Count),
    ("minItems", Form::Count),
    ("maxItems", Form::Count),
    ("uniqueItems", Form::Flag),
    ("allOf", Form::Schemas),
    ("anyOf", Form::Schemas),
    ("oneOf", Form::Schemas),
    ("not", Form::Schema),
    ("if", Form::Schema),
    ("then", Form::Schema),
    ("else", Form::Schema),
    ("$ref", Form::Text),
    ("$defs", Form::ByName),
    ("definitions", Form::ByName),
    ("$anchor", Form::Text),
    ("additional", Form::Additional),
    ("trim", Form::Flag),
    ("lowercase", Form::Flag),
    ("clamp", Form::Flag),
    ("contentEncoding", Form::Text),
    ("contentMediaType", Form::Text),
    ("contentSchema", Form::Schema),
    ("$comment", Form::Text),
];

/// Keywords that only tell something.
const ANNOTATIONS: [&str; 9] = [
    "title",
    "description",
    "examples",
    "example",
    "deprecated",
    "readOnly",
    "writeOnly",
    "$schema",
    "$id",
];

/// Keywords of other drafts and dialects, and what stands for them here.
const OTHERS: [(&str, &str); 11] = [
    ("$dynamicRef", "write `$ref`: only what stands in the schema itself is referred to"),
    ("$dynamicAnchor", "write `$anchor` or a place under `$defs`"),
    ("$recursiveRef", "write `$ref = \"#\"`"),
    ("$recursiveAnchor", "write `$anchor` or a place under `$defs`"),
    ("$vocabulary", "only schemas are read here, not dialects"),
    ("additionalItems", "write `prefixItems` for the first items, and `items` for the others"),
    ("dependencies", "write `dependentRequired` or `dependentSchemas`"),
    ("nullable", "write `type = [\"string\", \"null\"]`"),
    ("id", "write `$id`, which only tells something"),
    ("divisibleBy", "write `multipleOf`"),
    ("discriminator", "`oneOf` whose branches have a `const` tells them apart by itself"),
];

/// Keywords that say what a value is on its own, without a schema inside.
pub(super) const LOCAL: [&str; 19] = [
    "type",
    "enum",
    "const",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "format",
    "required",
    "minProperties",
    "maxProperties",
    "dependentRequired",
    "minItems",
    "maxItems",
    "uniqueItems",
];

/// The formats that are checked.
pub(super) const FORMATS: [&str; 19] = [
    "date",
    "date-time",
    "time",
    "duration",
    "email",
    "idn-email",
    "hostname",
    "idn-hostname",
    "ipv4",
    "ipv6",
    "uri",
    "uri-reference",
    "uri-template",
    "iri",
    "iri-reference",
    "uuid",
    "json-pointer",
    "relative-json-pointer",
    "regex",
];

/// What stands in a keyword, if it means something.
pub(super) fn form(keyword: &str) -> Option<Form> {
    KEYWORDS.iter().find(|(known, _)| *known == keyword).map(|(_, form)| *form)
}

/// Whether it only tells something.
pub(super) fn is_annotation(keyword: &str) -> bool {
    ANNOTATIONS.contains(&keyword) || keyword.starts_with("x-")
}

/// Whether this may stand in what only tells something.
///
/// # Errors
/// What is expected there.
pub(super) fn annotation(keyword: &str, value: &Json) -> Result<(), &'static str> {
    match keyword {
        "title" | "description" | "$id" | "$schema" if !value.is_string() => Err("expected text"),
        "examples" if !value.is_array() => Err("expected a list of values"),
        "deprecated" | "readOnly" | "writeOnly" if !value.is_boolean() => {
            Err("expected `true` or `false`")
        }
        _ => Ok(()),
    }
}

/// What stands for a keyword of another draft.
pub(super) fn instead(keyword: &str) -> Option<&'static str> {
    OTHERS.iter().find(|(other, _)| *other == keyword).map(|(_, instead)| *instead)
}

/// The known word that is nearest to one that is not.
pub(super) fn nearest<'w>(word: &str, known: impl IntoIterator<Item = &'w str>) -> Option<String> {
    let distance = |other: &str| strsim::damerau_levenshtein(word, other);
    let near = |other: &str| distance(other) <= (word.chars().count() / 3).max(1);
    let nearest = known.into_iter().filter(|other| near(other)).min_by_key(|other| distance(other));
    nearest.map(|other| format!("did you mean `{other}`?"))
}
