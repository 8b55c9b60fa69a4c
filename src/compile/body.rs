//! `input.body` and `accept`.

use super::context::Context;
use super::inherit::Levels;
use super::schema::document;
use crate::config::{Endpoint, Input, Method};
use crate::plan::Accept;
use crate::validate::{Schema, Type, View};
use crate::value::SmolStr;

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
    if written.is_empty() {
        cx.wrong(&written.1, "`accept` is empty", "say \"json\", \"form\" or \"raw\"");
    }
    let words = [("json", Way::Json), ("form", Way::Form), ("raw", Way::Raw)];
    let ways: Vec<(Way, _)> =
        written.iter().filter_map(|word| Some((cx.word(word, &words)?, &word.span))).collect();
    let has = |way| ways.iter().any(|(own, _)| *own == way);
    let own = levels.own().and_then(|endpoint| endpoint.accept.as_ref()).is_some();
    if let (Some(body), [(Way::Form, span)]) = (body, &ways[..])
        && let Some((name, what)) = no_field(body)
    {
        let help = format!("a field of a form is text: take `{name}` away, or accept `json` too");
        cx.wrong(span, format!("`{name}` is {what}, and no form can hold one"), help);
    }
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

/// A member that no field of a form can be.
fn no_field(body: &Schema) -> Option<(SmolStr, &'static str)> {
    body.describe()?.members().find_map(|(name, member)| {
        let items = || member.items().map(View::types).unwrap_or_default();
        let what = match member.types()[..] {
            [Type::Object] => "an object",
            [Type::Array] if items() == [Type::Object] => "a list of objects",
            [Type::Array] if items() == [Type::Array] => "a list of lists",
            _ => return None,
        };
        Some((name.clone(), what))
    })
}

#[derive(Clone, Copy, PartialEq)]
enum Way {
    Json,
    Form,
    Raw,
}
