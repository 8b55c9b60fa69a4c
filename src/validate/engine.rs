//! The validator under it all: `jsonschema`, draft 2020-12, over our own values.

use jsonschema::{Draft, PatternOptions, Validator};
use serde_json::{Value as Json, json};

use super::instance::Ours;
use super::limits;
use super::node::Matcher;

/// Bytes of a compiled pattern: a pattern that needs more is slow as well.
const PATTERN_SIZE: usize = 1 << 20;

/// Why a pattern that needs more is refused.
pub(super) const TOO_LARGE: &str = "it is too large";

pub(super) type Options =
    jsonschema::ValidationOptions<'static, std::sync::Arc<dyn jsonschema::Retrieve>, Ours>;

/// Formats are checked, patterns run in linear time, nothing is fetched.
pub(super) fn options() -> Options {
    limits::exact(jsonschema::options_for::<Ours>())
        .with_draft(Draft::Draft202012)
        .should_validate_formats(true)
        .offline()
        .with_pattern_options(PatternOptions::regex().size_limit(PATTERN_SIZE))
}

/// Compiles a schema.
///
/// # Errors
/// Why it cannot be, in words.
pub(super) fn compile(schema: &Json) -> Result<Validator<Ours>, String> {
    options().build(schema).map_err(|error| error.masked().to_string())
}

/// Compiles a pattern.
///
/// # Errors
/// What is wrong with it.
pub(super) fn matcher(pattern: &str) -> Result<Matcher, String> {
    let why = match regex::RegexBuilder::new(pattern).size_limit(PATTERN_SIZE).build() {
        Err(regex::Error::CompiledTooBig(_)) => return Err(TOO_LARGE.to_owned()),
        Err(error) => {
            let text = error.to_string();
            text.rsplit("error: ").next().unwrap_or_default().trim().to_owned()
        }
        Ok(_) => TOO_LARGE.to_owned(),
    };
    let compiled = options().build(&json!({ "pattern": pattern }));
    compiled.map(Matcher).map_err(|_| why)
}

/// Whether `$schema` says what is read here.
pub(super) fn is_our_draft(uri: &str) -> bool {
    uri.trim_end_matches('#') == "https://json-schema.org/draft/2020-12/schema"
}
