//! `input.body` and `accept`.

use super::context::Context;
use super::inherit::Levels;
use super::schema::document;
use crate::config::{Endpoint, Input, Method};
use crate::plan::Accept;
use crate::validate::{Schema, Type};

/// Compiles the schema of the body.
pub(super) fn body(
    cx: &mut Context<'_>,
    method: Method,
    levels: &Levels<'_, Input>,
) -> Option<Schema> {
    let own = levels.own().and_then(|input| input.body.as_ref());
    if let (Method::Get, Some(body)) = (method, own) {
        cx.wrong(&body.span, "a GET request has no body", "take it from `input.query`");
    }
    if method == Method::Get {
        return None;
    }
    let written = levels.leaf(|input| input.body.as_ref())?;
    // A mistake of the schema is no reason to doubt what reads the body.
    let Some(document) = document(cx, written) else { return Some(Schema::default()) };
    if let Some(span) = &document.needed {
        let help = "a declared body must be there; name members: `required = [\"title\"]`";
        cx.wrong(span, "`required = true` stands on a parameter", help);
    }
    Some(document.compile(cx).unwrap_or_default())
}

/// Compiles how the body may be sent.
pub(super) fn accept(
    cx: &mut Context<'_>,
    levels: &Levels<'_, Endpoint>,
    body: Option<&Schema>,
) -> Accept {
    let Some(written) = levels.leaf(|endpoint| endpoint.accept.as_ref()) else {
        return Accept::default();
    };
    let words = [("json", Way::Json), ("form", Way::Form), ("raw", Way::Raw)];
    let ways: Vec<(Way, _)> =
        written.iter().filter_map(|word| Some((cx.word(word, &words)?, &word.span))).collect();
    let has = |way| ways.iter().any(|(own, _)| *own == way);
    let own = levels.own().and_then(|endpoint| endpoint.accept.as_ref()).is_some();
    for (way, span) in &ways {
        let mistake = match way {
            Way::Raw if ways.len() > 1 => {
                let help = "who chose another content type would go by the schema";
                Some(("`raw` stands alone", help))
            }
            Way::Raw if body.is_some() => {
                let help = "take `input.body` away, or say `json` or `form`";
                Some(("`raw` is not read, and `input.body` says what is read", help))
            }
            Way::Json | Way::Form if own && body.is_none() => {
                let help = "such as `input.body = { type = \"object\" }`";
                Some(("`accept` says how `input.body` is sent, and there is none", help))
            }
            Way::Form if body.is_some_and(|body| !body.lets_in(Type::Object)) => {
                Some(("a form is an object", "`input.body` lets none in"))
            }
            _ => None,
        };
        if let Some((title, help)) = mistake {
            cx.wrong(span, title, help);
        }
    }
    Accept { json: has(Way::Json), form: has(Way::Form) }
}

#[derive(Clone, Copy, PartialEq)]
enum Way {
    Json,
    Form,
    Raw,
}
