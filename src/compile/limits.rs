//! `[rate_limits.NAME]`, and `rate_limits` of the endpoints.

use std::num::NonZeroU32;
use std::time::Duration;

use indexmap::IndexMap;

use super::context::Context;
use super::inherit::Levels;
use super::names;
use super::scope::Scope;
use crate::config::{self, Named, Plain, Program, Resolved, did_you_mean};
use crate::diagnostic::{Diagnostic, Span};
use crate::jq;
use crate::limit::{OnFailure, Policy};
use crate::plan::{Input, KeyFrom, RateLimit, RateLimits, slot};

/// Whose budget each policy is, by its name; none where that is a mistake.
pub(super) type Keys<'a> = IndexMap<String, Option<By<'a>>>;

/// Whose budget it is.
#[derive(Clone, Copy)]
pub(super) enum By<'a> {
    Address,
    Session,
    Credential,
    /// Compiled anew for each endpoint, whose input it reads.
    Program(&'a Program),
}

/// Compiles all policies.
pub(super) fn policies<'a>(
    cx: &mut Context<'_>,
    written: &'a Named<config::RateLimit>,
) -> (Option<Vec<Policy>>, Keys<'a>) {
    let mut keys = Keys::new();
    let mut policies = Vec::new();
    for (name, table) in written {
        names::check(cx, name, &name.span);
        keys.insert(name.text.clone(), by(cx, table));
        policies.push(policy(cx, name, table));
    }
    (policies.into_iter().collect(), keys)
}

/// Compiles the policies of an endpoint: those of all levels, out to the first `[]`.
pub(super) fn of_endpoint(
    cx: &mut Context<'_>,
    keys: &Keys<'_>,
    levels: &Levels<'_, config::Endpoint>,
    input: &Input,
) -> RateLimits {
    let mut limits = RateLimits::default();
    let mut used = Vec::new();
    let lists = levels.every(|endpoint| endpoint.rate_limits.as_ref());
    for written in lists.take_while(|list| !list.items.is_empty()).flat_map(|list| &list.items) {
        let Some(index) = known(cx, keys, written) else { continue };
        if used.contains(&index) {
            continue;
        }
        used.push(index);
        let Some(by) = keys[index] else { continue };
        let Some(key) = key(cx, by, input, &written.span) else { continue };
        let stage = match &key {
            KeyFrom::Address | KeyFrom::Credential => &mut limits.by_address,
            KeyFrom::Session => &mut limits.by_session,
            KeyFrom::Program(program) => match program.slots() {
                slots if slots.iter().any(|slot| slot::FROM_CLIENT.contains(slot)) => {
                    &mut limits.by_input
                }
                slots if slots.contains(&slot::SESSION) => &mut limits.by_session,
                _ => &mut limits.by_address,
            },
        };
        stage.push(RateLimit { policy: index, key });
    }
    limits
}

/// Compiles the policies of a login. There only the request's head is known.
pub(super) fn of_login(
    cx: &mut Context<'_>,
    keys: &Keys<'_>,
    written: &[Plain<String>],
) -> Vec<RateLimit> {
    let mut limits: Vec<RateLimit> = Vec::new();
    for written in written {
        let Some(index) = known(cx, keys, written) else { continue };
        let key = match keys[index] {
            Some(By::Address) => Some(KeyFrom::Address),
            Some(By::Program(program)) => {
                let read = cx.program(program, &mut Scope::Limit { input: None });
                let early =
                    |read: &jq::Program| read.slots().iter().all(|one| *one == slot::REQUEST);
                read.filter(early).map(KeyFrom::Program)
            }
            Some(By::Session | By::Credential) => None,
            // Told where the policy is.
            None => continue,
        };
        let Some(key) = key else {
            let title = "this policy counts by what is not known at the paths of a login";
            let help =
                "take one with `by = \"ip\"`, or with a `key_from` that reads `$request` alone";
            cx.wrong(&written.span, title, help);
            continue;
        };
        if limits.iter().all(|one| one.policy != index) {
            limits.push(RateLimit { policy: index, key });
        }
    }
    limits
}

