//! Regular expressions: in linear time, without look-around and back-references, compiled once.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use regex::{Captures, Regex, RegexBuilder};

use crate::value::meter::charge;
use crate::value::{SmolStr, Value};

use super::super::ops::{self, Outcome, array, fail};
use super::{Filter, once, two_arguments};

pub(super) const FILTERS: &[Filter] = &[
    ("is_match", 2, |cv| once(is_match(two_arguments(cv)))),
    ("matches", 2, |cv| once(matches(two_arguments(cv)))),
    ("split_at", 2, |cv| once(pieces(two_arguments(cv), false))),
    ("split_matches", 2, |cv| once(pieces(two_arguments(cv), true))),
];

/// Compiled programs up to these sizes in bytes, with what a byte of text costs in steps: a search takes time by
/// the length of the text times the size of the program, at worst.
const SIZES: [(usize, u64); 2] = [(64 << 10, 1), (192 << 10, 16)];
/// What compiling one costs in steps.
const COMPILING: u64 = 2000;
/// The cache is emptied when it is full: patterns may come from data.
const CACHED: usize = 64;

type Key = (SmolStr, SmolStr);

static CACHE: LazyLock<Mutex<HashMap<Key, Arc<Compiled>>>> = LazyLock::new(Mutex::default);

struct Compiled {
    regex: Regex,
    steps_per_byte: u64,
    global: bool,
    skip_empty: bool,
}

fn is_match(arguments: (Value, Value, Value)) -> Outcome {
    let (text, compiled) = prepare(arguments)?;
    Ok(compiled.regex.is_match(&text).into())
}

fn matches(arguments: (Value, Value, Value)) -> Outcome {
    let (text, compiled) = prepare(arguments)?;
    let mut chars = Chars::default();
    Ok(found(&compiled, &text)
        .map(|captures| match_object(&compiled, &text, &captures, &mut chars))
        .collect())
}

/// What stands between the matches, and with `keep` the named captures of each match between them.
fn pieces(arguments: (Value, Value, Value), keep: bool) -> Outcome {
    let (text, compiled) = prepare(arguments)?;
    let mut pieces = vec![];
    let mut end = 0;
    for captures in found(&compiled, &text) {
        let Some(whole) = captures.get(0) else { continue };
        pieces.push(ops::text(&text[end..whole.start()]));
        if keep {
            pieces.push(named(&compiled, &captures));
        }
        end = whole.end();
    }
    pieces.push(ops::text(&text[end..]));
    Ok(array(pieces))
}

fn found<'t>(compiled: &'t Compiled, text: &'t str) -> impl Iterator<Item = Captures<'t>> {
    let limit = if compiled.global { usize::MAX } else { 1 };
    let empty = |captures: &Captures<'_>| captures.get(0).is_some_and(|whole| whole.is_empty());
    let found = compiled.regex.captures_iter(text);
    let found = found.filter(move |captures| !(compiled.skip_empty && empty(captures)));
    found.take(limit).inspect(|captures| charge(captures.len() as u64))
}

fn named(compiled: &Compiled, captures: &Captures<'_>) -> Value {
    let names = compiled.regex.capture_names().flatten();
    let text = |name| captures.name(name).map(|found| ops::text(found.as_str()));
    ops::object(names.map(|name| (name.into(), text(name).unwrap_or_default())).collect())
}

fn match_object(
    compiled: &Compiled,
    text: &str,
    captures: &Captures<'_>,
    chars: &mut Chars,
) -> Value {
    let mut one = |group: usize| {
        let found = captures.get(group);
        let offset = found.map(|found| chars.before(text, found.start()));
        let matched = found.map(|found| found.as_str());
        vec![
            ("offset", offset.map_or(Value::from(-1), Value::from)),
            ("length", matched.map_or(0, |text| text.chars().count()).into()),
            ("string", matched.map(ops::text).unwrap_or_default()),
        ]
    };
    let mut whole = one(0);
    let groups = compiled.regex.capture_names().enumerate().skip(1).map(|(group, name)| {
        let mut group = one(group);
        group.push(("name", name.map(Value::from).unwrap_or_default()));
        object(group)
    });
    whole.push(("captures", groups.collect()));
    object(whole)
}

fn object(members: Vec<(&'static str, Value)>) -> Value {
    let members = members.into_iter().map(|(key, value)| (SmolStr::new_static(key), value));
    ops::object(members.collect())
}

/// Counts the characters before a byte, from the last byte asked for.
#[derive(Default)]
struct Chars {
    byte: usize,
    char: usize,
}

impl Chars {
    fn before(&mut self, text: &str, byte: usize) -> usize {
        if byte < self.byte {
            return text[..byte].chars().count();
        }
        self.char += text[self.byte..byte].chars().count();
        self.byte = byte;
        self.char
    }
}

fn prepare((input, pattern, flags): (Value, Value, Value)) -> Outcome<(SmolStr, Arc<Compiled>)> {
    let Value::Str(text) = input else {
        return fail(format_args!(
            "{} ({input}) cannot be matched, as it is not a string",
            input.kind()
        ));
    };
    let (pattern, flags) = match (&pattern, flags) {
        (Value::Arr(both), Value::Null) => {
            let part = |at| both.items.get(at).cloned().unwrap_or_default();
            (part(0), part(1))
        }
        (_, flags) => (pattern, flags),
    };
    let (Value::Str(pattern), Value::Str(_) | Value::Null) = (&pattern, &flags) else {
        let pair = format!("{} and {}", pattern.kind(), flags.kind());
        return fail(format_args!("{pair} cannot be a regular expression and its flags"));
    };
    let compiled = compiled(pattern.clone(), flags.as_str().unwrap_or_default().into())?;
    charge((text.len() as u64).saturating_mul(compiled.steps_per_byte));
    Ok((text, compiled))
}

fn compiled(pattern: SmolStr, flags: SmolStr) -> Outcome<Arc<Compiled>> {
    let key = (pattern, flags);
    let cache = || CACHE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(compiled) = cache().get(&key) {
        return Ok(compiled.clone());
    }
    charge(COMPILING);
    let compiled = Arc::new(compile(&key.0, &key.1)?);
    let mut cache = cache();
    if cache.len() >= CACHED {
        cache.clear();
    }
    cache.insert(key, compiled.clone());
    Ok(compiled)
}

fn compile(pattern: &str, flags: &str) -> Outcome<Compiled> {
    let mut builder = RegexBuilder::new(pattern);
    let (mut global, mut skip_empty) = (false, false);
    for flag in flags.chars() {
        match flag {
            'g' => global = true,
            'n' => skip_empty = true,
            'i' => _ = builder.case_insensitive(true),
            'x' => _ = builder.ignore_whitespace(true),
            'p' => _ = builder.dot_matches_new_line(true),
            // `^` and `$` stand for the ends of the text in any case; the longest match is not offered
            's' | 'l' => {}
            _ => return fail(format_args!("{flags} is not a valid modifier string")),
        }
    }
    for (size, steps_per_byte) in SIZES {
        match builder.size_limit(size).build() {
            Ok(regex) => return Ok(Compiled { regex, steps_per_byte, global, skip_empty }),
            Err(regex::Error::CompiledTooBig(_)) => {}
            Err(error) => {
                let why = error.to_string();
                let why = why.lines().last().unwrap_or_default();
                return fail(format_args!("invalid regular expression: {why}"));
            }
        }
    }
    fail("the regular expression is too large")
}
