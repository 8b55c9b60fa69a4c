//! Templates of paths: a hole is one encoded segment, whatever it holds.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::text::scalar;
use super::{Part, Template};
use crate::fault::{Code, Fault};
use crate::jq::{Limits, Program, Scope, Slot};
use crate::value::{SmolStr, Value};

/// What stands unencoded in a segment or a query: the unreserved characters (RFC 3986 §2.3).
pub const ENCODED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The template of a path, cut into its segments.
#[derive(Debug, Clone)]
pub struct Path {
    segments: Vec<Vec<Part>>,
    template: Template,
}

impl Path {
    /// Cuts a template at its literal slashes.
    ///
    /// # Errors
    /// What is wrong with it, and how to mend it: no leading slash, a literal `?`, `#`, dot segment or control character.
    pub fn new(template: Template) -> Result<Self, (String, &'static str)> {
        let mut segments: Vec<Vec<Part>> = Vec::new();
        for part in template.parts() {
            let Part::Text(text) = part else {
                let last = segments.last_mut().ok_or_else(no_slash)?;
                last.push(part.clone());
                continue;
            };
            check_literal(text)?;
            let mut pieces = text.split('/');
            let head = pieces.next().unwrap_or_default();
            match segments.last_mut() {
                Some(last) if !head.is_empty() => last.push(Part::Text(head.to_owned())),
                None if !head.is_empty() => return Err(no_slash()),
                _ => {}
            }
            for piece in pieces {
                let text = (!piece.is_empty()).then(|| Part::Text(piece.to_owned()));
                segments.push(text.into_iter().collect());
            }
        }
        if segments.is_empty() {
            return Err(no_slash());
        }
        if let Some(text) = segments.iter().find_map(|segment| literal_dots(segment)) {
            return Err((
                format!("`{text}` cannot be a segment of a path"),
                "write the path as it is meant",
            ));
        }
        Ok(Self { segments, template })
    }

    /// The template, to show or to look into.
    pub fn template(&self) -> &Template {
        &self.template
    }

    /// Renders the path, percent-encoded, from its first slash on.
    ///
    /// # Errors
    /// A segment that is null, empty, `.` or `..` (also as `%2e`), an object or a misplaced array: 400 where one of the
    /// variables of `client` made the segment, else 500.
    pub async fn render(
        &self,
        scope: &dyn Scope,
        limits: &Limits,
        client: &[Slot],
    ) -> Result<String, Fault> {
        let mut path = String::with_capacity(64);
        for segment in &self.segments {
            let rendered = render_segment(segment, &mut path, scope, limits).await;
            rendered.map_err(|fault| blame(segment, client, fault))?;
        }
        Ok(path)
    }
}

async fn render_segment(
    segment: &[Part],
    path: &mut String,
    scope: &dyn Scope,
    limits: &Limits,
) -> Result<(), Fault> {
    if let [Part::Hole(program)] = segment {
        let value = program.run(scope, limits).await?;
        let Some(items) = value.as_array() else { return push_value(&value, path) };
        return items.iter().try_for_each(|item| push_value(item, path));
    }
    let start = path.len();
    path.push('/');
    for part in segment {
        match part {
            Part::Text(literal) => path.push_str(literal),
            Part::Secret(secret) => path.extend(utf8_percent_encode(secret, ENCODED)),
            Part::Hole(program) => {
                let text = plain(&program.run(scope, limits).await?)?;
                path.extend(utf8_percent_encode(&text, ENCODED));
            }
        }
    }
    // The config may end a path in a slash; what is put together at run time may not vanish.
    if segment.is_empty() { Ok(()) } else { check_segment(&path[start + 1..]) }
}

fn push_value(value: &Value, path: &mut String) -> Result<(), Fault> {
    let text = plain(value)?;
    path.push('/');
    let start = path.len();
    path.extend(utf8_percent_encode(&text, ENCODED));
    check_segment(&path[start..])
}

/// What a hole gave, without control characters: encoded they are harmless, until something decodes them.
fn plain(value: &Value) -> Result<SmolStr, Fault> {
    let text = scalar(value)?;
    if text.chars().any(char::is_control) {
        return Err(Fault::internal("a path segment holds a control character"));
    }
    Ok(text)
}

/// Refuses what a URL library, or a server that decodes twice, would take for "here" or "up".
fn check_segment(encoded: &str) -> Result<(), Fault> {
    if !encoded.contains('%') && !matches!(encoded, "" | "." | "..") {
        return Ok(());
    }
    let once = percent_decode_str(encoded).decode_utf8_lossy();
    let twice = percent_decode_str(&once).decode_utf8_lossy();
    if [encoded, &once, &twice].iter().any(|text| matches!(*text, "" | "." | "..")) {
        return Err(Fault::internal(format_args!("a path segment is {encoded:?}")));
    }
    Ok(())
}

fn blame(segment: &[Part], client: &[Slot], fault: Fault) -> Fault {
    let reads = |program: &Program| program.slots().iter().any(|slot| client.contains(slot));
    if !segment.iter().any(|part| matches!(part, Part::Hole(program) if reads(program))) {
        return fault;
    }
    let cause = fault.parts().cause.clone().unwrap_or_default();
    Fault::new(Code::BadRequest).cause(cause)
}

fn check_literal(text: &str) -> Result<(), (String, &'static str)> {
    let Some(bad) =
        text.chars().find(|c| matches!(c, '?' | '#' | '\\') || c.is_control() || *c == ' ')
    else {
        return Ok(());
    };
    Err((
        format!("a path cannot hold {bad:?}"),
        "a query goes into `query`; other text is written percent-encoded",
    ))
}

fn literal_dots(segment: &[Part]) -> Option<&str> {
    let [Part::Text(text)] = segment else { return None };
    let decoded = percent_decode_str(text).decode_utf8_lossy();
    matches!(&*decoded, "." | "..").then_some(text)
}

fn no_slash() -> (String, &'static str) {
    ("a path starts with `/`".to_owned(), "it is put behind the upstream's `url`")
}
