//! Names that people give: of calls, inputs, upstreams, codes.

use super::context::Context;
use super::scope::VARIABLES;
use crate::diagnostic::Span;

/// Checks `[a-z][a-z0-9_]*`, and that it is not the name of a variable.
pub(super) fn check(cx: &mut Context<'_>, name: &str, span: &Span) -> bool {
    let first = name.starts_with(|c: char| c.is_ascii_lowercase());
    let rest = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !first || !rest {
        let help = "a lower-case letter, then lower-case letters, digits and `_`";
        cx.wrong(span, format!("`{name}` cannot be a name"), help);
        return false;
    }
    if VARIABLES.iter().any(|(variable, _)| *variable == name) {
        let help = format!("`${name}` means something else already");
        cx.wrong(span, format!("`{name}` is the name of a variable"), help);
        return false;
    }
    true
}

/// `[A-Z][A-Z0-9_]*`
pub(super) fn is_code(name: &str) -> bool {
    let first = name.starts_with(|c: char| c.is_ascii_uppercase());
    first && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}
