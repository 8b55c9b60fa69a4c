//! `application/x-www-form-urlencoded`: queries, and bodies of HTML forms (WHATWG URL §5.1).

use percent_encoding::percent_decode;

use super::path::well_encoded;
use crate::value::SmolStr;

/// Why a query or a form cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    TooMany,
    Encoding,
    Utf8,
}

/// Its names and values, in order. Anything but well-formed percent-encodings of UTF-8 is refused.
pub(super) fn pairs(text: &str, most: usize) -> Result<Vec<(SmolStr, SmolStr)>, Problem> {
    let mut pairs = Vec::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        if pairs.len() == most {
            return Err(Problem::TooMany);
        }
        let (name, text) = pair.split_once('=').unwrap_or((pair, ""));
        pairs.push((decoded(name)?, decoded(text)?));
    }
    Ok(pairs)
}

fn decoded(raw: &str) -> Result<SmolStr, Problem> {
    if raw.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte)) {
        return Ok(SmolStr::new(raw));
    }
    if !well_encoded(raw.as_bytes()) {
        return Err(Problem::Encoding);
    }
    let spaced = raw.replace('+', " ");
    let text = percent_decode(spaced.as_bytes()).decode_utf8();
    text.map(SmolStr::new).map_err(|_| Problem::Utf8)
}

impl Problem {
    pub(super) fn of_query(self) -> &'static str {
        match self {
            Self::TooMany => "There are too many query parameters.",
            Self::Encoding => "A percent-encoding in the query is malformed.",
            Self::Utf8 => "The query is not UTF-8.",
        }
    }

    pub(super) fn of_body(self) -> &'static str {
        match self {
            Self::TooMany => "There are too many fields in the form.",
            Self::Encoding => "A percent-encoding in the form is malformed.",
            Self::Utf8 => "The form is not UTF-8.",
        }
    }
}
