//! Definitions that every program sees.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use jaq_core::load::parse::Def;
use jaq_core::load::span;

use crate::diagnostic::Problem;

use super::effect::{Callee, Effect, Globals};
use super::prelude::prelude;
use super::walk::Walk;
use super::{names, syntax};

/// The prelude and the definitions of `config/lib.jq`, checked. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Library(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    source: String,
    defs: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    name: String,
    arity: usize,
    range: Range<usize>,
    effect: Effect,
    callees: BTreeSet<Callee>,
}

impl Library {
    /// Only the prelude.
    pub fn empty() -> Self {
        Self::default()
    }

    /// The prelude and the definitions in `source`, which holds nothing else.
    ///
    /// A definition may call those before it, and itself; it reads no variables but its own.
    pub fn parse(source: &str) -> Result<Self, Vec<Problem>> {
        let read = syntax::with_room(source, || Inner::read(source));
        let read = read.unwrap_or_else(|| {
            let message = "the definitions cannot be read".to_owned();
            Err(vec![Problem { range: 0..0, message, help: None }])
        });
        Ok(Self(Arc::new(read?)))
    }

    /// The text of the own definitions.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// The definitions that these need, in their order, and the places of those of the prelude.
    pub(super) fn needed(&self, callees: &BTreeSet<Callee>) -> (Vec<Def<&str>>, BTreeSet<usize>) {
        let (mut own, mut of_prelude) = (BTreeSet::new(), BTreeSet::new());
        let mut open: Vec<Callee> = callees.iter().copied().collect();
        while let Some(callee) = open.pop() {
            match callee {
                Callee::Native => {}
                Callee::Prelude(at) => _ = of_prelude.insert(at),
                Callee::Library(at) => {
                    if own.insert(at) {
                        open.extend(&self.0.defs[at].callees);
                    }
                }
            }
        }
        let text = |at: usize| &self.0.source[self.0.defs[at].range.clone()];
        let parse =
            |at| jaq_core::load::parse(text(at), |parser| parser.defs()).unwrap_or_default();
        (own.into_iter().flat_map(parse).collect(), of_prelude)
    }
}

impl Inner {
    fn read(source: &str) -> Result<Self, Vec<Problem>> {
        let mut inner = Self { source: source.to_owned(), ..Self::default() };
        let mut problems = vec![];
        for (def, range) in syntax::definitions(source)? {
            let mut walk = Walk::new(&inner);
            let effect = walk.definition(&def);
            let findings = walk.into_findings();
            problems.extend(names::problems(source, &findings, &inner));
            problems.extend(findings.reads.iter().map(|read| reads_variable(source, read.var)));
            let (name, arity) = (def.name.to_owned(), def.args.len());
            inner.defs.push(Entry { name, arity, range, effect, callees: findings.callees });
        }
        if problems.is_empty() { Ok(inner) } else { Err(problems) }
    }
}

fn reads_variable(source: &str, var: &str) -> Problem {
    names::refused_variable(source, var).unwrap_or_else(|| Problem {
        range: span(source, var),
        message: format!("a definition of the library cannot read `{var}`"),
        help: Some(format!("take it as an argument: `def name({var}): …;`")),
    })
}

impl Globals for Inner {
    fn find(&self, name: &str, arity: usize) -> Option<(Callee, &Effect)> {
        let same = |entry: &Entry| entry.name == name && entry.arity == arity;
        match self.defs.iter().rposition(same) {
            Some(at) => Some((Callee::Library(at), &self.defs[at].effect)),
            None if names::is_hidden(name) => None,
            None => prelude().find(name, arity),
        }
    }

    fn names(&self) -> Vec<(&str, usize)> {
        let own = self.defs.iter().map(|entry| (entry.name.as_str(), entry.arity));
        own.chain(prelude().names()).collect()
    }
}

impl Globals for Library {
    fn find(&self, name: &str, arity: usize) -> Option<(Callee, &Effect)> {
        self.0.find(name, arity)
    }

    fn names(&self) -> Vec<(&str, usize)> {
        self.0.names()
    }
}
