//! `on_status` of a call.

use super::fault::of_status;
use super::inherit::CallLevels;
use super::reader::Reader;
use super::schema;
use super::world::Codes;
use crate::config::{Name, OnStatus as Written};
use crate::plan::OnStatus;
use crate::value::Value;

/// Compiles what statuses mean.
pub(super) fn on_statuses(
    reader: &mut Reader<'_, '_, '_>,
    codes: &mut Codes,
    call: &CallLevels<'_>,
    is_each: bool,
) -> Option<Vec<(u16, OnStatus)>> {
    let merged = call.levels.named(|call| &call.on_status, str::to_owned);
    let read = |(name, written): (&Name, &Written)| {
        let status = name.parse().ok().filter(|status| (100..=599).contains(status));
        if status.is_none() {
            let help = "a key is a status, 100 to 599";
            reader.cx.wrong(&name.span, format!("`{name}` is not a status"), help);
        }
        let meaning = meaning(reader, codes, written, is_each)?;
        if matches!(meaning, OnStatus::Pass) && status.is_some_and(|status: u16| status < 400) {
            let help =
                "only errors pass: write \"null\", a value, \"fail\", or a fault of your own";
            reader.cx.wrong(&name.span, format!("status {name} is no error"), help);
        }
        Some((status?, meaning))
    };
    let all: Vec<_> = merged.into_values().map(read).collect();
    all.into_iter().collect()
}

fn meaning(
    reader: &mut Reader<'_, '_, '_>,
    codes: &mut Codes,
    written: &Written,
    is_each: bool,
) -> Option<OnStatus> {
    match written {
        Written::Word(word) => {
            let words = [("fail", Some(false)), ("pass", Some(true)), ("null", None)];
            let meaning = reader.cx.word(word, &words)?;
            if meaning == Some(true) && is_each {
                let help = "write \"fail\", \"null\", or a fault of your own";
                reader.cx.wrong(&word.span, "in an `each` call nothing passes", help);
            }
            Some(match meaning {
                Some(true) => OnStatus::Pass,
                Some(false) => OnStatus::Fail,
                None => OnStatus::Value(Value::Null),
            })
        }
        Written::Value(toml) => schema::value(reader.cx, toml).map(OnStatus::Value),
        Written::Fault(fail) => of_status(reader, codes, fail).map(OnStatus::Fault),
    }
}
