//! The body of a reply that is no fault.

use bytes::Bytes;

use super::fan_out::Partial;
use super::respond::object;
use super::shape::Shaped;
use crate::plan::Envelope;
use crate::value::Value;

/// What a body is, where the endpoint does not say it.
pub(super) fn kind(envelope: Envelope) -> &'static str {
    match envelope {
        Envelope::Data | Envelope::None => "application/json",
        Envelope::Text => "text/plain; charset=utf-8",
    }
}

/// The body; nothing if it is larger than was let.
pub(super) fn write(shaped: &Shaped) -> Option<Bytes> {
    let mut out = Vec::with_capacity(1024);
    match (shaped.envelope, shaped.payload.as_str()) {
        (Envelope::Data, _) => {}
        (Envelope::Text, text) => {
            let text = text.unwrap_or_default();
            return (text.len() <= shaped.max_bytes)
                .then(|| Bytes::copy_from_slice(text.as_bytes()));
        }
        (Envelope::None, _) => {
            shaped.payload.write_within(&mut out, shaped.max_bytes).ok()?;
            return Some(out.into());
        }
    }
    out.extend_from_slice(b"{\"data\":");
    shaped.payload.write_within(&mut out, shaped.max_bytes).ok()?;
    for (name, value) in &shaped.extra {
        member(&mut out, name, value);
    }
    if !shaped.partial.is_empty() {
        member(&mut out, "meta", &meta(&shaped.partial));
    }
    out.push(b'}');
    (out.len() <= shaped.max_bytes).then(|| out.into())
}

fn member(out: &mut Vec<u8>, name: &str, value: &Value) {
    out.push(b',');
    Value::from(name).write(out);
    out.push(b':');
    value.write(out);
}

/// `{"partial": [{"call": "stats", "code": "UPSTREAM_TIMEOUT"}]}`
fn meta(partial: &[Partial]) -> Value {
    let entries = partial.iter().map(|one| {
        let mut entry =
            vec![("call", Value::Str(one.call.clone())), ("code", Value::from(one.code.as_str()))];
        if let Some(items) = &one.items {
            entry.push((
                "items",
                Value::array(items.iter().map(|item| Value::from(*item)).collect()),
            ));
        }
        object(entry)
    });
    object(vec![("partial", Value::array(entries.collect()))])
}