fn known(cx: &mut Context<'_>, keys: &Keys<'_>, written: &Plain<String>) -> Option<usize> {
    let Resolved { value: name, secret, .. } = cx.resolved(written)?;
    let index = keys.get_index_of(&name);
    if index.is_none() && secret {
        cx.wrong(&written.span, "no policy is named like this", "write its name");
    } else if index.is_none() {
        let help = did_you_mean(&name, keys.keys().map(String::as_str));
        let help = help.unwrap_or_else(|| format!("add `[rate_limits.{name}]` to gateway.toml"));
        cx.wrong(&written.span, format!("no policy is named `{name}`"), help);
    }
    index
}

fn key(cx: &mut Context<'_>, by: By<'_>, input: &Input, used: &Span) -> Option<KeyFrom> {
    Some(match by {
        By::Address => KeyFrom::Address,
        By::Session => KeyFrom::Session,
        By::Credential => KeyFrom::Credential,
        By::Program(written) => {
            let mut scope = Scope::Limit { input: Some(input) };
            KeyFrom::Program(cx.used_at(used, |cx| cx.program(written, &mut scope))?)
        }
    })
}

fn by<'a>(cx: &mut Context<'_>, table: &'a config::RateLimit) -> Option<By<'a>> {
    match (&table.by, &table.key_from) {
        (Some(by), Some(_)) => {
            let title = "`by` and `key_from` both say whose budget it is";
            cx.wrong(&by.span, title, "keep one of them");
            None
        }
        (None, Some(program)) => {
            // What it reads of the input is looked at where the policy is used.
            cx.program(program, &mut Scope::Limit { input: None })?;
            Some(By::Program(program))
        }
        (Some(by), None) => {
            let words =
                [("ip", By::Address), ("session", By::Session), ("credential", By::Credential)];
            cx.word(by, &words)
        }
        (None, None) => Some(By::Address),
    }
}

fn policy(cx: &mut Context<'_>, name: &str, table: &config::RateLimit) -> Option<Policy> {
    let words =
        [("local", OnFailure::Local), ("allow", OnFailure::Allow), ("deny", OnFailure::Deny)];
    let on_failure = cx.word(&table.on_store_failure, &words);
    let Some(quota) = &table.quota else {
        if !table.wrong.contains(&"quota") {
            let title = format!("`[rate_limits.{name}]` has no `quota`");
            cx.wrong(&table.span, title, "say how many are let in: `quota = \"60/min\"`");
        }
        return None;
    };
    let rate = cx.value(quota)?;
    let count = number(cx, &quota.span, rate.count)?;
    if rate.per / count.get() < Duration::from_micros(1) {
        cx.wrong(&quota.span, "this is too fast to be counted", "at most \"1000000/s\"");
        return None;
    }
    let burst = match &table.burst {
        Some(burst) => {
            let burst_count = cx.value(burst)?;
            number(cx, &burst.span, burst_count)?
        }
        None => count,
    };
    let cost = cx.value(&table.cost)?;
    let cost = number(cx, &table.cost.span, cost)?;
    if (rate.per / count.get()).checked_mul(burst.get()).is_none_or(|full| full > LONGEST) {
        let span = table.burst.as_ref().map_or(&quota.span, |burst| &burst.span);
        let help = "take a smaller burst, or a faster quota";
        cx.wrong(span, "such a burst takes more than a year to be there again", help);
    }
    if cost > burst {
        let help = format!("at most {burst}: the burst, which is the quota's count unless said");
        cx.wrong(&table.cost.span, "no request would ever be let in at this cost", help);
    }
    let name = name.to_owned();
    Some(Policy { name, count, per: rate.per, burst, cost, on_failure: on_failure? })
}

/// The longest time to fill a budget: nanoseconds of it fit.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);

fn number(cx: &mut Context<'_>, span: &Span, number: u64) -> Option<NonZeroU32> {
    let title = match u32::try_from(number).map(NonZeroU32::new) {
        Ok(Some(number)) => return Some(number),
        Ok(None) => "at least 1 is needed".to_owned(),
        Err(_) => format!("at most {} can be counted", u32::MAX),
    };
    cx.mistake(Diagnostic::at(span.clone(), title));
    None
}
