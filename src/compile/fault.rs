//! Own faults: of `on_status` and `[[fail]]`.

use std::ops::RangeInclusive;

use super::context::Context;
use super::names::is_code;
use super::reader::Reader;
use super::scope::Place;
use super::world::Codes;
use crate::config::{Fail, Plain};
use crate::diagnostic::Diagnostic;
use crate::fault::Code;
use crate::plan::{FailRule, FaultRule};

/// A fault of `on_status`: without `when`; its details may read `$error`.
pub(super) fn of_status(
    reader: &mut Reader<'_, '_, '_>,
    codes: &mut Codes,
    fail: &Fail,
) -> Option<FaultRule> {
    if let Some(when) = &fail.when {
        let help = "the status decides; `[[fail]]` has a `when`";
        reader.cx.wrong(&when.span, "`when` cannot stand in `on_status`", help);
    }
    let place = Place { error: true, ..reader.place };
    rule(reader, codes, fail, place)
}

/// `[[fail]]`
pub(super) fn fail_rules(
    reader: &mut Reader<'_, '_, '_>,
    codes: &mut Codes,
    fails: &[Fail],
) -> Option<Vec<FailRule>> {
    let one = |fail: &Fail| {
        let fault = rule(reader, codes, fail, Place::default());
        let Some(when) = &fail.when else {
            if !fail.wrong.contains(&"when") {
                let help = "such as `when = '$posts == []'`";
                reader.cx.wrong(&fail.span, "a `fail` needs a `when`", help);
            }
            return None;
        };
        Some(FailRule { when: reader.program(when)?, fault: fault? })
    };
    let rules: Vec<Option<FailRule>> = fails.iter().map(one).collect();
    rules.into_iter().collect()
}

/// A status in a range.
pub(super) fn status(
    cx: &mut Context<'_>,
    written: &Plain<u64>,
    range: RangeInclusive<u16>,
) -> Option<u16> {
    let status = cx.value(written)?;
    let status = u16::try_from(status).ok().filter(|status| range.contains(status));
    if status.is_none() {
        let title = format!("the status here is {} to {}", range.start(), range.end());
        cx.mistake(Diagnostic::at(written.span.clone(), title));
    }
    status
}

fn rule(
    reader: &mut Reader<'_, '_, '_>,
    codes: &mut Codes,
    fail: &Fail,
    details: Place,
) -> Option<FaultRule> {
    let status = match &fail.status {
        Some(written) => status(reader.cx, written, 400..=599),
        None => {
            if !fail.wrong.contains(&"status") {
                let help = "such as `status = 409`";
                reader.cx.wrong(&fail.span, "a fault of your own needs a `status`", help);
            }
            None
        }
    };
    let code = code(reader.cx, codes, fail, status);
    let message = fail.message.as_ref().map_or(Some(None), |text| reader.text(text).map(Some));
    let details = reader.maybe_at(details, fail.details.as_ref());
    Some(FaultRule { code: code?, message: message?, details: details? })
}

fn code(cx: &mut Context<'_>, codes: &mut Codes, fail: &Fail, status: Option<u16>) -> Option<Code> {
    let Some(written) = &fail.code else {
        if !fail.wrong.contains(&"code") {
            let help = "such as `code = \"CARD_DECLINED\"`; clients match on it";
            cx.wrong(&fail.span, "a fault of your own needs a `code`", help);
        }
        return None;
    };
    let name = cx.value(written)?;
    if !is_code(&name) {
        let help = "capital letters, digits and `_`: \"CARD_DECLINED\"";
        cx.wrong(&written.span, "this is not a code", help);
        return None;
    }
    let status = status?;
    let place = fail.status.as_ref().map_or(&written.span, |status| &status.span);
    if let Some(known) = Code::ALL.iter().find(|code| code.name() == name) {
        if known.status() != status {
            let help = format!("write `status = {}`, or another code", known.status());
            cx.wrong(place, format!("`{name}` goes with another status"), help);
        }
        return Some(known.clone());
    }
    let known = codes.entry(name.clone()).or_insert_with(|| (status, place.clone())).clone();
    if known.0 != status {
        cx.mistake(
            Diagnostic::at(place.clone(), format!("`{name}` has two statuses"))
                .named(format!("{status} here"))
                .label(known.1, format!("{} here", known.0))
                .help("a code has one status everywhere: give one of them another name"),
        );
    }
    Some(Code::Named(name.into(), status))
}
