//! The definitions that come with the gateway: jaq's, and `prelude.jq` on top. Parsed once per process.

use std::collections::HashMap;
use std::sync::LazyLock;

use jaq_core::Bind;
use jaq_core::load::parse::Def;

use super::effect::{Callee, Effect, Globals, Param};
use super::native;
use super::walk::Walk;

static PRELUDE: LazyLock<Prelude> = LazyLock::new(Prelude::new);

/// jaq's definitions that are filters of ours in Rust, or that nobody may call.
const REPLACED: &[(&str, usize)] = &[
    ("empty", 0),
    ("true", 0),
    ("false", 0),
    ("not", 0),
    ("null", 0),
    ("nan", 0),
    ("infinite", 0),
    ("isnan", 0),
    ("type", 0),
    ("add", 0),
    ("to_entries", 0),
    ("from_entries", 0),
    ("join", 1),
    ("delpaths", 1),
    ("tonumber", 0),
    ("split", 2),
    ("scan_", 2),
    ("capture_of_match", 0),
    ("stderr", 0),
    ("debug", 0),
    ("debug", 1),
    ("halt", 0),
    ("halt_error", 0),
    ("halt_error", 1),
];

/// Filters in Rust that do not look at their input.
const WITHOUT_INPUT: &[(&str, usize)] = &[
    ("empty", 0),
    ("true", 0),
    ("false", 0),
    ("null", 0),
    ("nan", 0),
    ("infinite", 0),
    ("now", 0),
    ("range", 3),
    ("first", 1),
    ("last", 1),
    ("limit", 2),
    ("skip", 2),
];

/// Filters in Rust whose filter argument runs on their own input.
const ON_INPUT: &[&str] = &["first", "last", "limit", "skip"];

/// Definitions that pass their input on and do not look at it.
const PASSING: &[(&str, usize)] = &[("error", 1)];

pub(super) struct Prelude {
    defs: Vec<Entry>,
    /// By name: every number of arguments.
    names: HashMap<&'static str, Vec<(usize, Callee, Effect)>>,
}

struct Entry {
    def: Def<&'static str>,
    /// Places of the definitions that it calls.
    calls: Vec<usize>,
}

pub(super) fn prelude() -> &'static Prelude {
    &PRELUDE
}

impl Prelude {
    fn new() -> Self {
        let natives = native::all().map(|(name, args, _)| native_name(name, &args));
        let mut prelude = Self { defs: vec![], names: HashMap::new() };
        for ((name, arity), effect) in natives {
            // the first of a name is the one that jaq calls
            if prelude.find(name, arity).is_none() {
                prelude.names.entry(name).or_default().push((arity, Callee::Native, effect));
            }
        }
        let ours = include_str!("prelude.jq");
        let ours = jaq_core::load::parse(ours, |p| p.defs()).unwrap_or_default();
        let theirs = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
        let theirs = theirs.filter(|def| !REPLACED.contains(&(def.name, def.args.len())));
        for def in theirs.chain(ours) {
            prelude.push(def);
        }
        prelude
    }

    fn push(&mut self, def: Def<&'static str>) {
        let mut walk = Walk::new(self);
        let mut effect = walk.definition(&def);
        let calls = walk.into_findings().callees.into_iter();
        let calls = calls.filter_map(|callee| match callee {
            Callee::Prelude(at) => Some(at),
            _ => None,
        });
        let calls = calls.collect();
        let key = (def.name, def.args.len());
        effect.reads_input &= !PASSING.contains(&key);
        let of_name = self.names.entry(def.name).or_default();
        of_name.retain(|(arity, ..)| *arity != key.1);
        of_name.push((key.1, Callee::Prelude(self.defs.len()), effect));
        self.defs.push(Entry { def, calls });
    }

    /// The definitions that these need, in their order.
    pub(super) fn needed(&self, callees: impl Iterator<Item = usize>) -> Vec<Def<&'static str>> {
        let mut needed = vec![false; self.defs.len()];
        let mut open: Vec<usize> = callees.collect();
        while let Some(at) = open.pop() {
            if !std::mem::replace(&mut needed[at], true) {
                open.extend(&self.defs[at].calls);
            }
        }
        let needed = self.defs.iter().zip(needed).filter(|(_, needed)| *needed);
        needed.map(|(entry, _)| entry.def.clone()).collect()
    }
}

impl Globals for Prelude {
    fn find(&self, name: &str, arity: usize) -> Option<(Callee, &Effect)> {
        let found = self.names.get(name)?.iter().find(|(of, ..)| *of == arity);
        found.map(|(_, callee, effect)| (*callee, effect))
    }

    fn names(&self) -> Vec<(&str, usize)> {
        let all = |(name, of): (&&'static str, &Vec<(usize, _, _)>)| {
            of.iter().map(|(arity, ..)| (*name, *arity)).collect::<Vec<_>>()
        };
        self.names.iter().flat_map(all).collect()
    }
}

fn native_name(name: &'static str, args: &[Bind]) -> ((&'static str, usize), Effect) {
    let calculates = args.len() >= 2 && args.iter().all(|arg| matches!(arg, Bind::Var(())));
    let key = (name, args.len());
    let mut effect = Effect {
        reads_input: !(WITHOUT_INPUT.contains(&key) || calculates && is_math(name)),
        ..Effect::default()
    };
    for (at, arg) in args.iter().enumerate() {
        effect.params.push(match arg {
            Bind::Var(()) => Param::Value,
            Bind::Fun(()) => Param::Filter(at as u32),
        });
        if ON_INPUT.contains(&name) {
            effect.on_input.insert(at as u32);
        }
    }
    (key, effect)
}

/// `pow(2; 3)` and its kind take all they need as arguments.
fn is_math(name: &str) -> bool {
    const MATH: &[&str] = &[
        "atan2",
        "copysign",
        "fdim",
        "fma",
        "fmax",
        "fmin",
        "fmod",
        "hypot",
        "ldexp",
        "nextafter",
        "pow",
        "remainder",
        "scalbln",
    ];
    MATH.contains(&name)
}
