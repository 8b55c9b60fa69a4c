//! `[response]`

use http::HeaderName;

use super::cache::{self, Kept};
use super::call::Draft;
use super::fault;
use super::headers::{Side, refuse_twice, writable};
use super::inherit::Levels;
use super::reader::Reader;
use super::schema::document;
use crate::config::{self, HeaderValue, Method, Program as Written, Response};
use crate::jq::Program;
use crate::plan::{Envelope, Reply, Scope, Shape, Status};
use crate::template::Text;
use crate::validate::Schema;
use crate::value::SmolStr;

/// The parts of a reply; its shape may depend on the calls. `None` in a part is a mistake.
pub(super) struct Parts {
    status: Option<Status>,
    headers: Option<Vec<(HeaderName, Text)>>,
    shape: Option<Option<Program>>,
    envelope: Option<Envelope>,
    extra: Option<Vec<(SmolStr, Program)>>,
    schema: Option<Option<Schema>>,
    kept: Kept,
}

/// Members of a reply that the gateway writes.
const OWN_MEMBERS: &[&str] = &["data", "error", "meta"];

/// Compiles a reply.
pub(super) fn parts(
    reader: &mut Reader<'_, '_, '_>,
    cache_defaults: &config::Caching,
    method: Method,
    levels: &Levels<'_, Response>,
) -> Parts {
    let words = [("data", Envelope::Data), ("none", Envelope::None), ("text", Envelope::Text)];
    let envelope = levels.leaf(|response| response.envelope.as_ref());
    let envelope = envelope.map_or(Some(Envelope::Data), |word| reader.cx.word(word, &words));
    Parts {
        status: status(reader, levels),
        headers: headers(reader, levels),
        shape: reader.maybe(levels.leaf(|response| response.shape.as_ref())),
        extra: extra(reader, levels, envelope),
        schema: schema(reader, levels),
        kept: cache::of_reply(reader, cache_defaults, method, levels),
        envelope,
    }
}

impl Parts {
    /// Whether the calls' answers are the reply.
    pub(super) fn shapeless(&self) -> bool {
        matches!(self.shape, Some(None))
    }

    /// Whether a program says who shares what is kept of it.
    pub(super) fn has_scope_from(&self) -> bool {
        let caching = self.kept.caching.as_ref().and_then(Option::as_ref);
        caching.is_some_and(|caching| matches!(caching.scope, Scope::From(_)))
    }

    /// Its `cache`.
    pub(super) fn kept(&self) -> &Kept {
        &self.kept
    }

    /// As the plan has it.
    pub(super) fn into_reply(self, drafts: &[Draft], max_bytes: usize) -> Option<Reply> {
        let own: Vec<usize> = (0..drafts.len()).filter(|index| drafts[*index].own).collect();
        let shape = match (self.shape?, &own[..]) {
            (Some(program), _) => Shape::Program(program),
            (None, []) => Shape::Empty,
            (None, [one]) => Shape::Call(*one),
            (None, _) => Shape::Members(own),
        };
        Some(Reply {
            status: self.status?,
            headers: self.headers?,
            shape,
            envelope: self.envelope?,
            extra: self.extra?,
            max_bytes,
            schema: self.schema?,
            cache: self.kept.caching?,
        })
    }
}

fn status(reader: &mut Reader<'_, '_, '_>, levels: &Levels<'_, Response>) -> Option<Status> {
    let says = |response: &Response| response.status.is_some() || response.status_from.is_some();
    let Some(nearest) = levels.nearest(says) else { return Some(Status::Fixed(200)) };
    match (&nearest.status, &nearest.status_from) {
        (Some(status), Some(_)) => {
            let help = "take one of them away";
            reader.cx.wrong(&status.span, "`status` cannot stand beside `status_from`", help);
            None
        }
        (_, Some(program)) => reader.program(program).map(Status::From),
        (Some(status), None) => fault::status(reader.cx, status, 200..=599).map(Status::Fixed),
        (None, None) => None,
    }
}

fn headers(
    reader: &mut Reader<'_, '_, '_>,
    levels: &Levels<'_, Response>,
) -> Option<Vec<(HeaderName, Text)>> {
    for table in levels.every(|response| Some(&response.headers)) {
        refuse_twice(reader.cx, table.keys());
    }
    let merged = levels.named(|response| &response.headers, str::to_ascii_lowercase);
    let mut headers = Some(Vec::new());
    for (name, value) in merged.into_values() {
        let header = writable(reader.cx, name, Side::Reply);
        let HeaderValue::Set(template) = value else { continue };
        let text = reader.header(template);
        headers = headers.zip(header.zip(text)).map(|(mut all, one)| {
            all.push(one);
            all
        });
    }
    headers
}

/// The outer `None` is a mistake.
fn schema(
    reader: &mut Reader<'_, '_, '_>,
    levels: &Levels<'_, Response>,
) -> Option<Option<Schema>> {
    let Some(written) = levels.leaf(|response| response.schema.as_ref()) else {
        return Some(None);
    };
    let document = document(reader.cx, written)?;
    if let Some(span) = &document.needed {
        let help = "name members: `required = [\"id\"]`";
        reader.cx.wrong(span, "`required = true` stands on a parameter", help);
        return None;
    }
    document.compile(reader.cx).map(Some)
}

fn extra(
    reader: &mut Reader<'_, '_, '_>,
    levels: &Levels<'_, Response>,
    envelope: Option<Envelope>,
) -> Option<Vec<(SmolStr, Program)>> {
    let merged = levels.named(|response| &response.extra, str::to_owned);
    let compile = |(name, written): (&crate::config::Name, &Written)| {
        if OWN_MEMBERS.contains(&&*name.text) {
            let help = "the gateway writes it: choose another name";
            reader.cx.wrong(&name.span, format!("`extra` cannot have the member `{name}`"), help);
        }
        if envelope.is_some_and(|envelope| envelope != Envelope::Data) {
            let help = "it goes beside `data`, which only `envelope = \"data\"` has";
            reader.cx.wrong(&name.span, "`extra` needs the envelope", help);
        }
        Some((SmolStr::new(&name.text), reader.program(written)?))
    };
    let all: Vec<_> = merged.into_values().map(compile).collect();
    all.into_iter().collect()
}
