//! Definitions and calls.

use std::collections::BTreeSet;

use jaq_core::load::parse::{Def, Term};

use super::super::effect::{Closure, Effect, Param};
use super::{Input, Look, Mistake, Walk};

/// A filter that is defined in the text.
pub(super) struct Local<'s> {
    name: &'s str,
    params: Vec<&'s str>,
    kind: Kind,
}

enum Kind {
    Argument(Closure),
    /// A definition; `open` while its own body is read, `called` if that calls it.
    Definition {
        effect: Effect,
        open: bool,
        called: bool,
    },
}

impl<'s> Walk<'s, '_> {
    /// Reads a definition, as often as its effect on its own calls changes what is found.
    pub(in crate::jq) fn definition(&mut self, def: &Def<&'s str>) -> Effect {
        let params = self.params(&def.args);
        let mut effect = Effect { params, ..Effect::default() };
        loop {
            let marks =
                (self.findings.reads.len(), self.findings.mistakes.len(), self.findings.dots);
            let (found, called) = self.body(def, effect.clone());
            if !called || found == effect {
                return found;
            }
            effect = found;
            self.findings.reads.truncate(marks.0);
            self.findings.mistakes.truncate(marks.1);
            self.findings.dots = marks.2;
        }
    }

    fn params(&mut self, args: &[&'s str]) -> Vec<Param> {
        let param = |arg: &&str| match arg.starts_with('$') {
            true => Param::Value,
            false => {
                self.closures += 1;
                Param::Filter(self.closures)
            }
        };
        args.iter().map(param).collect()
    }

    fn body(&mut self, def: &Def<&'s str>, effect: Effect) -> (Effect, bool) {
        let (filters, vars) = (self.filters.len(), self.vars.len());
        for (arg, param) in def.args.iter().zip(&effect.params) {
            match param {
                Param::Value => self.vars.push(arg),
                Param::Filter(id) => {
                    self.filters.push(Local {
                        name: arg,
                        params: vec![],
                        kind: Kind::Argument(*id),
                    });
                }
            }
        }
        let params = effect.params.clone();
        let own = self.filters.len();
        let kind = Kind::Definition { effect, open: true, called: false };
        self.filters.push(Local { name: def.name, params: def.args.clone(), kind });
        let around = std::mem::take(&mut self.effect);
        self.depth += 1;
        self.term(&def.body, Input::Own);
        self.depth -= 1;
        let found = std::mem::replace(&mut self.effect, around);
        let called = matches!(self.filters[own].kind, Kind::Definition { called: true, .. });
        self.filters.truncate(filters);
        self.vars.truncate(vars);
        (Effect { params, ..found }, called)
    }

    pub(super) fn local_definitions(
        &mut self,
        defs: &[Def<&'s str>],
        inner: &Term<&'s str>,
        input: Input,
    ) {
        let filters = self.filters.len();
        for def in defs {
            let effect = self.definition(def);
            let kind = Kind::Definition { effect, open: false, called: false };
            self.filters.push(Local { name: def.name, params: def.args.clone(), kind });
        }
        self.term(inner, input);
        self.filters.truncate(filters);
    }

    pub(super) fn call(&mut self, name: &'s str, args: &[Term<&'s str>], input: Input) {
        let local = self
            .filters
            .iter()
            .rposition(|local| local.name == name && local.params.len() == args.len());
        let effect = match local {
            Some(at) => self.call_local(at, args),
            None => match self.globals.find(name, args.len()) {
                Some((callee, effect)) => {
                    self.findings.callees.insert(callee);
                    effect.clone()
                }
                None => {
                    let variable = self.vars.iter().any(|var| var.get(1..) == Some(name));
                    let arity = args.len();
                    self.findings.mistakes.push(Mistake::Undefined { name, arity, variable });
                    return self.all(args, Input::Other);
                }
            },
        };
        self.run(name, &effect, args, input);
    }

    /// What the call does: its effect, with its arguments in their places.
    fn run(&mut self, name: &'s str, effect: &Effect, args: &[Term<&'s str>], input: Input) {
        if effect.reads_input {
            self.look(input, Look::Call(name, !args.is_empty()));
        }
        for (arg, param) in args.iter().zip(&effect.params) {
            let on_input = match param {
                Param::Value => true,
                Param::Filter(id) => effect.on_input.contains(id),
            };
            self.term(arg, if on_input { input } else { Input::Other });
        }
        if input == Input::Own {
            let own: Vec<_> = effect.params.iter().collect();
            let outer = effect.on_input.iter().filter(|id| !own.contains(&&Param::Filter(**id)));
            self.effect.on_input.extend(outer);
        }
    }

    fn call_local(&mut self, at: usize, args: &[Term<&'s str>]) -> Effect {
        let (name, params) = (self.filters[at].name, self.filters[at].params.clone());
        let effect = match &mut self.filters[at].kind {
            Kind::Argument(id) => {
                return Effect { on_input: BTreeSet::from([*id]), ..Effect::default() };
            }
            Kind::Definition { effect, open: false, .. } => return effect.clone(),
            Kind::Definition { effect, called, .. } => {
                *called = true;
                effect.clone()
            }
        };
        for ((param, arg), kind) in params.iter().zip(args).zip(&effect.params) {
            let same = matches!(arg, Term::Call(name, args) if name == param && args.is_empty());
            if matches!(kind, Param::Filter(_)) && !same {
                self.findings.mistakes.push(Mistake::ChangedFilter { name, param });
            }
        }
        effect
    }
}
